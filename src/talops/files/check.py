"""What is wrong, or odd, about the cluster's files: everything that can be told without asking talhelper."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from talops.config.problems import problems
from talops.domain.finding import Finding, Severity
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.files.checks.keys import unknown_keys
from talops.files.checks.nodes import counted, duplicates
from talops.files.checks.secretfiles import secret_files
from talops.files.findings import ordered, refused
from talops.files.generate import TALHELPER
from talops.files.schema import known_keys
from talops.files.sources import TALCONFIG, Sources, find_talconfig, read_sources
from talops.files.variables import NOT_KNOWN, read_variables

Check = Callable[[Sources], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (counted, duplicates)


def check_files(
    repo: Path, *, runner: Runner, environ: Mapping[str, str] = os.environ, talhelper: str = TALHELPER
) -> tuple[Finding, ...]:
    """All findings, in the order of the files. Spawns sops where talenv is encrypted, git, and talhelper once for its
    schema, which is remembered.

    Raises nothing for what a file can be: where talconfig.yaml cannot be read at all, that is the finding. No text
    holds a value that was encrypted.
    """
    try:
        text = find_talconfig(repo)
    except FilesInvalid as error:
        return (refused("no-talconfig", error),)
    variables = read_variables(repo, runner, environ)
    findings = [*variables.findings, *secret_files(repo)]
    try:
        sources = read_sources(repo, text, variables)
    except FilesInvalid as error:
        findings.append(refused("yaml", error))
    else:
        findings += _of_talconfig(sources)
        findings += unknown_keys(sources, known_keys(runner, talhelper, environ))
    hidden = variables.environment.hidden
    return ordered(replace(found, what=hidden(found.what), hint=hidden(found.hint)) for found in findings)


def strictly(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Every warning as an error, for --strict."""
    return tuple(replace(found, severity=Severity.ERROR) for found in findings)


def _of_talconfig(sources: Sources) -> Iterator[Finding]:
    yield from (refused("variable", problem) for problem in sources.talconfig.problems)
    for rule, problem in problems(sources.top):
        found = refused(rule, problem)
        if NOT_KNOWN not in found.what:
            yield _moved(sources, found)
    for check in CHECKS:
        yield from check(sources)


def _moved(sources: Sources, found: Finding) -> Finding:
    from talops.config.scalar import Place

    if found.file != TALCONFIG or not found.line:
        return found
    at = sources.origin(Place(found.file, found.line, max(found.column, 1)))
    return replace(found, line=at.line, column=at.column if found.column else 0)
