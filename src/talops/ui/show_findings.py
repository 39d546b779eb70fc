"""Findings for a person, and for programs."""

from collections.abc import Iterable, Mapping, Sequence

from talops.domain.finding import Finding, Severity
from talops.domain.words import count


def show_findings(findings: Iterable[Finding]) -> str:
    """One line each, and what to do in the next; empty for none."""
    return "\n".join(line for finding in findings for line in _lines(finding))


def _lines(finding: Finding) -> Iterable[str]:
    place = f"{finding.where}: " if finding.where else ""
    yield f"{finding.severity.value}: {place}{finding.what}"
    if finding.hint:
        yield f"  next: {finding.hint}"


def told(findings: Sequence[Finding]) -> str:
    """`2 errors, 1 warning`; empty for none."""
    numbers = [(sum(finding.severity is severity for finding in findings), severity.value) for severity in Severity]
    return ", ".join(count(number, name) for number, name in numbers if number)


def finding_to_json(finding: Finding) -> Mapping[str, object]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "what": finding.what,
        "hint": finding.hint,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
    }
