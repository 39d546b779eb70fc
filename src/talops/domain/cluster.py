"""The cluster: what the files want (Desired), how carefully (Policy), and what is (Observed)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from talops.domain.kubernetes import (
    Attachment,
    Budget,
    CephCluster,
    ForeignActor,
    KubeNode,
    Lease,
    Pod,
    PostgresCluster,
)
from talops.domain.process import Instant
from talops.domain.talos import NOT_ASKED, Absent, EtcdView, Role, TalosNode, Unknown, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """An installer image, in the parts that a plan may have to exchange.

    `repository` is everything before the tag: `factory.talos.dev/metal-installer/<schematic>` or what `talosImageURL`
    says. `schematic` is its Image Factory ID, None for an image that is not the factory's.
    `from_files` is False when the files name neither schematic nor image and the ID is only talhelper's default
    (the empty schematic): then the node's running schematic is kept.
    """

    repository: str
    tag: str
    schematic: str | None
    from_files: bool

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredNode:
    """One node of talconfig.yaml. `addresses[0]` is the one that the Talos API is asked on.

    `patched_image` is a machine.install.image that a patch sets and that differs from `installer` (talhelper's own
    `gencommand upgrade` ignores it). `extensions` are the official extensions of an inline schematic, None when the
    files name a schematic only by ID or not at all.
    """

    hostname: str
    role: Role
    addresses: tuple[str, ...]
    talos_version: Version
    kubernetes_version: Version
    installer: Installer
    config_file: str
    extensions: tuple[str, ...] | None = None
    patched_image: str | None = None
    where: str = ""
    """`talconfig.yaml:LINE` of the node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What the cluster's files say. Nodes in the order of talconfig.yaml."""

    cluster_name: str
    endpoint: str
    talos_version: Version
    kubernetes_version: Version
    nodes: tuple[DesiredNode, ...]
    virtual_ips: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def node(self, hostname: str) -> DesiredNode:
        return next(node for node in self.nodes if node.hostname == hostname)

    @property
    def control_planes(self) -> tuple[DesiredNode, ...]:
        return tuple(node for node in self.nodes if node.role is Role.CONTROL_PLANE)


class BarePods(Enum):
    REFUSE = "refuse"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """`timeout` bounds one wait for the gate. `required` makes an absent operator UNKNOWN instead of not applicable."""

    enabled: bool = True
    required: bool = False
    timeout: timedelta = timedelta(minutes=15)
    allow: tuple[str, ...] = ()
    """Ceph health codes that may stand (class S of the verdict table); for other gates unused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How carefully to go. The defaults are right for most clusters; `talops.yaml` changes them."""

    order: tuple[str, ...] = ()
    """Hostnames in the wanted order; nodes not named follow in the default order. Roles still come first."""
    skip: tuple[str, ...] = ()
    nodes_gate: GatePolicy = GatePolicy(timeout=timedelta(minutes=10))
    etcd_gate: GatePolicy = GatePolicy(timeout=timedelta(minutes=10))
    ceph_gate: GatePolicy = GatePolicy(timeout=timedelta(minutes=30))
    postgres_gate: GatePolicy = GatePolicy(timeout=timedelta(minutes=15))
    stable_samples: int = 3
    stable_window: timedelta = timedelta(seconds=15)
    bare_pods: BarePods = BarePods.REFUSE
    drain_timeout: timedelta = timedelta(minutes=15)
    detach_timeout: timedelta = timedelta(minutes=5)
    switchover_timeout: timedelta = timedelta(minutes=5)
    upgrade_timeout: timedelta = timedelta(minutes=25)
    """How long one talosctl upgrade may run before it is ended; its own --timeout does not bound the install."""
    boot_timeout: timedelta = timedelta(minutes=15)
    """From the end of talosctl to the node being up at the target and Ready."""
    accept_downtime: frozenset[str] = frozenset()
    """Set from the command line only: `etcd` accepts an outage of a control plane that has no quorum to keep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedNode:
    """A node of the files, as it is now. `kube` is matched by InternalIP, since hostnames may differ."""

    hostname: str
    talos: TalosNode | Unknown
    boot_id: str | Unknown = NOT_ASKED
    kube: KubeNode | Unknown | None = None
    holds_vip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The live cluster at one moment. Every part is either a fact or Unknown with its reason.

    `strangers` are live nodes (Talos members or Kubernetes nodes) that the files do not know.
    `rook_pods` and `postgres_pods` are all pods labelled as such, `budgets` all PodDisruptionBudgets.
    """

    at: Instant
    nodes: Mapping[str, ObservedNode]
    etcd: tuple[EtcdView, ...]
    kube_nodes: tuple[KubeNode, ...] | Unknown
    ceph: tuple[CephCluster, ...] | Absent | Unknown
    rook_pods: tuple[Pod, ...] | Unknown
    postgres: tuple[PostgresCluster, ...] | Absent | Unknown
    postgres_pods: tuple[Pod, ...] | Unknown
    budgets: tuple[Budget, ...] | Unknown = ()
    lease: Lease | Unknown | None = None
    foreign: tuple[ForeignActor, ...] | Unknown = ()
    attachments: tuple[Attachment, ...] | Unknown = ()
    strangers: tuple[str, ...] = ()
    talosctl: Version | Unknown = NOT_ASKED
