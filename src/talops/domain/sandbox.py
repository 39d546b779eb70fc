"""What the process of a practice cluster is told, and what it answers: JSON, and an interface to programs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from talops.domain.cluster import Desired
from talops.domain.talos import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """How to begin. `speed`: seconds of the cluster in one second. `repository`: the folder of its files."""

    name: str
    desired: Desired
    repository: str
    start: Version | None = None
    kubernetes: Version | None = None
    """The release of Kubernetes that runs at first; that of the files unless told."""
    speed: float = 1.0
    seed: int = 0
    faults: tuple[str, ...] = ()
    configs: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Generated machine configs, by hostname: secrets."""


class SandboxNode(TypedDict):
    """`version` is what it runs; `other` is what the slot holds that it has not booted, empty for an empty one."""

    hostname: str
    role: str
    address: str
    version: str
    slot: str
    other: str
    state: str
    kubernetes: str
    cordoned: bool


class SandboxEvent(TypedDict):
    """`at` is ISO 8601, by the wall's clock. `what` is a word: called, going-down, off, on, ready, pod-gone, ceph …"""

    at: str
    what: str
    node: str
    text: str


class SandboxStatus(TypedDict):
    """`up` is in seconds of the wall. `history` is the newest of what has happened, oldest first."""

    schema: int
    name: str
    cluster: str
    pid: int
    up: float
    speed: float
    repository: str
    talosconfig: str
    kubeconfig: str
    faults: list[str]
    nodes: list[SandboxNode]
    history: list[SandboxEvent]
