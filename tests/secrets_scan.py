"""A place where talops is watched, and a scan of everything that it said, wrote and passed on there for secrets.

What is looked for is what nobody may see: every value of the encrypted files, the age key, and the keys in generated
configs; as they are, in pieces of a line, and as other texts would carry them.
"""

import base64
import binascii
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

from processes import talops
from ruamel.yaml import YAML

SHORTEST = 8
"""A shorter text is found by accident."""
_SECRET_KEYS = {"key", "token", "secret", "bootstrapToken", "secretboxEncryptionSecret", "password", "auth"}
_GENERATED = "clusterconfig"


def plain_texts(repo: Path, sops: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Every value of the encrypted files at the repository's root, by where it stands. Addresses are no secrets: they
    are on every screen on purpose."""
    found = dict[str, str]()
    for path in sorted(repo.glob("tal*.sops.yaml")):
        done = subprocess.run(
            [sops, "-d", str(path)], env=dict(environ), capture_output=True, timeout=60, check=False, text=True
        )
        assert done.returncode == 0, done.stderr
        found |= {f"{path.name}: {where}": text for where, text in _scalars(YAML(typ="safe").load(done.stdout))}
    return {where: text for where, text in found.items() if not _is_address(text)}


def keys_generated(repo: Path) -> dict[str, str]:
    """What stands under the key of a secret in clusterconfig/, and what is a private key."""
    found = {}
    for path in sorted((repo / _GENERATED).glob("*")):
        if path.suffix == ".yaml" or path.name == "talosconfig":
            for document in YAML(typ="safe").load_all(path.read_text()):
                for where, text in _scalars(document):
                    if where.rpartition(".")[2] in _SECRET_KEYS or "PRIVATE KEY" in _decoded(text):
                        found[f"{path.name}: {where}"] = text
    return found


def age_keys(*files: Path) -> dict[str, str]:
    lines = ((path.name, line) for path in files for line in path.read_text().splitlines())
    return {name: line for name, line in lines if line.startswith("AGE-SECRET-KEY-")}


def _scalars(tree: object, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        for key, below in tree.items():
            yield from _scalars(below, f"{where}.{key}".lstrip("."))
    elif isinstance(tree, list):
        for number, below in enumerate(tree):
            yield from _scalars(below, f"{where}[{number}]")
    elif isinstance(tree, str):
        yield where, tree


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def _decoded(text: str) -> str:
    """What it is the Base64 of; empty when it is of no text."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def forms(value: str) -> Iterator[str]:
    """The value, and the texts by which it could be told in another one."""
    whole = {value, _decoded(value)}
    for text in whole:
        yield from (line.strip() for line in text.splitlines() if not line.startswith("-----"))
        yield from (text, quote(text, safe=""), json.dumps(text)[1:-1])
        for before in range(3):
            encoded = base64.b64encode(b"\0" * before + text.encode()).decode()
            # the ends depend on what stands around it
            yield encoded[4 if before else 0 : -4]


class Secrets:
    """Texts that must be found nowhere, each with where it is from."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        assert sources, "a scan for nothing finds nothing"
        self._forms: dict[bytes, str] = {}
        for where, value in sources.items():
            for form in forms(value):
                if len(form) >= SHORTEST:
                    # of two places the first: an encrypted file before what is made from it
                    self._forms.setdefault(form.encode(), where)

    def found_in(self, content: bytes) -> list[str]:
        return sorted({where for form, where in self._forms.items() if form in content})


@dataclass(slots=True, kw_only=True)
class Watched:
    """A repository and all places where talops may write. Each external tool is run by way of a note of its argv."""

    root: Path
    programs: Mapping[str, Path]
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    """What each run said, on either stream."""

    def __post_init__(self) -> None:
        for folder in ("repo", "bin", "home", "state", "tmp", "run", "cache"):
            (self.root / folder).mkdir(mode=0o700)
        for name, program in self.programs.items():
            wrapper = self.root / "bin" / name
            wrapper.write_text(
                f'#!/bin/sh\n{{ printf "%s\\0" {name} "$@"; echo; }} >> "{self.root}/argv"\nexec "{program}" "$@"\n'
            )
            wrapper.chmod(0o755)

    @property
    def repo(self) -> Path:
        return self.root / "repo"

    @property
    def environment(self) -> dict[str, str]:
        folders = {"HOME": "home", "XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "run", "TMPDIR": "tmp"}
        places = {name: str(self.root / folder) for name, folder in folders.items()}
        return places | {
            "PATH": f"{self.root / 'bin'}:/usr/bin:/bin",
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "KUBECACHEDIR": str(self.root / "cache" / "kube"),
            "LANG": "C.UTF-8",
        }

    def ran(self, *words: str, more: Mapping[str, str] | None = None, cwd: Path | None = None) -> tuple[int, str]:
        """`talops WORDS` in the repository: its exit code, and what it said."""
        done = talops(*words, cwd=cwd or self.repo, env=self.environment | dict(more or {}))
        self.heard.append((f"talops {' '.join(words)}", done.stdout + done.stderr + " ".join(words).encode()))
        return done.returncode, (done.stdout + done.stderr).decode()

    @property
    def argvs(self) -> list[list[str]]:
        """The command line of every tool that was run."""
        path = self.root / "argv"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split("\0")[:-1] for line in lines]

    def leaks(self, secrets: Secrets, *, apart: Sequence[str] = ()) -> list[str]:
        """Where a secret was found, and which. `apart` are files, or folders, that are made to hold some.

        Git's own folder is compressed; what is in it was in a file before.
        """
        found = [f"{what}: {where}" for what, content in self.heard for where in secrets.found_in(content)]
        kept = [self.root / place for place in (*apart, "bin")]
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and not path.is_symlink() and ".git" not in path.parts:
                if any(path == place or place in path.parents for place in kept):
                    continue
                name = str(path.relative_to(self.root))
                content = name.encode() + b"\n" + path.read_bytes()
                found += [f"{name}: {where}" for where in secrets.found_in(content)]
        return found
