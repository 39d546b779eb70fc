"""The cluster's files: talconfig.yaml, talenv and talops.yaml into Desired and Policy."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from talops.config.comments import without_comments
from talops.config.environment import Environment, read_environment
from talops.config.files import must_be_folder, read_file
from talops.config.patches import Patches
from talops.config.policy import check_policy, load_charts, load_policy, load_tools
from talops.config.substitute import substitute
from talops.config.talconfig import read_talconfig
from talops.domain.cluster import Desired
from talops.domain.process import Runner
from talops.errors import FilesInvalid

__all__ = [
    "Loaded",
    "check_policy",
    "load_charts",
    "load_desired",
    "load_files",
    "load_policy",
    "load_tools",
    "read_file",
]

TALCONFIG = "talconfig.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What talconfig.yaml and talenv say. `talconfig` is its text with every variable replaced: it may hold secrets."""

    desired: Desired
    talconfig: str
    environment: Environment


def load_desired(repo: Path, *, runner: Runner, environ: Mapping[str, str] = os.environ) -> Desired:
    """Read the repository as talhelper would. Raises FilesInvalid, and ToolMissing where sops is needed."""
    return load_files(repo, runner=runner, environ=environ).desired


def load_files(repo: Path, *, runner: Runner, environ: Mapping[str, str] = os.environ) -> Loaded:
    """The same, with what it was read from."""
    text = read_template(repo)
    environment = read_environment(repo, runner, environ)
    try:
        return _substituted(text, environment, repo)
    except FilesInvalid as error:
        what = error.what.removeprefix(f"{error.where}: ")
        raise FilesInvalid(environment.hidden(what), where=error.where, hint=environment.hidden(error.hint)) from None


def read_template(repo: Path) -> str:
    """What talconfig.yaml says, with its variables as they stand there. Raises FilesInvalid."""
    must_be_folder(repo)
    text = read_file(repo, TALCONFIG)
    if text is None:
        raise FilesInvalid(
            f"there is no {TALCONFIG} in {repo}", hint="go to the cluster's repository, or name it: talops -C DIR …"
        )
    return without_comments(text, TALCONFIG)


def _substituted(text: str, environment: Environment, repo: Path) -> Loaded:
    lost = environment.lost
    hint = f"{lost}: no `KEY: value`, and so talhelper drops every variable of that file; fix that line" if lost else ""
    plain = substitute(text, environment.values, TALCONFIG, hint)
    desired = read_talconfig(plain, TALCONFIG, Patches(repo, environment.values))
    desired = replace(desired, warnings=tuple(map(environment.hidden, desired.warnings)))
    return Loaded(desired=desired, talconfig=plain, environment=environment)
