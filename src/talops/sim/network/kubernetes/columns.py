"""Which columns `kubectl get` shows of each kind. Names and order: Kubernetes 1.36, Rook 1.20, CloudNativePG 1.30."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from talops.sim.kube.objects import Object, Resource
from talops.sim.network.kubernetes import cells
from talops.sim.network.kubernetes.cells import Cell, at

CellOf = Callable[[Object, datetime], Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`wide` ones are shown by `-o wide` only."""

    name: str
    type: str = "string"
    wide: bool = False
    cell: CellOf


def _plain(name: str, cell: Callable[[Object], Cell], *, type: str = "string", wide: bool = False) -> Column:
    return Column(name=name, type=type, wide=wide, cell=lambda found, _now: cell(found))


def _field(name: str, *path: str, type: str = "string", wide: bool = False, otherwise: Cell = "<none>") -> Column:
    return _plain(name, lambda found: at(found, *path, otherwise=otherwise), type=type, wide=wide)


def _count(name: str, *path: str) -> Column:
    return _field(name, *path, type="integer", otherwise=0)


def _printed(name: str, *path: str, type: str = "string") -> Column:
    """A column of a CRD: what is not there stays empty."""
    return _field(name, *path, type=type, otherwise=None)


_NAME = _field("Name", "metadata", "name")
_AGE = Column(name="Age", cell=cells.age)
_CONTAINERS = (
    _plain("Containers", cells.container_names, wide=True),
    _plain("Images", cells.images, wide=True),
    _plain("Selector", cells.selector, wide=True),
)
_NODE = (
    _plain("Status", cells.node_status),
    _plain("Roles", cells.node_roles),
    _AGE,
    _field("Version", "status", "nodeInfo", "kubeletVersion"),
    _plain("Internal-IP", lambda found: cells.address(found, "InternalIP"), wide=True),
    _plain("External-IP", lambda found: cells.address(found, "ExternalIP"), wide=True),
    _field("OS-Image", "status", "nodeInfo", "osImage", wide=True),
    _plain("Kernel-Version", cells.kernel, wide=True),
    _field("Container-Runtime", "status", "nodeInfo", "containerRuntimeVersion", wide=True),
)
_POD = (
    _plain("Ready", cells.pod_ready),
    _plain("Status", cells.pod_status),
    Column(name="Restarts", cell=cells.pod_restarts),
    _AGE,
    _field("IP", "status", "podIP", wide=True),
    _field("Node", "spec", "nodeName", wide=True),
    _field("Nominated Node", "status", "nominatedNodeName", wide=True),
    _plain("Readiness Gates", lambda _found: "<none>", wide=True),
)
_BUDGET = (
    _field("Min Available", "spec", "minAvailable", otherwise="N/A"),
    _field("Max Unavailable", "spec", "maxUnavailable", otherwise="N/A"),
    _count("Allowed Disruptions", "status", "disruptionsAllowed"),
    _AGE,
)
_DEPLOYMENT = (
    _plain("Ready", cells.replicas_ready),
    _count("Up-to-date", "status", "updatedReplicas"),
    _count("Available", "status", "availableReplicas"),
    _AGE,
    *_CONTAINERS,
)
_REPLICA_SET = (
    _count("Desired", "spec", "replicas"),
    _count("Current", "status", "replicas"),
    _count("Ready", "status", "readyReplicas"),
    _AGE,
    *_CONTAINERS,
)
_DAEMON_SET = (
    _count("Desired", "status", "desiredNumberScheduled"),
    _count("Current", "status", "currentNumberScheduled"),
    _count("Ready", "status", "numberReady"),
    _count("Up-to-date", "status", "updatedNumberScheduled"),
    _count("Available", "status", "numberAvailable"),
    _plain("Node Selector", cells.node_selector),
    _AGE,
    *_CONTAINERS,
)
_SERVICE = (
    _field("Type", "spec", "type"),
    _field("Cluster-IP", "spec", "clusterIP"),
    _plain("External-IP", lambda _found: "<none>"),
    _plain("Port(s)", cells.ports),
    _AGE,
    _plain("Selector", cells.service_selector, wide=True),
)
_ATTACHMENT = (
    _field("Attacher", "spec", "attacher"),
    _field("PV", "spec", "source", "persistentVolumeName"),
    _field("Node", "spec", "nodeName"),
    _field("Attached", "status", "attached", type="boolean", otherwise=False),
    _AGE,
)
_EVENT = (
    Column(name="Last Seen", cell=cells.last_seen),
    _field("Type", "type"),
    _field("Reason", "reason"),
    _plain("Object", cells.involved),
    _field("Message", "message"),
    _field("Name", "metadata", "name", wide=True),
)
_CEPH = (
    _printed("DataDirHostPath", "spec", "dataDirHostPath"),
    _plain("MonCount", lambda found: cells.as_text(at(found, "spec", "mon", "count", otherwise=None))),
    _AGE,
    _printed("Phase", "status", "phase"),
    _printed("Message", "status", "message"),
    _printed("Health", "status", "ceph", "health"),
    _printed("External", "spec", "external", "enable", type="boolean"),
    _printed("FSID", "status", "ceph", "fsid"),
)
_POSTGRES = (
    _AGE,
    _printed("Instances", "status", "instances", type="integer"),
    _printed("Ready", "status", "readyInstances", type="integer"),
    _printed("Status", "status", "phase"),
    _printed("Primary", "status", "currentPrimary"),
)
_SIGNING = (
    _AGE,
    _field("SignerName", "spec", "signerName"),
    _field("Requestor", "spec", "username"),
    _field("RequestedDuration", "spec", "expirationSeconds"),
    _plain("Condition", cells.signing),
)
_BINDING = (_plain("Role", cells.role), _AGE)
_JOB = (_plain("Status", cells.job_status), _plain("Completions", cells.completions), _AGE)
_RELEASE = (_AGE, _plain("Ready", cells.is_ready), _plain("Status", cells.ready_message))
_DEFINITION = (_field("Created At", "metadata", "creationTimestamp"),)
_COLUMNS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "nodes": (_NAME, *_NODE),
        "pods": (_NAME, *_POD),
        "namespaces": (_NAME, _field("Status", "status", "phase"), _AGE),
        "configmaps": (_NAME, _plain("Data", cells.entries), _AGE),
        "secrets": (_NAME, _field("Type", "type"), _plain("Data", cells.entries), _AGE),
        "services": (_NAME, *_SERVICE),
        "events": _EVENT,
        "deployments.apps": (_NAME, *_DEPLOYMENT),
        "replicasets.apps": (_NAME, *_REPLICA_SET),
        "daemonsets.apps": (_NAME, *_DAEMON_SET),
        "statefulsets.apps": (_NAME, _plain("Ready", cells.replicas_ready), _AGE, *_CONTAINERS[:2]),
        "poddisruptionbudgets.policy": (_NAME, *_BUDGET),
        "leases.coordination.k8s.io": (_NAME, _field("Holder", "spec", "holderIdentity"), _AGE),
        "volumeattachments.storage.k8s.io": (_NAME, *_ATTACHMENT),
        "customresourcedefinitions.apiextensions.k8s.io": (_NAME, *_DEFINITION),
        "certificatesigningrequests.certificates.k8s.io": (_NAME, *_SIGNING),
        "clusterroles.rbac.authorization.k8s.io": (_NAME, *_DEFINITION),
        "roles.rbac.authorization.k8s.io": (_NAME, *_DEFINITION),
        "clusterrolebindings.rbac.authorization.k8s.io": (_NAME, *_BINDING),
        "rolebindings.rbac.authorization.k8s.io": (_NAME, *_BINDING),
        "jobs.batch": (_NAME, *_JOB),
        "helmreleases.helm.toolkit.fluxcd.io": (_NAME, *_RELEASE),
        "cephclusters.ceph.rook.io": (_NAME, *_CEPH),
        "clusters.postgresql.cnpg.io": (_NAME, *_POSTGRES),
    }
)


def columns_of(resource: Resource) -> tuple[Column, ...]:
    """Name and age for kinds that are printed in no other way."""
    return _COLUMNS.get(resource.qualified, (_NAME, _AGE))
