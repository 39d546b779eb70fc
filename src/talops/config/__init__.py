"""The cluster's files: talconfig.yaml, talenv and talops.yaml into Desired and Policy."""

import os
from collections.abc import Mapping
from pathlib import Path

from talops.config.policy import check_policy, load_policy
from talops.config.substitute import substitute
from talops.config.talconfig import read_talconfig
from talops.config.talenv import NAMES, read_variables
from talops.config.tree import Mapping as TreeMapping
from talops.config.tree import parse, without_comments
from talops.domain.cluster import Desired
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.tools.sops import decrypt

__all__ = ["check_policy", "load_desired", "load_policy", "read_file"]

TALCONFIG = "talconfig.yaml"


def load_desired(repo: Path, *, runner: Runner, environ: Mapping[str, str] = os.environ) -> Desired:
    """Read the repository as talhelper would. Raises FilesInvalid, and ToolMissing where sops is needed."""
    text = read_file(repo, TALCONFIG)
    if text is None:
        raise FilesInvalid(
            f"there is no {TALCONFIG} in {repo}", hint="go to the cluster's repository, or name it: talops -C DIR …"
        )
    variables, lost = _variables(repo, runner, environ)
    hint = f"{lost}: no `KEY: value`, so talhelper drops every variable of that file" if lost else ""
    return read_talconfig(substitute(without_comments(text, TALCONFIG), variables, TALCONFIG, hint), TALCONFIG, repo)


def _variables(repo: Path, runner: Runner, environ: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The environment, overridden by talenv files; and where a file lost all of its variables, empty when none did."""
    variables = dict(environ)
    lost = ""
    for name in NAMES:
        text = read_file(repo, name)
        if text is None or not text.strip():
            continue
        if _is_encrypted(text, name):
            text = decrypt(runner, repo / name, name)
        found = read_variables(text)
        lost = lost or (f"{name}:{found.lost}" if found.lost else "")
        variables.update(found.values)
    return variables, lost


def _is_encrypted(text: str, name: str) -> bool:
    """Told by content, not by name: sops leaves a top-level key `sops`. Raises FilesInvalid when it is no YAML."""
    if "\nsops:" not in f"\n{text}":
        return False
    tree = parse(text, name)
    return isinstance(tree, TreeMapping) and isinstance(tree.get("sops"), TreeMapping)


def read_file(repo: Path, name: str) -> str | None:
    """None when it is not there. Raises FilesInvalid when it cannot be read."""
    try:
        return (repo / name).read_bytes().decode("utf-8").removeprefix("\ufeff")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        line = (repo / name).read_bytes()[: error.start].count(b"\n") + 1
        raise FilesInvalid("it is not UTF-8 text", where=f"{name}:{line}", hint="save it as UTF-8") from None
    except OSError as error:
        raise FilesInvalid(f"it cannot be read: {error.strerror}", where=name) from None
