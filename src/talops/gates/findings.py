"""What one gate finds while it looks, gathered into a verdict that fails closed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from talops.domain.cluster import GatePolicy
from talops.domain.talos import Unknown
from talops.domain.verdict import GateState, Verdict

MOST_REASONS = 8
"""More than that on one screen hides the first ones."""


@dataclass(slots=True)
class Findings:
    """`shut` are facts that forbid going on, `unknown` gaps in what is known; either one keeps a gate from opening."""

    shut: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    hopeless: bool = False

    def do_not_know(self, what: str, gap: Unknown) -> None:
        """A part of the cluster was asked for and is not known. What is forbidden stays so however long we wait."""
        self.unknown.append(f"{what}: {gap.reason}")
        self.hopeless = self.hopeless or gap.forbidden

    def verdict(self, gate: str, well: str, *, freshness: Mapping[str, str] | None = None) -> Verdict:
        """SHUT when anything forbids it, UNKNOWN when anything is missing, else OPEN with `well` as its reason."""
        reasons = (*self.shut, *self.unknown)
        state = GateState.OPEN
        if reasons:
            state = GateState.SHUT if self.shut else GateState.UNKNOWN
        return Verdict(
            gate=gate,
            state=state,
            reasons=_first(reasons or (well,)),
            hopeless=self.hopeless,
            freshness=freshness or {},
            notes=_first(self.notes),
        )


def not_applicable(gate: str, reason: str, policy: GatePolicy) -> Verdict:
    """There is nothing to guard; unless the policy requires it, and then its absence is what we cannot explain."""
    if policy.required:
        return Verdict(
            gate=gate,
            state=GateState.UNKNOWN,
            reasons=(f"{reason}, but talops.yaml requires this gate",),
            hopeless=True,
        )
    return Verdict(gate=gate, state=GateState.NOT_APPLICABLE, reasons=(reason,))


def disabled(gate: str) -> Verdict:
    return Verdict(
        gate=gate,
        state=GateState.NOT_APPLICABLE,
        reasons=("switched off in talops.yaml",),
        notes=(f"nobody looks at {gate}: the policy switches this gate off",),
    )


def few(names: Iterable[str], most: int = 5) -> str:
    """`a, b, c and 12 more`."""
    listed = list(names)
    rest = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {rest} more" if rest > 0 else "")


def _first(texts: Sequence[str]) -> tuple[str, ...]:
    rest = len(texts) - MOST_REASONS
    return (*texts[:MOST_REASONS], f"and {rest} more") if rest > 0 else tuple(texts)
