"""What clusterconfig/ was generated from, so that nothing is done when nothing has changed.

Files are compared as they lie on disk, encrypted. The stamp lies among the configs, and is swapped in with them.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from talops import __version__
from talops.domain.finding import Finding, Severity
from talops.files.factory import Schematic

STAMP = ".talops-stamp.json"
_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Fingerprints: by name of a file ("" when it is not there) or variable, of each tool, and of talops itself."""

    files: Mapping[str, str]
    variables: Mapping[str, str]
    tools: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """`configs` leads from hostname to file name, `outputs` from file name to fingerprint.

    `renew_after` is when the certificate of talosconfig should be replaced, in seconds since 1970.
    """

    sources: Sources
    configs: Mapping[str, str]
    outputs: Mapping[str, str]
    renew_after: float
    warnings: tuple[Finding, ...] = ()
    schematics: tuple[Schematic, ...] = ()


def fingerprints(
    repo: Path, files: Iterable[str], variables: Iterable[str], environ: Mapping[str, str], talhelper: str
) -> Sources:
    return Sources(
        files={name: of_file(repo / name) for name in files},
        variables={name: _of_text(environ[name]) if name in environ else "" for name in variables},
        tools=_tools(talhelper, environ),
    )


def _tools(talhelper: str, environ: Mapping[str, str]) -> Mapping[str, str]:
    return {"talops": __version__, "talhelper": of_program(talhelper, environ)}


def of_file(path: Path) -> str:
    """The SHA-256 of its content, "" when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return ""


def _of_text(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def of_program(name: str, environ: Mapping[str, str]) -> str:
    """Which file it is, how long and how old: another version differs in one of them. "" when there is none."""
    found = shutil.which(name, path=environ.get("PATH", ""))
    if found is None:
        return ""
    real = os.path.realpath(found)
    about = os.stat(real)  # noqa: PTH116
    return f"{real}:{about.st_size}:{about.st_mtime_ns}"


def is_current(stamp: Stamp, folder: Path, repo: Path, environ: Mapping[str, str], talhelper: str, now: float) -> bool:
    """Whether generating again would make what is there, for nobody else to read. `now` in seconds since 1970."""
    made = stamp.sources
    if now >= stamp.renew_after or made.tools != _tools(talhelper, environ):
        return False
    same = made == fingerprints(repo, made.files, made.variables, environ, talhelper)
    names = (".", *stamp.outputs)
    return (
        same
        and all(_is_private(folder / name) for name in names)
        and all(of_file(folder / name) == seen for name, seen in stamp.outputs.items())
    )


def _is_private(path: Path) -> bool:
    try:
        return path.stat().st_mode & 0o077 == 0
    except OSError:
        return False


def stamp_text(stamp: Stamp) -> bytes:
    sources = stamp.sources
    return json.dumps(
        {
            "schema": _SCHEMA,
            "files": dict(sources.files),
            "variables": dict(sources.variables),
            "tools": dict(sources.tools),
            "configs": dict(stamp.configs),
            "outputs": dict(stamp.outputs),
            "renewAfter": stamp.renew_after,
            "warnings": [
                [found.rule, found.what, found.hint, found.file, found.line, found.column] for found in stamp.warnings
            ],
            "schematics": [[one.url, one.id, one.text] for one in stamp.schematics],
        },
        indent=1,
    ).encode()


def read_stamp(folder: Path) -> Stamp | None:
    """None when there is none, or one of another talops."""
    try:
        found = json.loads((folder / STAMP).read_bytes())
        if found["schema"] != _SCHEMA:
            return None
        return Stamp(
            sources=Sources(files=found["files"], variables=found["variables"], tools=found["tools"]),
            configs=found["configs"],
            outputs=found["outputs"],
            renew_after=float(found["renewAfter"]),
            warnings=tuple(_warning(*row) for row in found["warnings"]),
            schematics=tuple(Schematic(url=url, id=id_, text=text) for url, id_, text in found["schematics"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _warning(rule: str, what: str, hint: str, file: str, line: int, column: int) -> Finding:
    return Finding(rule=rule, severity=Severity.WARNING, what=what, hint=hint, file=file, line=line, column=column)
