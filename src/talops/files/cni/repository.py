"""The YAML files of a repository, each read when it is worth it, and once."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from talops.config.compose import Repeated, documents
from talops.config.files import BOM, is_readable
from talops.config.tree import Mapping as Table
from talops.config.tree import Tree
from talops.config.values import plain
from talops.errors import FilesInvalid
from talops.tools.homes import expanded

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_NOT_OURS = {".git", ".venv", "node_modules", "clusterconfig", ".terraform", ".cache"}
_SUFFIXES = (".yaml", ".yml", ".gotmpl")
_LARGEST = 8 * 1024 * 1024
"""Bytes; beyond it, no one wrote the file."""
Fields = Mapping[str, object]


def root_of(repo: Path) -> Path:
    """The folder that git looks after: a cluster's files may name values in another folder of it.

    Not a person's whole home, where that is one.
    """
    repo, home = repo.absolute(), expanded("~")
    return next((folder for folder in (repo, *repo.parents) if (folder / ".git").exists() and folder != home), repo)


class Repository:
    """Paths are absolute. What cannot be read, or is no YAML, says nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._texts: dict[Path, bytes] = {}
        self._read: dict[Path, tuple[Fields, ...]] = {}

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Those that may be YAML, in the order of their paths; not those of charts, which are templates."""
        found = []
        for folder, folders, names in os.walk(self.root):
            if "Chart.yaml" in names:
                folders.clear()
                continue
            folders[:] = sorted(set(folders) - _NOT_OURS)
            wanted = (name for name in sorted(names) if name.endswith(_SUFFIXES) or name in KUSTOMIZATIONS)
            found += [Path(folder) / name for name in wanted]
        return tuple(found)

    def text(self, path: Path) -> bytes:
        if path not in self._texts:
            self._texts[path] = b""
            with suppress(OSError):
                if is_readable(path) and path.is_file() and path.stat().st_size <= _LARGEST:
                    self._texts[path] = path.read_bytes()
        return self._texts[path]

    def documents(self, path: Path) -> tuple[Fields, ...]:
        """Every document of it that is a mapping. A text that is no YAML (a template) has none."""
        if path not in self._read:
            self._read[path] = ()
            with suppress(FilesInvalid, UnicodeDecodeError):
                self._read[path] = parsed(self.text(path).decode("utf-8"), self.shown(path))
        return self._read[path]

    def of_kind(self, *kinds: str) -> Iterator[tuple[Path, Fields]]:
        """Every document of one of these kinds."""
        words = [kind.encode() for kind in kinds]
        for path in self.files:
            text = self.text(path)
            if any(word in text for word in words):
                yield from ((path, fields) for fields in self.documents(path) if fields.get("kind") in kinds)

    def kustomization(self, folder: Path) -> tuple[Path, Fields] | None:
        """The one in this folder."""
        for name in KUSTOMIZATIONS:
            found = self.documents(folder / name)
            if found:
                return folder / name, found[0]
        return None

    def shown(self, path: Path) -> str:
        with suppress(ValueError):
            return str(path.relative_to(self.root))
        return str(path)


def parsed(text: str, file: str) -> tuple[Fields, ...]:
    """Raises FilesInvalid."""
    trees: Iterator[Tree] = documents(text.removeprefix(BOM), file, repeated=Repeated.LATER_WINS)
    values = (plain(tree) for tree in trees if isinstance(tree, Table))
    return tuple(value for value in values if isinstance(value, dict))


def texts(fields: object) -> tuple[str, ...]:
    """The texts of a list; what is none of it is left out."""
    return tuple(row for row in fields if isinstance(row, str)) if isinstance(fields, list) else ()


def tables(fields: object) -> tuple[Fields, ...]:
    return tuple(row for row in fields if isinstance(row, dict)) if isinstance(fields, list) else ()


def text(fields: object, *path: str) -> str:
    """The text there; a number as it is written; empty where there is none."""
    for step in path:
        fields = fields.get(step) if isinstance(fields, dict) else None
    return str(fields) if isinstance(fields, str | int | float) and not isinstance(fields, bool) else ""


def table(fields: object, *path: str) -> Fields:
    for step in path:
        fields = fields.get(step) if isinstance(fields, dict) else None
    return fields if isinstance(fields, dict) else {}
