"""The variables of the talenv files, as far as they can be read: without a key, at least their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from talops.config.environment import Environment, Talenv, names_in, read_talenv
from talops.config.files import read_exactly
from talops.config.scalar import Place
from talops.config.talenv import NAMES
from talops.domain.finding import Finding, Severity
from talops.domain.process import Runner
from talops.errors import FilesInvalid, ToolMissing
from talops.files.findings import error, refused
from talops.tools.sops import CannotDecrypt

NOT_KNOWN = "talops-cannot-decrypt"
"""Stands where a value is that nobody here can read. A name, an address and a text are all it may be taken for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """`files` are the talenv files that there are; `secret` are values that were encrypted, `closed` names without."""

    environment: Environment
    files: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    closed: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()

    @property
    def hint(self) -> str:
        """Why a variable may have no value, empty where nothing is known about that."""
        lost = self.environment.lost
        if lost:
            return f"{lost}: no `KEY: value`, and so talhelper drops every variable of that file; fix that line"
        if self.empty:
            return f"{self.empty[0]} is empty: restore it from git, write the variable there, or export it"
        return "" if self.files else "there is no talenv.yaml and no talenv.sops.yaml here: write one, or export it"


def read_variables(repo: Path, runner: Runner, environ: Mapping[str, str]) -> Variables:
    """Raises nothing: what is wrong is a finding."""
    values, secret, closed, findings, files, lost = dict(environ), dict[str, str](), set[str](), list[Finding](), [], ""
    for name in NAMES:
        found = _one(repo, name, runner, findings)
        if found is None:
            continue
        files.append(name)
        if found.lost:
            lost = lost or f"{name}:{found.lost}"
            findings.append(_lost(name, found.lost))
        values.update(found.values)
        closed = {key for key in closed if key not in found.values}
        closed.update(key for key, value in found.values.items() if value == NOT_KNOWN)
        secret.update(found.values if found.encrypted else {})
    secret = {key: value for key, value in secret.items() if value != NOT_KNOWN}
    environment = Environment(values, secret, lost)
    return Variables(environment=environment, files=tuple(files), closed=frozenset(closed), findings=tuple(findings))


def _lost(name: str, line: int) -> Finding:
    return error(
        "talenv-lost",
        Place(name, line, 1),
        "this is no `KEY: value`, and so talhelper drops every variable of the file, without a word",
        "write one `KEY: value` a line: no lists, no blocks of text, no dash in a name",
    )


def _one(repo: Path, name: str, runner: Runner, findings: list[Finding]) -> Talenv | None:
    try:
        return read_talenv(repo, name, runner)
    except (CannotDecrypt, ToolMissing) as raised:
        found = refused("not-decrypted", raised, Severity.WARNING)
        findings.append(found)
        return _closed(repo, name)
    except FilesInvalid as raised:
        findings.append(refused("talenv", raised))
        return Talenv({}, encrypted=False, lost=0)


def _closed(repo: Path, name: str) -> Talenv:
    """An encrypted file whose names alone can be read."""
    text = read_exactly(repo, name) or ""
    return Talenv(dict.fromkeys(names_in(text, name), NOT_KNOWN), encrypted=True, lost=0)
