"""Kubernetes objects, as far as a rollout looks at them. Parsed in `tools/kubernetes.py`, from JSON lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field

IN_FLIGHT = "talops.dev/in-flight"
"""The annotation of a node that talops is at work on; what it says is in `execute/marks.py`."""
UNFINISHED = "talops.dev/kubernetes-unfinished"
"""The annotation of a control plane whose upgrade of Kubernetes has not come to its end: the release it goes to."""
CORDONED_BY = "talops.dev/cordoned-by"
"""The annotation of a node that talops has cordoned: the run that did it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeNode:
    """A Node. `ready` is None when its condition is Unknown or missing."""

    name: str
    addresses: tuple[str, ...]
    ready: bool | None
    ready_message: str = ""
    ready_since: str = ""
    """The raw lastTransitionTime of its Ready condition."""
    boot_id: str = ""
    kubelet_version: str = ""
    os_image: str = ""
    unschedulable: bool = False
    control_plane: bool = False
    annotations: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[str, ...] = ()
    resource_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A Pod. `owner` is its controller's kind, empty for a bare pod. `restarts_id` are its container IDs."""

    namespace: str
    name: str
    uid: str
    node: str
    phase: str
    ready: bool
    owner: str = ""
    owner_name: str = ""
    mirror: bool = False
    terminating: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    empty_dirs: int = 0
    restarts_id: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        return self.phase in {"Succeeded", "Failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A PodDisruptionBudget. `current` is False while its status is of an older generation than its spec."""

    namespace: str
    name: str
    allowed: int
    healthy: int
    desired: int
    expected: int
    current: bool = True
    match_labels: Mapping[str, str] | None = None
    """None when it selects with expressions, which are left to the API server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """`renewed` is the raw renewTime: compare it for change, not with a clock."""

    holder: str
    renewed: str
    duration_seconds: int
    resource_version: str
    uid: str
    transitions: int = 0
    acquired: str = ""
    """The raw acquireTime; a renewal hands it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CephCheck:
    code: str
    severity: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CephCluster:
    """A Rook CephCluster's status: the operator's poll, as old as `last_checked` (RFC 3339, the operator's clock)."""

    namespace: str
    name: str
    external: bool
    phase: str
    state: str
    message: str
    health: str
    checks: tuple[CephCheck, ...]
    last_checked: str
    monitors: int
    """spec.mon.count, 3 when unset."""
    checks_disabled: bool = False
    deleting: bool = False
    mixed_versions: bool = False
    migrating_osds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresCluster:
    """A CloudNativePG Cluster. Its phase is sticky: only together with pods and counts does it mean anything."""

    namespace: str
    name: str
    wanted: int
    instances: int
    ready: int
    phase: str
    phase_reason: str
    primary: str
    target_primary: str
    ready_condition: bool | None
    reported_primaries: tuple[str, ...]
    reported: int
    replica_cluster: bool = False
    hibernated: bool = False
    hibernation_unsettled: bool = False
    fenced: bool = False
    reconciliation_disabled: bool = False
    deleting: bool = False
    troubled_volumes: tuple[str, ...] = ()
    consistent_system_id: bool | None = None
    switching_replica: bool = False
    resource_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A VolumeAttachment on a node."""

    name: str
    node: str
    volume: str
    attached: bool
    detach_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignActor:
    """Another tool that takes nodes down, seen at work: tuppr, kured, system-upgrade-controller."""

    tool: str
    what: str
