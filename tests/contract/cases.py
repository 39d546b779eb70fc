"""The table of requests that are put to an embedded and to a real API server which are in the same state."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from contract.states import (
    LATER,
    MARKS,
    NOW,
    Prepare,
    another_budget,
    attached,
    changed,
    checks,
    first_pod,
    in_phase,
    not_ready,
    one_evicted,
    postgres,
    removed,
    taken,
    the_lease,
    the_lost_lease,
    the_node,
    the_pod,
    the_postgres,
    the_same,
    web_budget,
)
from talops.domain.cni import KubeObject
from talops.domain.process import Kube, Request
from talops.tools import objects, requests

ANOTHER_UID = "00000000-0000-4000-8000-000000000000"
STALE = "1"
GONE: dict[str, str | None] = dict.fromkeys(MARKS)

Ask = Callable[[Kube], Request]


@dataclass(frozen=True, slots=True)
class Case:
    """One request in one state. `ask` knows its server only by what that answers: each is asked about its own."""

    template: str
    state: str
    ask: Ask
    prepare: Prepare = the_same
    faults: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.template}: {self.state}"


def evict_web(kube: Kube) -> Request:
    return requests.evict(the_pod(kube))


def evict_legacy(kube: Kube) -> Request:
    return requests.evict(the_pod(kube, "legacy"))


def evict_the_other(kube: Kube) -> Request:
    one_evicted(kube)
    return requests.evict(the_pod(kube, number=1))


def evict_again(kube: Kube) -> Request:
    one_evicted(kube)
    return requests.evict(the_pod(kube))


def see_it_leave(kube: Kube) -> Request:
    one_evicted(kube)
    return requests.pod("web", the_pod(kube).name)


def count_after_an_eviction(kube: Kube) -> Request:
    one_evicted(kube)
    return requests.budgets()


def see_mine(kube: Kube) -> Request:
    the_lease(kube)
    return requests.lease()


def cordon(kube: Kube, *, name: str = "w-1", version: str = "") -> Request:
    node = the_node(kube)
    node = replace(node, name=name, resource_version=version or node.resource_version)
    return requests.node_patch(node, annotations=MARKS, unschedulable=True)


def uncordon(kube: Kube) -> Request:
    return requests.node_patch(the_node(kube), annotations=GONE, unschedulable=False)


def _kinds(group: str, version: str) -> Ask:
    return lambda _: requests.api_resources(group, version)


def of_object(template: str, name: str = "cilium-config", namespace: str = "kube-system") -> Ask:
    """Reads or applies a ConfigMap as a CNI has one."""
    metadata = {"name": name, "namespace": namespace}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}}
    wanted = KubeObject(api_version="v1", kind="ConfigMap", namespace=namespace, name=name, body=body)
    kind = objects.Kind(api_version="v1", name="ConfigMap", plural="configmaps", namespaced=True)
    if template == "object":
        return lambda _: objects.read(kind, wanted)
    return lambda _: objects.apply(kind, wanted, force=False, dry_run=True)


CASES = (
    Case("api-core", "as it is", lambda _: objects.core_resources()),
    Case("version", "as it is", lambda _: objects.version()),
    Case("object", "not there", of_object("object")),
    Case("object", "no such namespace", of_object("object", namespace="nope")),
    Case("object-apply", "new, dry run", of_object("object-apply")),
    Case("object-apply", "no such namespace", of_object("object-apply", namespace="nope")),
    Case("helm-releases", "no Flux", lambda _: objects.helm_releases("v2")),
    Case("release-records", "none", lambda _: objects.release_records("kube-system", "cilium")),
    Case("signing-requests", "none", lambda _: objects.signing_requests()),
    Case("api-groups", "as it is", lambda _: requests.api_groups()),
    Case("api-resources", "Rook's", _kinds("ceph.rook.io", "v1")),
    Case("api-resources", "CNPG's", _kinds("postgresql.cnpg.io", "v1")),
    Case("api-resources", "no such group", _kinds("nope.example", "v1")),
    Case("api-resources", "no such version", _kinds("ceph.rook.io", "v7")),
    Case("nodes", "all well", lambda _: requests.nodes()),
    Case("nodes", "one is dead", lambda _: requests.nodes(), faults=("dead-node@w-2",)),
    Case("nodes", "one is cordoned", lambda _: requests.nodes(), changed("nodes", "w-1", "", taken)),
    Case("node", "all well", lambda _: requests.node("w-1")),
    Case("node", "not found", lambda _: requests.node("nope")),
    Case("node-patch", "cordon and mark", cordon),
    Case("node-patch", "mark only", lambda kube: requests.node_patch(the_node(kube), annotations=MARKS)),
    Case("node-patch", "uncordon and clear", uncordon, changed("nodes", "w-1", "", taken)),
    Case("node-patch", "nothing to clear", uncordon),
    Case("node-patch", "changed meanwhile", lambda kube: cordon(kube, version=STALE)),
    Case("node-patch", "not found", lambda kube: cordon(kube, name="nope")),
    Case("pods-on-node", "all well", lambda _: requests.pods_on("w-1")),
    Case("pods-on-node", "no such node", lambda _: requests.pods_on("nope")),
    Case("pods-labelled", "Rook's", lambda _: requests.pods_labelled(requests.ROOK_PODS)),
    Case("pods-labelled", "CNPG's", lambda _: requests.pods_labelled(requests.POSTGRES_PODS)),
    Case("pods-labelled", "none", lambda _: requests.pods_labelled("app=nope")),
    Case("pods-labelled", "no selector", lambda _: requests.pods_labelled("a b")),
    Case("pod", "all well", lambda kube: requests.pod("web", the_pod(kube).name)),
    Case("pod", "not found", lambda _: requests.pod("web", "nope")),
    Case("pod", "no such namespace", lambda _: requests.pod("nope", "nope")),
    Case("pod", "leaving", see_it_leave),
    Case("pod", "pending", lambda kube: requests.pod("web", the_pod(kube).name), in_phase("Pending")),
    Case("evict", "a budget allows it", evict_web),
    Case("evict", "a budget allows it, dry run", lambda kube: requests.evict(the_pod(kube), dry_run=True)),
    Case("evict", "no budget", lambda kube: requests.evict(the_pod(kube, "runner-1"))),
    Case("evict", "a budget forbids it", evict_legacy, faults=("pdb-blocks@w-3",)),
    Case(
        "evict",
        "a budget forbids it, dry run",
        lambda kube: requests.evict(the_pod(kube, "legacy"), dry_run=True),
        faults=("pdb-blocks@w-3",),
    ),
    Case(
        "evict",
        "a budget that lacks a pod",
        evict_web,
        web_budget(lambda status: status.update(disruptionsAllowed=0, currentHealthy=1)),
    ),
    Case("evict", "a budget that is spent", evict_the_other),
    Case("evict", "a budget that is still processed", evict_web, web_budget(lambda s: s.pop("observedGeneration"))),
    Case("evict", "two budgets", evict_web, another_budget),
    Case("evict", "leaving already", evict_again),
    Case("evict", "not found", lambda kube: requests.evict(replace(the_pod(kube), name="nope"))),
    Case("evict", "another of that name", lambda kube: requests.evict(replace(the_pod(kube), uid=ANOTHER_UID))),
    Case(
        "evict",
        "another of that name, dry run",
        lambda kube: requests.evict(replace(the_pod(kube), uid=ANOTHER_UID), dry_run=True),
    ),
    Case("evict", "pending", evict_web, in_phase("Pending")),
    Case("evict", "finished", evict_web, in_phase("Succeeded")),
    Case("evict", "not Ready, and enough others", evict_web, first_pod(not_ready)),
    Case("budgets", "all well", lambda _: requests.budgets()),
    Case("budgets", "one forbids", lambda _: requests.budgets(), faults=("pdb-blocks@w-3",)),
    Case("budgets", "one is spent", count_after_an_eviction),
    Case("ceph", "all well", lambda _: requests.ceph()),
    Case("ceph", "degraded", lambda _: requests.ceph(), checks("HEALTH_WARN", OSD_DOWN="1 osds down")),
    Case("ceph", "none", lambda _: requests.ceph(), removed("cephclusters", "rook-ceph", "rook-ceph")),
    Case("postgres", "all well", lambda _: requests.postgres()),
    Case(
        "postgres",
        "failing over",
        lambda _: requests.postgres(),
        postgres(lambda status: status.update(phase="Failing over", targetPrimary="postgres-2", readyInstances=2)),
    ),
    Case("postgres", "none", lambda _: requests.postgres(), removed("clusters", "postgres", "database")),
    Case("postgres-promote", "all well", lambda kube: requests.promote(the_postgres(kube), "postgres-2", NOW)),
    Case(
        "postgres-promote",
        "changed meanwhile",
        lambda kube: requests.promote(replace(the_postgres(kube), resource_version=STALE), "postgres-2", NOW),
    ),
    Case(
        "postgres-promote",
        "not found",
        lambda kube: requests.promote(replace(the_postgres(kube), name="nope"), "postgres-2", NOW),
    ),
    Case("attachments", "none", lambda _: requests.attachments()),
    Case("attachments", "attached", lambda _: requests.attachments(), attached()),
    Case("attachments", "stuck", lambda _: requests.attachments(), attached("the volume is busy")),
    Case("lease", "nobody's", lambda _: requests.lease()),
    Case("lease", "mine", see_mine),
    Case("lease", "somebody's", lambda _: requests.lease(), faults=("lease-held",)),
    Case("lease-create", "nobody's", lambda _: requests.lease_create("me", NOW, 60)),
    Case("lease-create", "somebody's", lambda _: requests.lease_create("me", NOW, 60), faults=("lease-held",)),
    Case("lease-replace", "mine", lambda kube: requests.lease_replace(the_lease(kube), "me", LATER, 60)),
    Case(
        "lease-replace",
        "somebody's",
        lambda kube: requests.lease_replace(the_lease(kube), "me", LATER, 60),
        faults=("lease-held",),
    ),
    Case(
        "lease-replace",
        "changed meanwhile",
        lambda kube: requests.lease_replace(replace(the_lease(kube), resource_version=STALE), "me", LATER, 60),
    ),
    Case(
        "lease-replace",
        "another of that name",
        lambda kube: requests.lease_replace(replace(the_lease(kube), uid=ANOTHER_UID), "me", LATER, 60),
    ),
    Case("lease-replace", "gone", lambda kube: requests.lease_replace(the_lost_lease(kube), "me", LATER, 60)),
    Case("lease-delete", "mine", lambda kube: requests.lease_delete(the_lease(kube))),
    Case(
        "lease-delete",
        "changed meanwhile",
        lambda kube: requests.lease_delete(replace(the_lease(kube), resource_version=STALE)),
    ),
    Case(
        "lease-delete",
        "another of that name",
        lambda kube: requests.lease_delete(replace(the_lease(kube), uid=ANOTHER_UID)),
    ),
    Case("lease-delete", "gone", lambda kube: requests.lease_delete(the_lost_lease(kube))),
    Case("daemonsets", "none", lambda _: requests.daemonsets()),
    Case("daemonsets", "kured holds its lock", lambda _: requests.daemonsets(), faults=("foreign-kured",)),
    Case("tuppr", "not installed", lambda _: requests.tuppr()),
    Case("system-upgrade", "not installed", lambda _: requests.system_upgrade()),
    Case("access", "patch nodes", lambda _: requests.access("patch", "", "nodes")),
    Case("access", "evict", lambda _: requests.access("create", "", "pods", "eviction")),
    Case("access", "leases", lambda _: requests.access("update", "coordination.k8s.io", "leases")),
    Case("access", "no such kind", lambda _: requests.access("get", "nope.example", "nopes")),
)
"""The first of each template is also asked by somebody whom RBAC allows nothing."""
BARE = (
    requests.api_groups(),
    requests.api_resources("ceph.rook.io", "v1"),
    requests.api_resources("postgresql.cnpg.io", "v1"),
    requests.ceph(),
    requests.postgres(),
    requests.tuppr(),
    requests.system_upgrade(),
    objects.helm_releases("v2"),
)
"""Asked of a server without any CustomResourceDefinition."""
