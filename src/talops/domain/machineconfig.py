"""Machine configs compared: what the files want, what a node has, and what it runs."""

from dataclasses import dataclass
from enum import Enum

from talops.domain.applymode import ApplyMode
from talops.domain.talos import Unknown

__all__ = ["ApplyMode", "Aspect", "Change", "Effect", "NodeDrift"]


class Effect(Enum):
    """What it takes to bring one change onto a running node."""

    LIVE = "applies live"
    REBOOT = "needs a reboot"
    NEVER = "cannot be changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that differs. Both sides are redacted, as compact JSON; None where there is nothing.

    `document` is `v1alpha1`, or kind and name of another document: `UserVolumeConfig data`. `path` is as a person
    writes it: `machine.network.interfaces[eth0].addresses`; it is empty where a whole document comes or goes. `why`
    explains an effect that is not LIVE.
    """

    document: str
    path: str
    before: str | None
    after: str | None
    effect: Effect
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """One thing three ways: what git says, what the node's config says, what it runs; "" where a side says nothing.

    `name` is one of `Talos`, `schematic`, `extensions`, `Kubernetes`.
    """

    name: str
    files: str
    config: str
    running: str | Unknown

    @property
    def agrees(self) -> bool:
        said = {side for side in (self.files, self.config) if side}
        return not isinstance(self.running, Unknown) and said <= {self.running}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDrift:
    """One node of the files. `changes` lead from the node's config to that of the files; Unknown when nobody knows."""

    hostname: str
    changes: tuple[Change, ...] | Unknown
    aspects: tuple[Aspect, ...] = ()
