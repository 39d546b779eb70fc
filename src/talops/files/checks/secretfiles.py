"""The file of the cluster's secrets. Where talhelper finds none, it invents those of a new cluster."""

import os
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from talops.config.compose import Repeated, parse
from talops.config.files import read_file
from talops.config.scalar import Place, fail
from talops.config.tree import Mapping
from talops.domain.finding import Finding, Severity
from talops.errors import FilesInvalid
from talops.files.findings import of_file, refused
from talops.files.inputs import TALSECRET

_USUAL = "talsecret.sops.yaml"
_PARTS = ("cluster", "secrets", "trustdinfo", "certs")
"""What `talhelper gensecret` and `talosctl gen secrets` write, and sops leaves readable. talhelper crashes without."""


def secret_files(repo: Path) -> Iterator[Finding]:
    """Needs no key: what is encrypted keeps its shape."""
    there = [name for name in TALSECRET if os.path.isfile(repo / name)]  # noqa: PTH113
    if not there:
        what = f"there is no {_USUAL}: talhelper would invent those of a new cluster, which no node knows"
        yield of_file("no-secret-file", Severity.ERROR, "", what, _hint(repo))
    for name in there[-1:]:
        try:
            _must_be_secrets(repo, name)
        except FilesInvalid as error:
            yield refused("secret-file", error)
    if len(there) > 1:
        what = f"{' and '.join(there)}: talhelper takes what {there[-1]} says"
        yield of_file("several-secret-files", Severity.WARNING, there[-1], what, "keep one of them")


def _must_be_secrets(repo: Path, name: str) -> None:
    """Raises FilesInvalid."""
    text = read_file(repo, name) or ""
    if not text.strip():
        raise FilesInvalid("it is empty: no node knows such secrets", where=name, hint=f"git log -- {name}")
    tree = parse(text, name, repeated=Repeated.LATER_WINS)
    entries = tree.entries if isinstance(tree, Mapping) else {}
    missing = [part for part in _PARTS if part not in entries]
    if missing:
        at = tree.at if tree is not None else Place(name, 1, 1)
        what = f"this is no file of a cluster's secrets: it has no {', no '.join(f'`{part}`' for part in missing)}"
        fail(at, what, f"restore it from git: git log -- {name}")


def _hint(repo: Path) -> str:
    names: list[str] = []
    with suppress(OSError):
        names = [path.name for path in repo.iterdir() if path.name.startswith("tals") and path.is_file()]
    close = get_close_matches(_USUAL, names, n=1, cutoff=0.8)
    if close:
        return f"did you mean to name {close[0]} so?"
    return "restore it from git; only for a new cluster: talhelper gensecret > talsecret.sops.yaml, then sops -e -i"
