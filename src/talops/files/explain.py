"""What talhelper says, with the place in the files that it means."""

import re

from talops.config import TALCONFIG
from talops.config.scalar import Place
from talops.config.tree import Mapping, Sequence, Tree
from talops.domain.finding import Finding, Severity
from talops.errors import FilesInvalid
from talops.files.current import Rejected
from talops.files.prepare import Prepared
from talops.tools.talhelper import Answer, Issue

_STEP = re.compile(r"(?P<key>[^.\[\]]+)|\[(?P<row>\d+)\]")
_DATA_KEY = "Error getting data key"


def finding_of(prepared: Prepared, issue: Issue) -> Finding:
    """One thing that talhelper says about talconfig.yaml, or about a node's config."""
    at = place_of_field(prepared.top, issue.field) if issue.field else _place_of_node(prepared, issue.node)
    about = issue.field or issue.node
    what = prepared.hidden(issue.what)
    return Finding(
        rule="talhelper",
        severity=Severity.WARNING if issue.warning else Severity.ERROR,
        what=f"{about}: {what}" if about else what,
        file=TALCONFIG,
        line=at.line if at is not None else 0,
        column=at.column if at is not None else 0,
    )


def place_of_field(top: Mapping, field: str) -> Place | None:
    """Where `nodes[0].schematic` stands, or the last part of its path that is there."""
    at: Place | None = None
    tree: Tree = top
    for step in _STEP.finditer(field):
        below: Tree | None = None
        if step["key"] is not None and isinstance(tree, Mapping):
            below, at = tree.entries.get(step["key"]), tree.keys.get(step["key"], at)
        elif step["row"] is not None and isinstance(tree, Sequence) and int(step["row"]) < len(tree.rows):
            below = tree.rows[int(step["row"])]
            at = below.at
        if below is None:
            break
        tree = below
    return at


def _place_of_node(prepared: Prepared, hostname: str) -> Place | None:
    where = next((node.where for node in prepared.loaded.desired.nodes if node.hostname == hostname), "")
    file, _, line = where.rpartition(":")
    return Place(file, int(line), 0) if line.isdecimal() else None


def refused(prepared: Prepared, answer: Answer) -> FilesInvalid:
    """Why talhelper gave up, to be raised."""
    errors = tuple(finding_of(prepared, issue) for issue in answer.issues if issue.field and not issue.warning)
    if errors:
        return Rejected((*prepared.warnings, *errors))
    if answer.panicked:
        crashed = answer.failure.splitlines()[0]
        hint = "most often a version, an address or a size that is none; compare with `talhelper validate talconfig`"
        return FilesInvalid(f"talhelper crashed over it ({prepared.hidden(crashed)})", where=TALCONFIG, hint=hint)
    return FilesInvalid(f"talhelper refuses it: {prepared.hidden(answer.failure)}", where=TALCONFIG)
