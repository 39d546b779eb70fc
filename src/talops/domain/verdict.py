"""What a gate says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class GateState(Enum):
    OPEN = "open"
    SHUT = "shut"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One gate's answer with its reasons, in words for the operator.

    `hopeless` means that waiting will not help (forbidden, API version unknown). `freshness` names the samples this
    verdict rests on (for Ceph `lastChecked` of each cluster): a sample that never changes proves nothing.
    """

    gate: str
    state: GateState
    reasons: tuple[str, ...] = ()
    hopeless: bool = False
    freshness: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        return self.state in {GateState.OPEN, GateState.NOT_APPLICABLE}

    def __str__(self) -> str:
        return f"{self.gate} {self.state.value}" + (f": {'; '.join(self.reasons)}" if self.reasons else "")
