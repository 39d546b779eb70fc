"""A new cluster repository: everything that `gen config` needs, encrypted for a key that sops finds.

It is made beside its place and moved there at the end, whole; what was there before is never touched.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from talops import __version__
from talops.config.policy_model import json_schema
from talops.domain.process import Runner
from talops.errors import FilesInvalid, UsageError
from talops.tools.fresh import AgeKey, encrypted, key_in_use, new_key
from talops.tools.sops import OWN_KEY
from talops.tools.talhelper import new_secrets

TALOS, KUBERNETES = "v1.13.8", "v1.36.3"
"""The newest Talos that talhelper 3.1.16 takes without a warning, and its own Kubernetes (facts, real-tools.md 7)."""
TALENV = "CLUSTER_VIP: 192.0.2.10\n"
TOOLS = ("age-keygen", "sops", "talhelper")
"""What it takes."""
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PLACES = {
    "talconfig.yaml": "talconfig.yaml",
    "gitignore": ".gitignore",
    "talops.yaml": "talops.yaml",
    "renovate.json": "renovate.json",
    "readme.md": "README.md",
    "workflow.yaml": ".github/workflows/talos.yaml",
}
"""The templates, and where each of them goes; the rules of sops go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """What was made. `new` says whether the key was, too, and is in the folder."""

    name: str
    folder: Path
    key: AgeKey
    new: bool


def start_repository(name: str, folder: Path, *, runner: Runner, environ: Mapping[str, str]) -> Starter:
    """Write it, or nothing. Raises UsageError for a name or a place that cannot be, FilesInvalid for a key that cannot
    be used, ToolMissing and ToolFailed."""
    folder = must_be_free(name, folder)
    key = key_in_use(runner, environ)
    with _whole(folder) as draft:
        chosen = key or AgeKey(place=str(folder / OWN_KEY), recipient=new_key(runner, draft / OWN_KEY))
        words = {
            "NAME": name,
            "TALOS": TALOS,
            "KUBERNETES": KUBERNETES,
            "RECIPIENT": chosen.recipient,
            "VERSION": __version__,
        }
        rules = draft / ".sops.yaml"
        _write(rules, _filled("sops.yaml", words))
        for file, plain in (
            ("talsecret.sops.yaml", new_secrets(runner, "talhelper")),
            ("talenv.sops.yaml", TALENV),
        ):
            text = encrypted(runner, rules, file, plain.encode(), recipient=chosen.recipient)
            _write_private(draft / file, text)
        for template, place in _PLACES.items():
            _write(draft / place, _filled(template, words | {"KEY": _where_the_key_is(chosen, new=key is None)}))
        _write(draft / "talops.schema.json", json_schema())
    return Starter(name=name, folder=folder, key=chosen, new=key is None)


def check_name(name: str) -> None:
    """The cluster's name becomes part of file names, contexts and host names. Raises UsageError."""
    if not NAME.fullmatch(name):
        suggestion = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63].strip("-") or "home"
        raise UsageError(
            f"a cluster cannot be called {name!r}: small letters, digits and dashes, 63 at most, no dash at the ends",
            hint=f"talops init --new {suggestion}",
        )


def must_be_free(name: str, folder: Path) -> Path:
    """The folder, absolute. Raises UsageError when a cluster cannot be called so, or when something is there."""
    check_name(name)
    try:
        folder = folder.absolute()
    except OSError as error:
        raise UsageError(f"this folder is gone: {error.strerror}", hint="cd") from None
    if os.path.lexists(folder):
        raise UsageError(
            f"{folder} is there already, and nothing is ever overwritten",
            hint="name another folder: talops init --new NAME DIR; or move it away",
        )
    if not folder.parent.is_dir():
        raise UsageError(f"there is no folder {folder.parent} to put it into", hint=f"mkdir -p {folder.parent}")
    return folder


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder (0700) beside `folder` that becomes it when the block ends well, and nothing otherwise."""
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        yield draft
        # of an empty folder that came meanwhile it would make this one, and refuses one with anything in it
        draft.rename(folder)
    except OSError as error:
        raise _unwritable(folder, error) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> FilesInvalid:
    return FilesInvalid(f"it cannot be written: {error.strerror}", where=str(folder), hint=f"ls -ld {folder.parent}")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_private(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _filled(template: str, words: Mapping[str, str]) -> str:
    text = files("talops.files").joinpath("templates", template).read_text("utf-8")
    for word, meant in words.items():
        text = text.replace(f"@{word}@", meant)
    return text


def _where_the_key_is(key: AgeKey, *, new: bool) -> str:
    if new:
        return (
            f"`{OWN_KEY}` in this folder, which git ignores. talops finds it by itself; for sops and talhelper:\n"
            f"`export SOPS_AGE_KEY_FILE=$PWD/{OWN_KEY}`. In CI it is the secret `SOPS_AGE_KEY`."
        )
    return (
        f"The age key of the recipient `{key.recipient}`, which is not in this\n"
        "folder. In CI it is the secret `SOPS_AGE_KEY`."
    )
