"""Secrets that everybody can read who can read the repository."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from talops.config.compose import Repeated, parse
from talops.config.environment import is_encrypted
from talops.config.files import BOM, read_exactly
from talops.config.scalar import Place, Scalar, is_null
from talops.config.talenv import NAMES as TALENV
from talops.config.talenv import read_variables
from talops.config.tree import Mapping, Sequence, Tree
from talops.domain.finding import Finding, Severity
from talops.domain.words import count
from talops.errors import FilesInvalid
from talops.files.findings import of_file
from talops.files.inputs import TALSECRET
from talops.files.patchtexts import Patches
from talops.files.sources import Sources

RULE = "plain-secret"
_SHORTEST = 6
CLUSTERCONFIG = "clusterconfig"
Judge = Callable[[str], Severity | None]
"""How bad it is that this file holds secrets: None where git is told to ignore it."""

_SURE = re.compile(
    r"AGE-SECRET-KEY-1[0-9A-Z]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----|\btskey-\w+-\w{8,}|\bgh[pousr]_\w{30,}"
    r"|\bgithub_pat_\w{20,}|\bglpat-[\w-]{20,}|\bxox[abprs]-[\w-]{10,}|\bAKIA[0-9A-Z]{16}\b"
)
"""What cannot be anything else."""
_NAMED = re.compile(r"(?i)(secret|token|passw|passphrase|credential|private_?key|api_?key|auth_?key|access_?key)")
_NO_VALUE = re.compile(
    r"\s*(true|false|yes|no|on|off|none|null|[0-9.]{1,4}|[\w+]+://.*|.*\$.*|ENC\[.*)?\s*", re.DOTALL | re.IGNORECASE
)
"""References, variables and encrypted values keep their secret; switches and small numbers are none."""
_SECRET_PATHS = re.compile(
    r"(machine\.token|cluster\.(token|secret|aescbcEncryptionSecret|secretboxEncryptionSecret)"
    r"|(machine|cluster|cluster\.etcd)\.ca\.key|cluster\.(aggregatorCA|serviceAccount)\.key"
    r"|.*\.auth\.(password|auth|identityToken)|.*\.static\.passphrase|.*\.(hcloud|equinixMetal)\.apiToken"
    r"|(.*\.)?wireguard\.privateKey)"
)
"""Of a machine config, and of talconfig.yaml."""
_SECRETS_OF_TALSECRET = re.compile(r"cluster\.secret|secrets\.\w+|trustdinfo\.token|certs\.\w+\.key")


def secret_file_findings(repo: Path, judge: Judge) -> Iterator[Finding]:
    """talsecret: each value must be encrypted, or stand elsewhere."""
    for name in TALSECRET:
        text = _read(repo, name)
        if text is None or not text.strip():
            continue
        try:
            tree = parse(text.removeprefix(BOM), name, repeated=Repeated.LATER_WINS)
        except FilesInvalid:
            # told by another rule
            continue
        secrets = (found for found in _scalars(tree, ()) if _SECRETS_OF_TALSECRET.fullmatch(found[0]))
        plain = [at for _, at, value in secrets if not _NO_VALUE.fullmatch(value)]
        severity = judge(name) if plain else None
        if severity is not None:
            what = f"the cluster's secrets are in plain text ({len(plain)} of them): who reads this owns the cluster"
            hint = f"sops -e -i {name}; and if it was ever pushed, rotate the secrets: they stay in the history"
            yield _at(severity, plain[0], what, hint)


def talenv_findings(repo: Path, judge: Judge) -> Iterator[Finding]:
    """Variables that are secrets by their name, or by their value."""
    for name in TALENV:
        text = _read(repo, name)
        with suppress(FilesInvalid):
            if text is None or not text.strip() or is_encrypted(text, name):
                continue
            severity = judge(name)
            for variable, value in read_variables(text).values.items() if severity is not None else ():
                sure = _SURE.search(value) is not None
                if sure or (_NAMED.search(variable) and len(value) >= _SHORTEST and not _NO_VALUE.fullmatch(value)):
                    what = f"`{variable}` is in plain text{'' if sure else ', and sounds like a secret'}"
                    hint = f"encrypt the file: sops -e {name} > talenv.sops.yaml, then git rm {name}"
                    at = Place(name, _line_of(variable, text), 0)
                    yield _at(severity if sure and severity else Severity.WARNING, at, what, hint)


def _line_of(variable: str, text: str) -> int:
    found = re.search(rf"(?m)^[ \t]*(export[ \t]+)?{re.escape(variable)}\b", text)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def clusterconfig_findings(tracked: tuple[str, ...]) -> Iterator[Finding]:
    """`tracked` is what git tracks below clusterconfig/."""
    kept = [name for name in tracked if Path(name).name != ".gitignore"]
    if kept:
        what = f"git tracks {count(len(kept), 'generated file')} here: they hold the cluster's secrets"
        hint = f"git rm -r --cached {CLUSTERCONFIG}; and if it was ever pushed, rotate the secrets"
        yield of_file(RULE, Severity.ERROR, kept[0], what, hint)


def talconfig_findings(sources: Sources, patches: Patches) -> Iterator[Finding]:
    """Keys and tokens in talconfig.yaml and in patches. What a variable says is not here."""
    given = {value.strip() for value in sources.variables.environment.values.values()}
    rows = {row: patch for row, patch in patches.of.items() if not patch.file}
    for path, at, value in _scalars(sources.top, ()):
        if at not in rows and _is_plain(path, value, given):
            yield _found(sources.origin(at), path, value)
    for patch in patches:
        for tree in patch.trees:
            for path, at, value in _scalars(tree, ()):
                if _is_plain(path, value, given):
                    yield _found(patch.place(at), path, value)


def _is_plain(path: str, value: str, given: set[str]) -> bool:
    if value.strip() in given or "{{" in value:
        return False
    return _is_key(value) or bool(_SECRET_PATHS.fullmatch(path) and not _NO_VALUE.fullmatch(value))


def _is_key(value: str) -> bool:
    if _SURE.search(value):
        return True
    if not value.startswith("LS0tLS1CRUdJT"):
        return False
    with suppress(binascii.Error, ValueError):
        return b"PRIVATE KEY-----" in base64.b64decode(value)
    return False


def _found(at: Place, path: str, value: str) -> Finding:
    kind = "a private key" if _is_key(value) else "a secret"
    what = f"`{path}` is {kind} in plain text"
    return _at(
        Severity.ERROR, at, what, "write ${NAME}, and NAME into talenv.sops.yaml; then replace the secret itself"
    )


def _scalars(tree: Tree | None, path: tuple[str, ...]) -> Iterator[tuple[str, Place, str]]:
    match tree:
        case Mapping():
            for key, value in tree.entries.items():
                yield from _scalars(value, (*path, key))
        case Sequence():
            for row in tree.rows:
                yield from _scalars(row, path)
        case Scalar() if not is_null(tree):
            yield ".".join(path), tree.at, tree.text


def _at(severity: Severity, at: Place, what: str, hint: str) -> Finding:
    return Finding(rule=RULE, severity=severity, what=what, hint=hint, file=at.file, line=at.line, column=at.column)


def _read(repo: Path, name: str) -> str | None:
    try:
        return read_exactly(repo, name)
    except FilesInvalid:
        return None
