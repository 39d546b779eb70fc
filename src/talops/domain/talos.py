"""Talos: versions, roles, and what one node says about itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache, total_ordering

import semver

SERVICES = ("apid", "containerd", "cri", "kubelet", "machined")
"""Of every node, whatever its role."""
SERVICES_OF_CONTROL_PLANES = ("etcd", "trustd")
SYSTEM_SERVICES = frozenset({*SERVICES, *SERVICES_OF_CONTROL_PLANES})
_DONE = frozenset({"Finished", "Skipped"})


class Role(StrEnum):
    CONTROL_PLANE = "controlplane"
    WORKER = "worker"


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A release of Talos or Kubernetes. Ordered as semantic versions are; printed with its `v`."""

    core: semver.Version

    @staticmethod
    @lru_cache(maxsize=1024)
    def parse(text: str) -> "Version":
        """Read `v1.13.0`, `1.13.0` or `v1.13.0-rc.1`. Raises ValueError on anything else."""
        return Version(semver.Version.parse(text.removeprefix("v")))

    @property
    def major(self) -> int:
        return int(self.core.major)

    @property
    def minor(self) -> int:
        return int(self.core.minor)

    @property
    def patch(self) -> int:
        return int(self.core.patch)

    def __lt__(self, other: "Version") -> bool:
        return self.core < other.core

    def __str__(self) -> str:
        return f"v{self.core}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """We asked and do not know. Never to be read as empty, absent or healthy."""

    reason: str
    forbidden: bool = False
    """The API refused us: waiting will not help."""
    hint: str = field(default="", compare=False)
    """What to type about it, where the answer itself tells; with what it will show as a comment."""


def most_telling(gaps: Sequence[Unknown]) -> Unknown:
    """One of several for the same silence: one that knows what to do about it."""
    return next((gap for gap in gaps if gap.hint), gaps[0])


NOT_ASKED = Unknown("not asked")


@dataclass(frozen=True, slots=True)
class Absent:
    """Two well-formed answers prove that this API does not exist in the cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TalosNode:
    """What a node answers on the Talos API, each from its own call.

    `schematic` is the Image Factory ID that the node booted with, None when it runs none.
    `extensions` are the names of its system extensions, without the schematic pseudo-extension.
    """

    version: Version | Unknown
    platform: str = "metal"
    stage: str = ""
    ready: bool | None = None
    unmet: tuple[str, ...] = ()
    schematic: str | Unknown | None = None
    extensions: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    secureboot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One row of `talosctl etcd members`, ids as 16 hex digits."""

    id: str
    hostname: str
    peer_urls: tuple[str, ...]
    learner: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberStatus:
    """One row of `talosctl etcd status`: what one member says about itself. `leader` is all zeros when it sees none.

    Sizes are as exact as talosctl prints them, which is two digits; 0 where it does not. `protocol` and `storage` are
    versions of etcd, empty before talosctl 1.11.
    """

    id: str
    leader: str
    raft_index: int
    raft_term: int
    applied: int
    learner: bool
    errors: str
    db_bytes: int = 0
    in_use_bytes: int = 0
    protocol: str = ""
    storage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """One row of `talosctl services`. `state` is Running, Preparing, Waiting, Finished, Failed and so on; `health` is
    OK, Fail, or ? for one that is not known or never looked at. `since`: how long nothing has changed, None where
    talosctl does not say. `event` is the last one, in Talos' words.
    """

    id: str
    state: str
    health: str
    event: str = ""
    since: timedelta | None = None

    @property
    def well(self) -> bool:
        """A service of the system has to run; one of an extension may be through with its work."""
        if self.health == "Fail":
            return False
        return self.state == "Running" or (self.state in _DONE and self.id not in SYSTEM_SERVICES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One row of `talosctl etcd alarm list`: NOSPACE or CORRUPT, of the member with this ID."""

    kind: str
    member: str

    def __str__(self) -> str:
        return f"{self.kind} on member {self.member}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EtcdView:
    """etcd as one control plane sees it, with its own word on its own health."""

    hostname: str
    address: str
    members: tuple[Member, ...] | Unknown
    status: MemberStatus | Unknown
    alarms: tuple[Alarm, ...] | Unknown
    """Those of all members, as this one knows them."""
    service: ServiceState | Unknown = NOT_ASKED
    """etcd as Talos runs it there; asked only where a person looks."""
