"""What came of generating machine configs."""

from dataclasses import dataclass

from talops.domain.finding import Finding
from talops.domain.machineconfig import Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """`changed` is False when nothing had to be done. `removed` are files of no node, which were there before."""

    nodes: int
    changed: bool
    removed: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Generated to be looked at only. `comparison` leads from what was to what the files say now."""

    nodes: int
    warnings: tuple[Finding, ...] = ()
    comparison: Comparison | None = None
