"""`talops validate`: findings by file, in the order of its lines."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from talops.domain.finding import Finding
from talops.ui.show_findings import finding_to_json, told

SCHEMA = 1
_INDENT = "  "


def outcome(findings: Sequence[Finding]) -> str:
    """One line."""
    return told(findings) or "nothing is wrong with the cluster's files"


def show_validation(findings: Sequence[Finding], *, width: int) -> str:
    """Each finding begins with its place, as editors and terminals know it, and ends with what to do."""
    files = groupby(findings, key=lambda finding: finding.file)
    blocks = ["\n".join(line for finding in of_file for line in _lines(finding, width)) for _, of_file in files]
    return "\n\n".join([*blocks, outcome(findings)])


def _lines(finding: Finding, width: int) -> Iterator[str]:
    where = f"{finding.where}: " if finding.where else ""
    yield f"{where}{finding.severity.value}: {finding.rule}"
    yield from _wrapped(finding.what, "", width)
    if finding.hint:
        yield from _wrapped(finding.hint, "next: ", width)


def _wrapped(text: str, label: str, width: int) -> list[str]:
    """Commands, addresses and images are not taken apart."""
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=_INDENT + label,
        subsequent_indent=_INDENT + " " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )


def validation_to_json(findings: Sequence[Finding], *, exit: int) -> dict[str, object]:
    """Keys are an interface: they are added, never renamed."""
    return {
        "schema": SCHEMA,
        "exit": exit,
        "outcome": outcome(findings),
        "findings": [finding_to_json(finding) for finding in findings],
    }
