"""The table of requests that are put to an embedded and to a real API server which are in the same state.

A case knows its server only by what that answers, as talops does: so each is asked about its own identities.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from talops.domain.kubernetes import KubeNode, Lease, Pod, PostgresCluster
from talops.domain.process import Kube, Request, Response
from talops.sim.kube.objects import Object
from talops.sim.world import World
from talops.tools import kubernetes, operators, requests

NOW = datetime(2026, 11, 23, 9, 30, 0, 123456, UTC)
LATER = NOW + timedelta(seconds=15)
ANOTHER_UID = "00000000-0000-4000-8000-000000000000"
STALE = "1"
ANNOTATIONS = {"talops.dev/in-flight": '{"run":"r","action":"drain"}', "talops.dev/cordoned-by": "r"}

Ask = Callable[[Kube], Request]
Prepare = Callable[[World], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request in one state of the cluster."""

    template: str
    state: str
    ask: Ask
    prepare: Prepare = lambda _world: None
    faults: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.template}: {self.state}"


def send(kube: Kube, request: Request) -> Response:
    return kube.gather((request,))[0]


def the_node(kube: Kube, name: str = "w-1") -> KubeNode:
    found = kubernetes.node(send(kube, requests.node(name)))
    assert isinstance(found, KubeNode)
    return found


def the_pod(kube: Kube, app: str) -> Pod:
    """The first pod of this app."""
    found = kubernetes.pods(send(kube, requests.pods_labelled(f"app={app}")))
    assert isinstance(found, tuple)
    return found[0]


def the_postgres(kube: Kube) -> PostgresCluster:
    found = operators.postgres_clusters(send(kube, requests.postgres()))
    assert isinstance(found, tuple)
    return found[0]


def the_lease(kube: Kube) -> Lease:
    """As it is held now; taken first where nobody holds it."""
    send(kube, requests.lease_create("me", NOW, 60))
    found = kubernetes.lease(send(kube, requests.lease()))
    assert isinstance(found, Lease)
    return found


def the_lost_lease(kube: Kube) -> Lease:
    held = the_lease(kube)
    assert send(kube, requests.lease_delete(held)).status == 200
    return held


def as_bob_would(template: str) -> Request:
    """A request of somebody who may read nothing, and so has to guess the identities of what it names."""
    node = KubeNode(name="w-1", addresses=(), ready=True, resource_version=STALE)
    pod = Pod(namespace="web", name="nope", uid=ANOTHER_UID, node="", phase="", ready=True)
    lease = Lease(
        holder="me", renewed="", duration_seconds=60, resource_version=STALE, uid=ANOTHER_UID, acquired=""
    )
    return _OF_BOB[template](node, pod, lease)


_POSTGRES = PostgresCluster(
    namespace="database",
    name="postgres",
    wanted=3,
    instances=3,
    ready=3,
    phase="",
    phase_reason="",
    primary="",
    target_primary="",
    ready_condition=True,
    reported_primaries=(),
    reported=3,
    resource_version=STALE,
)
_OF_BOB: Mapping[str, Callable[[KubeNode, Pod, Lease], Request]] = MappingProxyType(
    {
        "api-groups": lambda *_: requests.api_groups(),
        "api-resources": lambda *_: requests.api_resources("ceph.rook.io", "v1"),
        "nodes": lambda *_: requests.nodes(),
        "node": lambda *_: requests.node("w-1"),
        "node-patch": lambda node, *_: requests.node_patch(node, annotations=ANNOTATIONS, unschedulable=True),
        "pods-on-node": lambda *_: requests.pods_on("w-1"),
        "pods-labelled": lambda *_: requests.pods_labelled(requests.ROOK_PODS),
        "pod": lambda *_: requests.pod("web", "nope"),
        "evict": lambda _node, pod, _lease: requests.evict(pod),
        "budgets": lambda *_: requests.budgets(),
        "ceph": lambda *_: requests.ceph(),
        "postgres": lambda *_: requests.postgres(),
        "postgres-promote": lambda *_: requests.promote(_POSTGRES, "postgres-2", NOW),
        "attachments": lambda *_: requests.attachments(),
        "lease": lambda *_: requests.lease(),
        "lease-create": lambda *_: requests.lease_create("bob", NOW, 60),
        "lease-replace": lambda _node, _pod, lease: requests.lease_replace(lease, "bob", NOW, 60),
        "lease-delete": lambda _node, _pod, lease: requests.lease_delete(lease),
        "daemonsets": lambda *_: requests.daemonsets(),
        "tuppr": lambda *_: requests.tuppr(),
        "system-upgrade": lambda *_: requests.system_upgrade(),
        "access": lambda *_: requests.access("create", "", "pods", "eviction"),
    }
)
BARE = (
    requests.api_groups(),
    requests.api_resources("ceph.rook.io", "v1"),
    requests.api_resources("postgresql.cnpg.io", "v1"),
    requests.ceph(),
    requests.postgres(),
    requests.tuppr(),
    requests.system_upgrade(),
)
"""Asked of a server without any CustomResourceDefinition."""


