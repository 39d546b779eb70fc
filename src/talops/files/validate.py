"""Everything that can be told about the cluster's files: by reading them, by git, and by talhelper."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from talops.config import load_policy
from talops.config.policy import check_names
from talops.domain.finding import Finding, Severity
from talops.domain.process import Runner
from talops.errors import FilesInvalid, ToolFailed
from talops.files.check import NO_TALCONFIG, checked, hidden_by
from talops.files.checks.keys import deprecated_keys
from talops.files.checks.plaintext import (
    CLUSTERCONFIG,
    clusterconfig_findings,
    secret_file_findings,
    talconfig_findings,
    talenv_findings,
)
from talops.files.findings import ordered, refused
from talops.files.merged import merged
from talops.files.sources import Sources
from talops.tools.git import not_ignored, repository_of, tracked
from talops.tools.talhelper import TALHELPER


def validate_files(
    repo: Path, *, runner: Runner, environ: Mapping[str, str] = os.environ, talhelper: str = TALHELPER
) -> tuple[Finding, ...]:
    """What `check_files` finds, deprecated keys, secrets in plain text, and what talhelper says of the merged configs.

    Needs no secret of the cluster. Writes nothing but a private folder that is gone again. Raises nothing for what a
    file can be.
    """
    report = checked(repo, runner=runner, environ=environ, talhelper=talhelper)
    if any(one.rule == NO_TALCONFIG for one in report.findings):
        return report.findings
    found = [*report.findings, *_plain_secrets(repo, runner), *_policy(repo, report.sources)]
    if report.sources is None or report.patches is None or report.keys is None:
        return ordered(found)
    found += deprecated_keys(report.sources, report.keys)
    found += talconfig_findings(report.sources, report.patches)
    found += merged(report.sources, report.patches, tuple(found), runner=runner, talhelper=talhelper, environ=environ)
    return ordered(hidden_by(report.sources.variables, found))


def _policy(repo: Path, sources: Sources | None) -> Iterator[Finding]:
    """talops.yaml, and the names in it where every node of talconfig.yaml has one."""
    try:
        policy = load_policy(repo)
        hostnames = [node.hostname for node in sources.nodes] if sources is not None else []
        if hostnames and all(hostnames):
            check_names(hostnames, policy, repo)
    except FilesInvalid as error:
        yield refused("policy", error)


def _plain_secrets(repo: Path, runner: Runner) -> Iterator[Finding]:
    with suppress(FilesInvalid, OSError):
        judge = partial(_severity, repo, runner)
        yield from secret_file_findings(repo, judge)
        yield from talenv_findings(repo, judge)
        if repository_of(repo.absolute()) is not None:
            with suppress(ToolFailed):
                yield from clusterconfig_findings(tracked(runner, repo, CLUSTERCONFIG))


def _severity(repo: Path, runner: Runner, name: str) -> Severity | None:
    """An error where git has the file or would add it, nothing where it ignores it; a warning where nobody knows."""
    if repository_of(repo.absolute()) is None:
        return Severity.WARNING
    try:
        kept = tracked(runner, repo, name) or not_ignored(runner, repo, (name,))
    except ToolFailed:
        return Severity.WARNING
    return Severity.ERROR if kept else None
