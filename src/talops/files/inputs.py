"""What machine configs are made of: the files and variables that talhelper reads, as they lie there."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from talops.config import TALCONFIG
from talops.config.scalar import Scalar
from talops.config.talenv import NAMES as TALENV
from talops.config.tree import Mapping as TreeMapping
from talops.config.tree import Sequence, Tree
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.tools.sops import decrypt_all

TALSECRET = ("talsecret.yaml", "talsecret.sops.yaml", "talsecret.yml", "talsecret.sops.yml")
"""Where talhelper looks; of several it takes the last."""
ENCRYPTED = re.compile(r"ENC\[AES256_GCM,")
FILES_UNDER = frozenset({"machineFiles", "patches", "inlineManifests"})
ALWAYS_FILES = "extraManifests"
_VARIABLE = re.compile(r"\$\{?(\w+)|\benv\s+[\"`](\w+)")
"""`${NAME}`, `$NAME`, and what a template asks for: `{{ env "NAME" }}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """`files` are names as in the repository, absolute where talconfig.yaml says so, those that may come too.

    `variables` are names that the process environment may give. `secrets` are the plain texts of encrypted files.
    """

    env_files: tuple[Path, ...]
    secret_file: Path
    files: tuple[str, ...]
    variables: tuple[str, ...]
    secrets: Mapping[str, str]


def inputs_of(repo: Path, top: TreeMapping, runner: Runner) -> Inputs:
    """`top` is talconfig.yaml with every variable replaced.

    Raises FilesInvalid when there is no secret file, or one that cannot be decrypted; ToolMissing without sops.
    """
    secret = secret_file(repo)
    named = files_named(top)
    texts = {name: text for name in (TALCONFIG, secret, *named) if (text := _text(repo / name)) is not None}
    encrypted = {name: repo / name for name, text in texts.items() if name != TALCONFIG and is_encrypted(text)}
    secrets = decrypt_all(runner, encrypted)
    return Inputs(
        env_files=tuple(repo / name for name in TALENV if (repo / name).exists()),
        secret_file=repo / secret,
        files=(TALCONFIG, *TALENV, *TALSECRET, *named),
        variables=variables_in(*texts.values(), *secrets.values()),
        secrets=secrets,
    )


def variables_in(*texts: str) -> tuple[str, ...]:
    """The names of those that they may use."""
    names = {name for text in texts for found in _VARIABLE.findall(text) for name in found}
    return tuple(sorted(names - {""}))


def secret_file(repo: Path) -> str:
    """The one that talhelper would take. Raises FilesInvalid when there is none: it would invent new secrets."""
    found = [name for name in TALSECRET if (repo / name).exists()]
    if not found:
        raise FilesInvalid(
            "there is no talsecret.sops.yaml: talhelper would make up the secrets of another cluster",
            hint="restore it from git; or, for a new cluster: talhelper gensecret > talsecret.sops.yaml "
            "&& sops -e -i talsecret.sops.yaml",
        )
    return found[-1]


def is_encrypted(text: str) -> bool:
    return ENCRYPTED.search(text) is not None and "sops" in text


def _text(path: Path) -> str | None:
    """None when it cannot be read: talhelper will say why."""
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except (OSError, ValueError):
        return None


def files_named(top: TreeMapping) -> tuple[str, ...]:
    """What talconfig.yaml reads in: each `@file` of patches, machineFiles and inlineManifests; extraManifests."""
    return tuple(dict.fromkeys(_named(top, under=False, always=False)))


def _named(tree: Tree, *, under: bool, always: bool) -> Iterator[str]:
    match tree:
        case TreeMapping():
            for key, value in tree.entries.items():
                yield from _named(value, under=under or key in FILES_UNDER, always=always or key == ALWAYS_FILES)
        case Sequence():
            for row in tree.rows:
                yield from _named(row, under=under, always=always)
        case Scalar() if always or (under and tree.text.startswith("@")):
            name = tree.text.removeprefix("@").strip()
            if name and "\0" not in name:
                yield name.removeprefix("./")
