"""Making findings of places and errors."""

import re
from collections.abc import Iterable

from talops.config.scalar import Place
from talops.domain.finding import Finding, Severity
from talops.errors import TalopsError

_WHERE = re.compile(r"(?P<file>.*?)(?::(?P<line>[0-9]+))?(?::(?P<column>[0-9]+))?")


def error(rule: str, at: Place, what: str, hint: str = "") -> Finding:
    return _finding(rule, Severity.ERROR, at, what, hint)


def warning(rule: str, at: Place, what: str, hint: str = "") -> Finding:
    return _finding(rule, Severity.WARNING, at, what, hint)


def of_file(rule: str, severity: Severity, file: str, what: str, hint: str = "") -> Finding:
    """About a file as a whole, or about none."""
    return Finding(rule=rule, severity=severity, what=what, hint=hint, file=file)


def refused(rule: str, raised: TalopsError, severity: Severity = Severity.ERROR) -> Finding:
    """What was raised, with the place that it names."""
    where = getattr(raised, "where", "")
    return _finding(rule, severity, place_in(where), raised.what.removeprefix(f"{where}: "), raised.hint)


def place_in(where: str) -> Place:
    """`file:line:column` taken apart; 0 for what it does not say."""
    found = _WHERE.fullmatch(where)
    if found is None:
        return Place(where, 0, 0)
    return Place(found.group("file"), int(found.group("line") or 0), int(found.group("column") or 0))


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each once, in the order of the files."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda found: (found.file, found.line, found.column, found.rule)))


def _finding(rule: str, severity: Severity, at: Place, what: str, hint: str) -> Finding:
    return Finding(rule=rule, severity=severity, what=what, hint=hint, file=at.file, line=at.line, column=at.column)
