"""What will be done, to which node, in which order, and why. Made by `plan`, executed by `execute`, shown by `ui`."""

from collections.abc import Sequence
from dataclasses import dataclass

from talops.domain.talos import Role, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeNode:
    """Take this node to `version` with `image`. `schematic` is what it must run afterwards, None to not compare."""

    hostname: str
    role: Role
    address: str
    from_version: Version
    version: Version
    image: str
    schematic: str | None
    why: tuple[str, ...]
    """Why it is upgraded, and why at this place in the order."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepNode:
    """Nothing to do on this node; `why` says so (at the target, skipped by the operator)."""

    hostname: str
    role: Role
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A law that going on would break: `hostname` is empty when it concerns the cluster."""

    law: int
    hostname: str
    what: str
    hint: str
    transient: bool = False
    """It may pass by itself: somebody did not answer just now. Worth another look before giving up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Steps in order of execution. With a refusal none of them is executed."""

    target: Version
    upgrades: tuple[UpgradeNode, ...]
    kept: tuple[KeepNode, ...]
    refusals: tuple[Refusal, ...]
    warnings: tuple[str, ...] = ()


def alike(refusals: Sequence[Refusal]) -> list[tuple[tuple[str, ...], Refusal]]:
    """Refusals that say the same, together with the hostnames that they say it of, none for the cluster's own.

    For people: with twenty nodes at the same old version the reason is read once. In the order of the first of each.
    """
    hostnames: dict[tuple[str, str], list[str]] = {}
    first: dict[tuple[str, str], Refusal] = {}
    for refusal in refusals:
        key = (refusal.what, refusal.hint)
        first.setdefault(key, refusal)
        hostnames.setdefault(key, []).extend([refusal.hostname] if refusal.hostname else [])
    return [(tuple(hostnames[key]), refusal) for key, refusal in first.items()]
