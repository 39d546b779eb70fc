"""What is wrong, or odd, about the cluster's files: everything that can be told without asking talhelper."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from talops.config.keys import Keys
from talops.config.problems import problems
from talops.config.scalar import Place
from talops.domain.finding import Finding, Severity
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.files.checks.images import install_images
from talops.files.checks.keys import unknown_keys
from talops.files.checks.network import networks
from talops.files.checks.nodes import counted, duplicates
from talops.files.checks.secretfiles import secret_files
from talops.files.checks.substitutions import substitutions
from talops.files.checks.values import misread, misread_in_patches
from talops.files.findings import ordered, refused
from talops.files.patchtexts import open_patches
from talops.files.schema import known_keys
from talops.files.sources import TALCONFIG, Sources, find_talconfig, read_sources
from talops.files.variables import NOT_KNOWN, read_variables
from talops.tools.talhelper import TALHELPER


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
        findings += _of_talconfig(sources, known_keys(runner, talhelper, environ))
    hidden = variables.environment.hidden
    return ordered(replace(found, what=hidden(found.what), hint=hidden(found.hint)) for found in findings)


def strictly(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Every warning as an error, for --strict."""
    return tuple(replace(found, severity=Severity.ERROR) for found in findings)


def _of_talconfig(sources: Sources, keys: Keys) -> Iterator[Finding]:
    patches = open_patches(sources)
    yield from (refused("variable", problem) for problem in sources.talconfig.problems)
    for rule, problem in problems(sources.top):
        found = refused(rule, problem)
        if NOT_KNOWN not in found.what:
            yield _moved(sources, found)
    yield from counted(sources)
    yield from duplicates(sources)
    yield from unknown_keys(sources, keys)
    yield from misread(sources, keys)
    yield from substitutions(sources, keys, patches)
    yield from (found for patch in patches for found in patch.findings)
    yield from misread_in_patches(patches)
    yield from install_images(sources, patches)
    yield from networks(sources, patches)


def _moved(sources: Sources, found: Finding) -> Finding:
    if found.file != TALCONFIG or not found.line:
        return found
    at = sources.origin(Place(found.file, found.line, max(found.column, 1)))
    return replace(found, line=at.line, column=at.column if found.column else 0)