def changed(plural: str, name: str, namespace: str, change: Callable[[Object], object]) -> Prepare:
    def prepare(world: World) -> None:
        def write(found: Object) -> None:
            change(found)

        world.truth.cluster.store.update(plural, name, namespace, write)

    return prepare


def removed(plural: str, name: str, namespace: str) -> Prepare:
    return lambda world: world.truth.cluster.store.remove(plural, name, namespace)


def of_web(change: Callable[[Object], object]) -> Prepare:
    """Something happens to the first pod of `web`, which a budget covers."""

    def prepare(world: World) -> None:
        store = world.truth.cluster.store
        name = min(pod["metadata"]["name"] for pod in store.all("pods") if pod["metadata"]["namespace"] == "web")
        changed("pods", name, "web", change)(world)

    return prepare


def in_phase(phase: str) -> Prepare:
    def change(pod: Object) -> None:
        pod["status"] = {"phase": phase, "conditions": [{"type": "Ready", "status": "False"}]}

    return of_web(change)


def _not_ready(pod: Object) -> None:
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]


def another_budget(world: World) -> None:
    body: Object = {"kind": "PodDisruptionBudget", "apiVersion": "policy/v1"}
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    world.truth.cluster.store.create(
        "poddisruptionbudgets", {**body, "metadata": {"name": "web-too", "namespace": "web"}, "spec": spec}
    )


def _unsettled(budget: Object) -> None:
    del budget["status"]["observedGeneration"]


def _spent(budget: Object) -> None:
    budget["status"].update(disruptionsAllowed=0, currentHealthy=1)


def attached(*, error: str = "") -> Prepare:
    def prepare(world: World) -> None:
        status: Object = {"attached": True}
        if error:
            status["detachError"] = {"message": error, "time": "2026-11-23T09:30:00Z"}
        spec = {"attacher": "csi.example.com", "nodeName": "w-1", "source": {"persistentVolumeName": "pv-1"}}
        body: Object = {"kind": "VolumeAttachment", "apiVersion": "storage.k8s.io/v1", "metadata": {"name": "csi-1"}}
        world.truth.cluster.store.create("volumeattachments", {**body, "spec": spec, "status": status})

    return prepare


def _degraded(found: Object) -> None:
    found["status"]["ceph"] = {
        "health": "HEALTH_WARN",
        "lastChecked": "2026-11-23T09:30:00Z",
        "details": {"OSD_DOWN": {"severity": "HEALTH_WARN", "message": "1 osds down"}},
    }


def _failing_over(found: Object) -> None:
    found["status"].update(phase="Failing over", targetPrimary="postgres-2", readyInstances=2)


