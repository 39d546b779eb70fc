"""States of a cluster that requests are put to, and what a request names: found out by asking, as talops does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from talops.domain.kubernetes import KubeNode, Lease, Pod, PostgresCluster
from talops.domain.process import Kube, Request, Response
from talops.sim.kube.objects import Object, Resource
from talops.sim.world import World
from talops.tools import kubernetes, operators, requests

NOW = datetime(2026, 11, 23, 9, 30, 0, 123456, UTC)
LATER = NOW + timedelta(seconds=15)
MARKS = {"talops.dev/in-flight": '{"run":"r","action":"drain"}', "talops.dev/cordoned-by": "r"}
TUPPR = Resource(
    group="tuppr.home-operations.com",
    version="v1alpha1",
    plural="talosupgrades",
    kind="TalosUpgrade",
    namespaced=False,
    custom=True,
    status=True,
)
SYSTEM_UPGRADE = Resource(
    group="upgrade.cattle.io", version="v1", plural="plans", kind="Plan", custom=True, status=True
)

Prepare = Callable[[World], None]


def send(kube: Kube, request: Request) -> Response:
    return kube.gather((request,))[0]


def the_node(kube: Kube, name: str = "w-1") -> KubeNode:
    found = kubernetes.node(send(kube, requests.node(name)))
    assert isinstance(found, KubeNode)
    return found


def the_pod(kube: Kube, app: str = "web", number: int = 0) -> Pod:
    found = kubernetes.pods(send(kube, requests.pods_labelled(f"app={app}")))
    assert isinstance(found, tuple)
    return found[number]


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


def one_evicted(kube: Kube) -> None:
    """The first pod of `web` is on its way out."""
    assert send(kube, requests.evict(the_pod(kube))).status == 201


def changed(plural: str, name: str, namespace: str, change: Callable[[Object], object]) -> Prepare:
    def prepare(world: World) -> None:
        def write(found: Object) -> None:
            change(found)

        world.truth.cluster.store.update(plural, name, namespace, write)

    return prepare


def removed(plural: str, name: str, namespace: str) -> Prepare:
    return lambda world: world.truth.cluster.store.remove(plural, name, namespace)


def the_same(_world: World) -> None:
    """Healthy and settled."""


def first_pod(change: Callable[[Object], object]) -> Prepare:
    """Something happens to the first pod of `web`, which a budget covers."""

    def prepare(world: World) -> None:
        pods = world.truth.cluster.store.all("pods")
        name = min(pod["metadata"]["name"] for pod in pods if pod["metadata"]["namespace"] == "web")
        changed("pods", name, "web", change)(world)

    return prepare


def in_phase(phase: str) -> Prepare:
    def change(pod: Object) -> None:
        pod["status"] = {"phase": phase, "conditions": [{"type": "Ready", "status": "False"}]}

    return first_pod(change)


def web_budget(change: Callable[[Object], object]) -> Prepare:
    return changed("poddisruptionbudgets", "web", "web", lambda budget: change(budget["status"]))


def another_budget(world: World) -> None:
    body: Object = {"kind": "PodDisruptionBudget", "apiVersion": "policy/v1"}
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    metadata = {"name": "web-too", "namespace": "web"}
    world.truth.cluster.store.create("poddisruptionbudgets", {**body, "metadata": metadata, "spec": spec})


def attached(error: str = "") -> Prepare:
    def prepare(world: World) -> None:
        status: Object = {"attached": True}
        if error:
            status["detachError"] = {"message": error, "time": "2026-11-23T09:30:00Z"}
        spec = {"attacher": "csi.example.com", "nodeName": "w-1", "source": {"persistentVolumeName": "pv-1"}}
        body: Object = {"kind": "VolumeAttachment", "apiVersion": "storage.k8s.io/v1", "metadata": {"name": "csi-1"}}
        world.truth.cluster.store.create("volumeattachments", {**body, "spec": spec, "status": status})

    return prepare


def ceph(change: Callable[[Object], object]) -> Prepare:
    return changed("cephclusters", "rook-ceph", "rook-ceph", lambda found: change(found["status"]["ceph"]))


def checks(health: str, **details: str) -> Prepare:
    """Ceph complains."""
    rows = {code: {"severity": "HEALTH_WARN", "message": message} for code, message in details.items()}
    return ceph(lambda status: status.update(health=health, details=rows))


def postgres(change: Callable[[Object], object]) -> Prepare:
    return changed("clusters", "postgres", "database", lambda found: change(found["status"]))


def not_ready(found: Object) -> None:
    found["status"]["conditions"][0].update(status="False")


def taken(node: Object) -> None:
    """Cordoned and marked by talops, with annotations and taints of others."""
    node["metadata"]["annotations"] = {**MARKS, "example.com/other": "stays"}
    node["spec"] = {"unschedulable": True, "taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]}


def foreign_actors(world: World) -> None:
    """tuppr upgrades a node, and the system-upgrade-controller has a plan that is done and one that is not."""
    store = world.truth.cluster.store
    store.register(TUPPR)
    store.register(SYSTEM_UPGRADE)
    upgrade: Object = {"metadata": {"name": "talos"}, "status": {"phase": "InProgress"}}
    store.create("talosupgrades", {"apiVersion": TUPPR.api_version, "kind": TUPPR.kind, "spec": {}, **upgrade})
    head = {"apiVersion": SYSTEM_UPGRADE.api_version, "kind": SYSTEM_UPGRADE.kind}
    for name, applying in (("done", []), ("patch", ["w-1", "w-2"])):
        plan: Object = {"metadata": {"name": name, "namespace": "system-upgrade"}, "status": {"applying": applying}}
        store.create("plans", {**head, "spec": {}, **plan})
