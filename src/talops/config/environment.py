"""Variables for talconfig.yaml: the process environment, overridden by the talenv files, plain or encrypted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from talops.config.compose import Repeated, parse
from talops.config.files import BOM, read_exactly
from talops.config.scalar import Scalar, fail, is_null
from talops.config.talenv import NAMES, read_variables
from talops.config.tree import Mapping as TreeMapping
from talops.config.tree import Tree
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.tools.sops import decrypt

SHORTEST = 4
"""Shorter values hide nothing, and to blank them would garble every message."""


@dataclass(frozen=True, slots=True)
class Environment:
    """`lost` is where a talenv file lost all of its variables, empty when none did. `secret` were encrypted."""

    values: dict[str, str]
    secret: dict[str, str] = field(default_factory=dict)
    lost: str = ""

    def hidden(self, text: str) -> str:
        """The text with `${NAME}` for every value that was encrypted."""
        for name, value in sorted(self.secret.items(), key=lambda pair: -len(pair[1])):
            text = text.replace(value, f"${{{name}}}") if len(value) >= SHORTEST else text
        return text


def read_environment(repo: Path, runner: Runner, environ: Mapping[str, str]) -> Environment:
    """Raises FilesInvalid, and ToolMissing where sops is needed."""
    values, secret, lost = dict(environ), dict[str, str](), ""
    for name in NAMES:
        found = read_talenv(repo, name, runner)
        if found is None:
            continue
        lost = lost or (f"{name}:{found.lost}" if found.lost else "")
        values.update(found.values)
        secret.update(found.values if found.encrypted else {})
    return Environment(values, secret, lost)


@dataclass(frozen=True, slots=True)
class Talenv:
    """One talenv file, decrypted. `lost` is the line that cost all of its variables, 0 when none did."""

    values: dict[str, str]
    encrypted: bool
    lost: int


def read_talenv(repo: Path, name: str, runner: Runner) -> Talenv | None:
    """None where it is not there or says nothing. Raises FilesInvalid, and ToolMissing where sops is needed."""
    text = read_exactly(repo, name)
    if text is None or not text.strip():
        return None
    encrypted = is_encrypted(text, name)
    found = read_variables(decrypt(runner, repo / name, name) if encrypted else text)
    return Talenv(found.values, encrypted, found.lost)


def names_in(text: str, name: str) -> tuple[str, ...]:
    """The variables of an encrypted talenv: sops leaves their names as they are. Raises FilesInvalid."""
    tree = parse(text.removeprefix(BOM), name, repeated=Repeated.LATER_WINS)
    return tuple(key for key in tree.entries if key.lower() != "sops") if isinstance(tree, TreeMapping) else ()


def is_encrypted(text: str, name: str) -> bool:
    """Told by content, not by name: sops leaves a top-level key `sops`.

    Raises FilesInvalid when it is no YAML mapping: talhelper asks for one before it reads line by line.
    """
    hint = "write one `NAME: value` a line: talhelper refuses a file of NAME=value"
    try:
        tree = parse(text.removeprefix(BOM), name, repeated=Repeated.LATER_WINS)
    except FilesInvalid as error:
        raise FilesInvalid(error.what.removeprefix(f"{error.where}: "), where=error.where, hint=hint) from None
    if tree is None or (isinstance(tree, Scalar) and is_null(tree)):
        return False
    if not isinstance(tree, TreeMapping):
        fail(tree.at, "this is no YAML mapping of variables", hint)
    # Go's JSON does not mind the case of a key
    sops = [value for key, value in tree.entries.items() if key.lower() == "sops"]
    return any(_is_of_sops(value) for value in sops)


def _is_of_sops(value: Tree) -> bool:
    if isinstance(value, Scalar) and is_null(value):
        return False
    if not isinstance(value, TreeMapping):
        fail(
            value.at,
            "`sops` is the key that sops keeps for itself: talhelper refuses this file",
            "rename that variable",
        )
    return bool(value.entries)
