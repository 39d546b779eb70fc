"""What talhelper says, with the place in the files that it means."""

import os
from collections.abc import Iterable
from pathlib import Path

from talops.config import TALCONFIG
from talops.config.scalar import Place
from talops.domain.cluster import DesiredNode
from talops.domain.finding import Finding, Severity
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.files.blame import blamed
from talops.files.check import checked
from talops.files.culprit import Patch, refused_patch
from talops.files.current import CLUSTERCONFIG, Rejected
from talops.files.fields import place_of_field
from talops.files.prepare import Prepared
from talops.tools.talhelper import Answer, Issue

_OF_A_NODE = "failed to generate talos config: "
_INVALID = "failed to validate Talos node config file "


def file_of(node: DesiredNode) -> str:
    """Where talhelper writes its config, in the folder that it is told."""
    return os.path.normpath(node.config_file.removeprefix(f"{CLUSTERCONFIG}/"))


def findings_of(prepared: Prepared, issues: Iterable[Issue]) -> tuple[Finding, ...]:
    """What talhelper says. The same about many nodes is told once, with the first of them."""
    alike: dict[tuple[str, bool], list[Issue]] = {}
    for issue in issues:
        alike.setdefault((issue.what, issue.warning), []).append(issue)
    return tuple(_finding(prepared, first, len(others)) for first, *others in alike.values())


def _finding(prepared: Prepared, issue: Issue, others: int) -> Finding:
    at = place_of_field(prepared.top, issue.field) if issue.field else _place_of_node(prepared, issue.node)
    about = issue.field or issue.node
    what = prepared.hidden(f"{about}: {issue.what}" if about else issue.what)
    return Finding(
        rule="talhelper",
        severity=Severity.WARNING if issue.warning else Severity.ERROR,
        what=f"{what} (and {others} more)" if others else what,
        file=TALCONFIG,
        line=at.line if at is not None else 0,
        column=at.column if at is not None else 0,
    )


def _place_of_node(prepared: Prepared, hostname: str) -> Place | None:
    where = next((node.where for node in prepared.loaded.desired.nodes if node.hostname == hostname), "")
    file, _, line = where.rpartition(":")
    return Place(file, int(line), 0) if line.isdecimal() else None


def refused(prepared: Prepared, answer: Answer, made: Path, *, runner: Runner, talhelper: str) -> FilesInvalid:
    """Why talhelper gave up, to be raised. `made` is where it wrote until then."""
    errors = findings_of(prepared, (issue for issue in answer.issues if issue.field and not issue.warning))
    if errors:
        return Rejected((*prepared.warnings, *errors))
    said = prepared.hidden(" ".join(answer.failure.split()))
    if answer.panicked:
        crashed = prepared.hidden(answer.failure.splitlines()[0])
        hint = "most often a version, an address or a size that is none; compare with `talhelper validate talconfig`"
        return FilesInvalid(f"talhelper crashed over it ({crashed})", where=TALCONFIG, hint=hint)
    if said.startswith(_OF_A_NODE):
        return _of_a_node(prepared, said.removeprefix(_OF_A_NODE), answer.failure, made, runner, talhelper)
    return FilesInvalid(f"talhelper refuses it: {said}", where=TALCONFIG)


def _of_a_node(prepared: Prepared, said: str, failure: str, made: Path, runner: Runner, talhelper: str) -> FilesInvalid:
    """It names neither node nor patch. Nodes are generated in their order, so it is the first that has no file."""
    nodes = prepared.loaded.desired.nodes
    node = next((node for node in nodes if not (made / file_of(node)).exists()), None)
    if node is None:
        return FilesInvalid(f"talhelper refuses it: {said}", where=TALCONFIG)
    patch = refused_patch(prepared, node.hostname, runner, talhelper)
    if patch is None:
        return FilesInvalid(f"talhelper refuses {node.hostname}: {said}", where=node.where)
    return FilesInvalid(
        f"talhelper refuses {patch.name} for {node.hostname}: {said}",
        where=_in_patch(prepared, node.hostname, patch, failure, runner, talhelper),
        hint="mend the patch, or take it out of `patches` there",
    )


def _in_patch(prepared: Prepared, hostname: str, patch: Patch, failure: str, runner: Runner, talhelper: str) -> str:
    """The value that talhelper means, where its words lead to one; else the patch."""
    report = checked(prepared.repo, runner=runner, environ=prepared.loaded.environment.values, talhelper=talhelper)
    if report.sources is None or report.patches is None:
        return patch.where
    row = next((row for row in report.sources.nodes if row.hostname == hostname), None)
    found = blamed(report.sources, report.patches, row, failure)
    return found.where if found.line and found.file == (patch.file or TALCONFIG) else patch.where


def invalid(prepared: Prepared, answer: Answer, made: Path) -> FilesInvalid:
    """A generated config that Talos would not take."""
    said = " ".join(answer.failure.split()).removeprefix(_INVALID)
    for node in prepared.loaded.desired.nodes:
        file = f"{made / file_of(node)}: "
        if said.startswith(file):
            why = prepared.hidden(said.removeprefix(file))
            return FilesInvalid(f"Talos would refuse the config of {node.hostname}: {why}", where=node.where)
    return FilesInvalid(f"Talos would refuse a config: {prepared.hidden(said)}", where=TALCONFIG)