def _annotated(node: Object) -> None:
    node["metadata"]["annotations"] = {**ANNOTATIONS, "example.com/other": "stays"}
    node["spec"] = {"unschedulable": True, "taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]}


def _without(annotations: Mapping[str, str]) -> dict[str, str | None]:
    return dict.fromkeys(annotations)


CASES = (
    Case(template="api-groups", state="as it is", ask=lambda _: requests.api_groups()),
    Case(template="api-resources", state="Rook's", ask=lambda _: requests.api_resources("ceph.rook.io", "v1")),
    Case(template="api-resources", state="CNPG's", ask=lambda _: requests.api_resources("postgresql.cnpg.io", "v1")),
    Case(template="api-resources", state="no such group", ask=lambda _: requests.api_resources("nope.example", "v1")),
    Case(template="api-resources", state="no such version", ask=lambda _: requests.api_resources("ceph.rook.io", "v7")),
    Case(template="nodes", state="all well", ask=lambda _: requests.nodes()),
    Case(template="nodes", state="one is dead", ask=lambda _: requests.nodes(), faults=("dead-node@w-2",)),
    Case(
        template="nodes",
        state="one is cordoned",
        ask=lambda _: requests.nodes(),
        prepare=changed("nodes", "w-1", "", _annotated),
    ),
    Case(template="node", state="all well", ask=lambda _: requests.node("w-1")),
    Case(template="node", state="not found", ask=lambda _: requests.node("nope")),
    Case(
        template="node-patch",
        state="cordon and mark",
        ask=lambda kube: requests.node_patch(the_node(kube), annotations=ANNOTATIONS, unschedulable=True),
    ),
    Case(
        template="node-patch",
        state="mark only",
        ask=lambda kube: requests.node_patch(the_node(kube), annotations=ANNOTATIONS),
    ),
    Case(
        template="node-patch",
        state="uncordon and clear",
        ask=lambda kube: requests.node_patch(the_node(kube), annotations=_without(ANNOTATIONS), unschedulable=False),
        prepare=changed("nodes", "w-1", "", _annotated),
    ),
    Case(
        template="node-patch",
        state="nothing to clear",
        ask=lambda kube: requests.node_patch(the_node(kube), annotations=_without(ANNOTATIONS), unschedulable=False),
    ),
    Case(
        template="node-patch",
        state="changed meanwhile",
        ask=lambda kube: requests.node_patch(
            replace(the_node(kube), resource_version=STALE), annotations=ANNOTATIONS, unschedulable=True
        ),
    ),
    Case(
        template="node-patch",
        state="not found",
        ask=lambda kube: requests.node_patch(replace(the_node(kube), name="nope"), annotations=ANNOTATIONS),
    ),
    Case(template="pods-on-node", state="all well", ask=lambda _: requests.pods_on("w-1")),
    Case(template="pods-on-node", state="no such node", ask=lambda _: requests.pods_on("nope")),
    Case(template="pods-labelled", state="Rook's", ask=lambda _: requests.pods_labelled(requests.ROOK_PODS)),
    Case(template="pods-labelled", state="CNPG's", ask=lambda _: requests.pods_labelled(requests.POSTGRES_PODS)),
    Case(template="pods-labelled", state="none", ask=lambda _: requests.pods_labelled("app=nope")),
    Case(template="pods-labelled", state="no selector", ask=lambda _: requests.pods_labelled("a b")),
    Case(template="pod", state="all well", ask=lambda kube: requests.pod("web", the_pod(kube, "web").name)),
    Case(template="pod", state="not found", ask=lambda _: requests.pod("web", "nope")),
    Case(template="pod", state="no such namespace", ask=lambda _: requests.pod("nope", "nope")),
    Case(
        template="pod",
        state="leaving",
        ask=lambda kube: (
            send(kube, requests.evict(the_pod(kube, "web"))),
            requests.pod("web", the_pod(kube, "web").name),
        )[1],
    ),
    Case(
        template="pod",
        state="pending",
        ask=lambda kube: requests.pod("web", the_pod(kube, "web").name),
        prepare=in_phase("Pending"),
    ),
    Case(template="evict", state="no budget", ask=lambda kube: requests.evict(the_pod(kube, "runner-1"))),
    Case(template="evict", state="a budget allows it", ask=lambda kube: requests.evict(the_pod(kube, "web"))),
    Case(template="evict", state="dry run", ask=lambda kube: requests.evict(the_pod(kube, "web"), dry_run=True)),
    Case(
        template="evict",
        state="a budget forbids it",
        ask=lambda kube: requests.evict(the_pod(kube, "legacy")),
        faults=("pdb-blocks@w-3",),
    ),
    Case(
        template="evict",
        state="a budget forbids it, dry run",
        ask=lambda kube: requests.evict(the_pod(kube, "legacy"), dry_run=True),
        faults=("pdb-blocks@w-3",),
    ),
    Case(
        template="evict",
        state="a budget that is spent",
        ask=lambda kube: requests.evict(the_pod(kube, "web")),
        prepare=changed("poddisruptionbudgets", "web", "web", _spent),
    ),
    Case(
        template="evict",
        state="the second of one budget",
        ask=lambda kube: (
            send(kube, requests.evict(the_pod(kube, "web"))),
            requests.evict(kubernetes.pods(send(kube, requests.pods_labelled("app=web")))[1]),  # type: ignore[index]
        )[1],
    ),
    Case(
        template="evict",
        state="a budget that is still processed",
        ask=lambda kube: requests.evict(the_pod(kube, "web")),
        prepare=changed("poddisruptionbudgets", "web", "web", _unsettled),
    ),
    Case(
        template="evict",
        state="two budgets",
        ask=lambda kube: requests.evict(the_pod(kube, "web")),
        prepare=another_budget,
    ),
    Case(
        template="evict",
        state="leaving already",
        ask=lambda kube: (
            send(kube, requests.evict(the_pod(kube, "web"))),
            requests.evict(the_pod(kube, "web")),
        )[1],
    ),
    Case(
        template="evict",
        state="another pod of that name",
        ask=lambda kube: requests.evict(replace(the_pod(kube, "web"), uid=ANOTHER_UID)),
    ),
    Case(
        template="evict",
        state="another pod of that name, dry run",
        ask=lambda kube: requests.evict(replace(the_pod(kube, "web"), uid=ANOTHER_UID), dry_run=True),
    ),
    Case(
        template="evict",
        state="not found",
        ask=lambda kube: requests.evict(replace(the_pod(kube, "web"), name="nope")),
    ),
    Case(
        template="evict",
        state="pending",
        ask=lambda kube: requests.evict(the_pod(kube, "web")),
        prepare=in_phase("Pending"),
    ),
    Case(
        template="evict",
        state="finished",
        ask=lambda kube: requests.evict(the_pod(kube, "web")),
        prepare=in_phase("Succeeded"),
    ),
    Case(
        template="evict",
        state="not Ready, and enough others",
        ask=lambda kube: requests.evict(the_pod(kube, "web")),
        prepare=of_web(_not_ready),
    ),
    Case(template="budgets", state="all well", ask=lambda _: requests.budgets()),
    Case(
        template="budgets",
        state="one taken",
        ask=lambda kube: (send(kube, requests.evict(the_pod(kube, "web"))), requests.budgets())[1],
    ),
    Case(template="budgets", state="one forbids", ask=lambda _: requests.budgets(), faults=("pdb-blocks@w-3",)),
    Case(template="ceph", state="all well", ask=lambda _: requests.ceph()),
    Case(
        template="ceph",
        state="degraded",
        ask=lambda _: requests.ceph(),
        prepare=changed("cephclusters", "rook-ceph", "rook-ceph", _degraded),
    ),
    Case(
        template="ceph",
        state="none",
        ask=lambda _: requests.ceph(),
        prepare=removed("cephclusters", "rook-ceph", "rook-ceph"),
    ),
    Case(template="postgres", state="all well", ask=lambda _: requests.postgres()),
    Case(
        template="postgres",
        state="failing over",
        ask=lambda _: requests.postgres(),
        prepare=changed("clusters", "postgres", "database", _failing_over),
    ),
    Case(
        template="postgres-promote",
        state="all well",
        ask=lambda kube: requests.promote(the_postgres(kube), "postgres-2", NOW),
    ),
    Case(
        template="postgres-promote",
        state="changed meanwhile",
        ask=lambda kube: requests.promote(replace(the_postgres(kube), resource_version=STALE), "postgres-2", NOW),
    ),
    Case(
        template="postgres-promote",
        state="not found",
        ask=lambda kube: requests.promote(replace(the_postgres(kube), name="nope"), "postgres-2", NOW),
    ),
    Case(template="attachments", state="none", ask=lambda _: requests.attachments()),
    Case(template="attachments", state="attached", ask=lambda _: requests.attachments(), prepare=attached()),
    Case(
        template="attachments",
        state="stuck",
        ask=lambda _: requests.attachments(),
        prepare=attached(error="the volume is busy"),
    ),
    Case(template="lease", state="nobody's", ask=lambda _: requests.lease()),
    Case(template="lease", state="mine", ask=lambda kube: (the_lease(kube), requests.lease())[1]),
    Case(template="lease", state="somebody's", ask=lambda _: requests.lease(), faults=("lease-held",)),
    Case(template="lease-create", state="nobody's", ask=lambda _: requests.lease_create("me", NOW, 60)),
    Case(
        template="lease-create",
        state="somebody's",
        ask=lambda _: requests.lease_create("me", NOW, 60),
        faults=("lease-held",),
    ),
    Case(
        template="lease-replace",
        state="mine",
        ask=lambda kube: requests.lease_replace(the_lease(kube), "me", LATER, 60),
    ),
    Case(
        template="lease-replace",
        state="somebody's",
        ask=lambda kube: requests.lease_replace(the_lease(kube), "me", LATER, 60),
        faults=("lease-held",),
    ),
    Case(
        template="lease-replace",
        state="changed meanwhile",
        ask=lambda kube: requests.lease_replace(replace(the_lease(kube), resource_version=STALE), "me", LATER, 60),
    ),
    Case(
        template="lease-replace",
        state="another one of that name",
        ask=lambda kube: requests.lease_replace(replace(the_lease(kube), uid=ANOTHER_UID), "me", LATER, 60),
    ),
    Case(
        template="lease-replace",
        state="gone",
        ask=lambda kube: requests.lease_replace(the_lost_lease(kube), "me", LATER, 60),
    ),
    Case(template="lease-delete", state="mine", ask=lambda kube: requests.lease_delete(the_lease(kube))),
    Case(
        template="lease-delete",
        state="changed meanwhile",
        ask=lambda kube: requests.lease_delete(replace(the_lease(kube), resource_version=STALE)),
    ),
    Case(
        template="lease-delete",
        state="another one of that name",
        ask=lambda kube: requests.lease_delete(replace(the_lease(kube), uid=ANOTHER_UID)),
    ),
    Case(template="lease-delete", state="gone", ask=lambda kube: requests.lease_delete(the_lost_lease(kube))),
    Case(template="daemonsets", state="all well", ask=lambda _: requests.daemonsets()),
    Case(
        template="daemonsets", state="kured holds its lock", ask=lambda _: requests.daemonsets(), faults=("foreign-kured",)
    ),
    Case(template="tuppr", state="not installed", ask=lambda _: requests.tuppr()),
    Case(template="system-upgrade", state="not installed", ask=lambda _: requests.system_upgrade()),
    Case(template="access", state="patch nodes", ask=lambda _: requests.access("patch", "", "nodes")),
    Case(template="access", state="evict", ask=lambda _: requests.access("create", "", "pods", "eviction")),
    Case(template="access", state="leases", ask=lambda _: requests.access("update", "coordination.k8s.io", "leases")),
    Case(template="access", state="no such kind", ask=lambda _: requests.access("get", "nope.example", "nopes")),
)
