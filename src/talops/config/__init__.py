"""The cluster's files: talconfig.yaml, talenv and talops.yaml into Desired and Policy."""

import os
from collections.abc import Mapping
from pathlib import Path

from talops.config.comments import without_comments
from talops.config.compose import Repeated, parse
from talops.config.patches import Patches
from talops.config.policy import check_policy, load_policy
from talops.config.scalar import Scalar, fail, is_null
from talops.config.substitute import substitute
from talops.config.talconfig import read_talconfig
from talops.config.talenv import NAMES, read_variables
from talops.config.tree import Mapping as TreeMapping
from talops.config.tree import Tree
from talops.domain.cluster import Desired
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.tools.sops import decrypt

__all__ = ["check_policy", "load_desired", "load_policy", "read_file"]

TALCONFIG = "talconfig.yaml"
BOM = "\ufeff"
"""Windows editors begin a file with it. In a talenv file it costs talhelper every variable."""


def load_desired(repo: Path, *, runner: Runner, environ: Mapping[str, str] = os.environ) -> Desired:
    """Read the repository as talhelper would. Raises FilesInvalid, and ToolMissing where sops is needed."""
    text = read_file(repo, TALCONFIG)
    if text is None:
        raise FilesInvalid(
            f"there is no {TALCONFIG} in {repo}", hint="go to the cluster's repository, or name it: talops -C DIR …"
        )
    variables, lost = _variables(repo, runner, environ)
    hint = f"{lost}: no `KEY: value`, and so talhelper drops every variable of that file; fix that line" if lost else ""
    plain = substitute(without_comments(text, TALCONFIG), variables, TALCONFIG, hint)
    return read_talconfig(plain, TALCONFIG, Patches(repo, variables))


def _variables(repo: Path, runner: Runner, environ: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The environment, overridden by talenv files; and where a file lost all of its variables, empty when none did."""
    variables = dict(environ)
    lost = ""
    for name in NAMES:
        text = _text(repo, name)
        if text is None or not text.strip():
            continue
        if _is_encrypted(text, name):
            text = decrypt(runner, repo / name, name)
        found = read_variables(text)
        lost = lost or (f"{name}:{found.lost}" if found.lost else "")
        variables.update(found.values)
    return variables, lost


def _is_encrypted(text: str, name: str) -> bool:
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


def read_file(repo: Path, name: str) -> str | None:
    """None when it is not there. Raises FilesInvalid when it cannot be read."""
    text = _text(repo, name)
    return None if text is None else text.removeprefix(BOM)


def _text(repo: Path, name: str) -> str | None:
    try:
        return (repo / name).read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        before = (repo / name).read_bytes()[: error.start]
        line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        raise FilesInvalid("it is not UTF-8 text", where=f"{name}:{line}:{column}", hint="save it as UTF-8") from None
    except OSError as error:
        hint = f"ls -ld {repo / name}"
        raise FilesInvalid(f"it cannot be read: {error.strerror}", where=name, hint=hint) from None
