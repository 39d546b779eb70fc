"""What is wrong, or odd, about the cluster's files: everything that can be told without asking talhelper."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from talops.config.keys import Keys
from talops.config.problems import problems
from talops.config.scalar import Place
from talops.config.substitute import line_starts
from talops.domain.finding import Finding, Severity
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.files.checks.filenames import missing_files
from talops.files.checks.images import install_images
from talops.files.checks.keys import unknown_keys
from talops.files.checks.network import networks
from talops.files.checks.nodes import counted, duplicates
from talops.files.checks.secretfiles import secret_files
from talops.files.checks.substitutions import RULE as SUBSTITUTION
from talops.files.checks.substitutions import replaced_places, substitutions
from talops.files.checks.values import misread, misread_in_patches
from talops.files.checks.versions import newer_talos
from talops.files.findings import ordered, refused
from talops.files.patchtexts import Patches, open_patches
from talops.files.schema import known_keys
from talops.files.sources import TALCONFIG, Sources, find_talconfig, read_sources
from talops.files.variables import NOT_KNOWN, Variables, read_variables
from talops.tools.talhelper import TALHELPER

NO_TALCONFIG = "no-talconfig"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`sources`, `patches` and `keys` are what was read, None where talconfig.yaml could not be read at all."""

    findings: tuple[Finding, ...]
    sources: Sources | None = None
    patches: Patches | None = None
    keys: Keys | None = None


def check_files(
    repo: Path, *, runner: Runner, environ: Mapping[str, str] = os.environ, talhelper: str = TALHELPER
) -> tuple[Finding, ...]:
    """All findings, in the order of the files. Spawns sops where talenv is encrypted, and talhelper once for its
    schema, which is remembered.

    Raises nothing for what a file can be: where talconfig.yaml cannot be read at all, that is the finding. No text
    holds a value that was encrypted.
    """
    return checked(repo, runner=runner, environ=environ, talhelper=talhelper).findings


def checked(repo: Path, *, runner: Runner, environ: Mapping[str, str], talhelper: str) -> Report:
    """The same, with what was read."""
    try:
        text = find_talconfig(repo)
    except FilesInvalid as error:
        return Report(findings=(refused(NO_TALCONFIG, error),))
    variables = read_variables(repo, runner, environ)
    findings = [*variables.findings, *secret_files(repo)]
    try:
        sources = read_sources(repo, text, variables)
    except FilesInvalid as error:
        findings.append(refused("yaml", error))
        return Report(findings=ordered(hidden_by(variables, findings)))
    patches = open_patches(sources)
    keys = known_keys(runner, talhelper, environ)
    findings += _caused(tuple(_of_talconfig(sources, patches, keys)))
    return Report(findings=ordered(hidden_by(variables, findings)), sources=sources, patches=patches, keys=keys)


def hidden_by(variables: Variables, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Without any value that was encrypted."""
    hidden = variables.environment.hidden
    return (replace(found, what=hidden(found.what), hint=hidden(found.hint)) for found in findings)


def strictly(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Every warning as an error, for --strict."""
    return tuple(replace(found, severity=Severity.ERROR) for found in findings)


def _of_talconfig(sources: Sources, patches: Patches, keys: Keys) -> Iterator[Finding]:
    yield from (refused("variable", problem) for problem in sources.talconfig.problems)
    for rule, problem in problems(sources.top):
        found = refused(rule, problem)
        if not _of_nothing_known(sources, found):
            yield _moved(sources, newer_talos(sources, found) or found)
    yield from counted(sources)
    yield from duplicates(sources)
    yield from unknown_keys(sources, keys)
    yield from misread(sources, keys, replaced_places(sources))
    yield from substitutions(sources, keys, patches)
    yield from (found for patch in patches for found in patch.findings)
    yield from misread_in_patches(patches)
    yield from install_images(sources, patches)
    yield from networks(sources, patches)
    yield from missing_files(sources)


def _of_nothing_known(sources: Sources, found: Finding) -> bool:
    """Whether it is about a line with a variable that has no value, or one that nobody here can read."""
    starts = line_starts(sources.talconfig.text)
    if not 0 < found.line < len(starts):
        return NOT_KNOWN in found.what
    return NOT_KNOWN in sources.talconfig.text[starts[found.line - 1] : starts[found.line]]


def _caused(findings: tuple[Finding, ...]) -> Iterator[Finding]:
    """Without what a variable's value is to blame for, where that is told."""
    blamed = {found.where for found in findings if found.rule == SUBSTITUTION and found.severity is Severity.ERROR}
    return (found for found in findings if found.rule == SUBSTITUTION or found.where not in blamed)


def _moved(sources: Sources, found: Finding) -> Finding:
    if found.file != TALCONFIG or not found.line:
        return found
    at = sources.origin(Place(found.file, found.line, max(found.column, 1)))
    return replace(found, line=at.line, column=at.column if found.column else 0)
