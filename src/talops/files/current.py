"""Whether there is anything to generate. Imports little, spawns nothing: most of the time there is not."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from talops.domain.finding import Finding, Severity
from talops.domain.generated import Generated
from talops.errors import FilesInvalid
from talops.files.factory import Schematic, tell
from talops.files.stamp import is_current, read_stamp

CLUSTERCONFIG = "clusterconfig"


class Rejected(FilesInvalid):
    """The files are wrong, in one or more places. Says the first; `findings` are all, warnings too."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = next((finding for finding in findings if finding.severity is Severity.ERROR), findings[0])
        super().__init__(first.what, where=first.where, hint=first.hint)
        self.findings = findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`strict`: a warning is an error. `offline`: the Image Factory is not told. `force`: nothing is kept."""

    strict: bool = False
    offline: bool = False
    force: bool = False


def nothing_to_do(repo: Path, wish: Wish, environ: Mapping[str, str], talhelper: str) -> Generated | None:
    """None when there is something. What was warned of the last time is still so, and is said again.

    Raises Rejected as `generate` does.
    """
    place = repo / CLUSTERCONFIG
    stamp = None if wish.force else read_stamp(place)
    if stamp is None or not is_current(stamp, place, repo, environ, talhelper, time.time()):
        return None
    heed(stamp.warnings, strict=wish.strict)
    told = tell_factory(stamp.schematics, wish, environ, unless_silent_at=time.time())
    return Generated(nodes=len(stamp.configs), changed=False, warnings=(*stamp.warnings, *told))


def heed(warnings: tuple[Finding, ...], *, strict: bool) -> None:
    """Raises Rejected where a warning is an error."""
    if strict and warnings:
        raise Rejected(tuple(replace(warning, severity=Severity.ERROR) for warning in warnings))


def tell_factory(
    schematics: tuple[Schematic, ...],
    wish: Wish,
    environ: Mapping[str, str],
    *,
    unless_silent_at: float | None = None,
) -> tuple[Finding, ...]:
    """Raises Rejected when the Image Factory refuses one."""
    findings = () if wish.offline else tell(schematics, environ, unless_silent_at=unless_silent_at)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise Rejected(findings)
    return findings
