"""The embedded Kubernetes answers every request that talops makes as a real kube-apiserver 1.36 does."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from play import cluster

from contract.answers import Answer, Refusal, decoded, http, plain, raw, refusal, refused, shown
from contract.shapes import differences
from talops.domain.kubernetes import KubeNode, Lease, Pod, PostgresCluster
from talops.domain.process import Request, Response
from talops.sim.kube.api import KubeApi
from talops.sim.kube.objects import Object
from talops.sim.world import World
from talops.tools import requests
from talops.tools.templates import REQUEST_TEMPLATES

NOW = datetime(2026, 11, 23, 9, 30, 0, 123456, UTC)
ANOTHER_UID = "00000000-0000-4000-8000-000000000000"


def send(world: World, request: Request) -> Response:
    return world.kube.gather((request,))[0]


def as_bob(world: World, request: Request) -> Response:
    """The same, from somebody whom RBAC allows nothing."""
    api = KubeApi(world.truth.cluster.store, user="bob")
    api.deny = api.forbidden
    status, body = api.handle(request.method, request.path, request.body, request.content_type)
    return Response(status=status, body=body)


def stored(world: World, plural: str, name: str, namespace: str = "") -> Object:
    found = world.truth.cluster.store.get(plural, name, namespace)
    assert found is not None
    return found


def node_of(world: World, *, version: str = "") -> KubeNode:
    now = stored(world, "nodes", "w-1")["metadata"]["resourceVersion"]
    return KubeNode(name="w-1", addresses=(), ready=True, resource_version=version or now)


def postgres_of(world: World, *, version: str = "", name: str = "postgres") -> PostgresCluster:
    now = stored(world, "clusters", "postgres", "database")["metadata"]["resourceVersion"]
    none: dict[str, Any] = {"wanted": 3, "instances": 3, "ready": 3, "phase": "", "phase_reason": "", "primary": ""}
    return PostgresCluster(
        namespace="database",
        name=name,
        target_primary="",
        ready_condition=True,
        reported_primaries=(),
        reported=3,
        resource_version=version or now,
        **none,
    )


def pod_of(namespace: str, name: str, uid: str = "") -> Pod:
    return Pod(namespace=namespace, name=name, uid=uid, node="", phase="Running", ready=True)


def first_pod(world: World, namespace: str) -> Pod:
    found = next(pod for pod in world.truth.cluster.store.all("pods") if pod["metadata"]["namespace"] == namespace)
    return pod_of(namespace, found["metadata"]["name"], found["metadata"]["uid"])


def another_budget(world: World, namespace: str) -> None:
    metadata = {"name": f"{namespace}-too", "namespace": namespace}
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": namespace}}}
    body: Object = {"kind": "PodDisruptionBudget", "apiVersion": "policy/v1", "metadata": metadata, "spec": spec}
    world.truth.cluster.store.create("poddisruptionbudgets", body)


def lease_of(world: World, *, version: str = "", uid: str = "") -> Lease:
    """The Lease as it is held now, or as somebody remembers it."""
    created = send(world, requests.lease_create("me", NOW, 60))
    assert created.status in {201, 409}
    now = stored(world, "leases", "talops", "kube-system")["metadata"]
    return Lease(
        holder="me",
        renewed="2026-11-23T09:30:00.123456Z",
        duration_seconds=60,
        resource_version=version or now["resourceVersion"],
        uid=uid or now["uid"],
        transitions=0,
        acquired="2026-11-23T09:30:00.123456Z",
    )


def held_already(world: World, request: Request) -> Response:
    lease_of(world)
    return send(world, request)


def terminating(world: World) -> Response:
    victim = first_pod(world, "web")
    assert send(world, requests.evict(victim)).status == 201
    return send(world, requests.pod(victim.namespace, victim.name))


def replaced_after_it_was_gone(world: World) -> Response:
    held = lease_of(world)
    assert send(world, requests.lease_delete(held)).status == 200
    return send(world, requests.lease_replace(held, "me", NOW, 60))


def blocked(world: World) -> Response:
    return send(world, requests.evict(first_pod(world, "legacy"), dry_run=True))


def still_processed(world: World) -> Response:
    another_budget(world, "jobs")
    store, victim = world.truth.cluster.store, first_pod(world, "jobs")

    def label(pod: Object) -> None:
        pod["metadata"]["labels"] = {"app": "jobs"}

    store.update("pods", victim.name, "jobs", label)
    return send(world, requests.evict(victim, dry_run=True))


def two_budgets(world: World) -> Response:
    another_budget(world, "web")
    world.advance(2)
    return send(world, requests.evict(first_pod(world, "web"), dry_run=True))


Ask = Callable[[World], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request to the embedded cluster, and what a real server answered to such a one."""

    template: str
    capture: str
    real: Callable[[], Answer | Refusal]
    ask: Ask
    faults: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()
    """Keys of objects that are pinned elsewhere."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Differences that are meant, by path, with the reason."""


MANAGED = "bookkeeping of field managers, which nobody reads"
SCHEDULER = "what admission and the scheduler fill in, which no drain and no gate reads"
KUBELET = "what the kubelet adds to a status, which no gate reads"
HIDDEN = {"metadata.managedFields": "kubectl does not show them"}
SHORT = {"metadata.managedFields": MANAGED}
_NODE = {
    "metadata.annotations": "the nodes of the capture have none; talops marks its nodes with them",
    "spec.providerID": "the capture's nodes say who made them; ours are bare metal",
    "spec.taints": "the capture has no controller manager: its nodes keep the taint of a new node",
    "spec.unschedulable": "the node of the capture is not cordoned",
    "status.daemonEndpoints": KUBELET,
}
_POD_SPEC = (
    "dnsPolicy",
    "enableServiceLinks",
    "preemptionPolicy",
    "priority",
    "restartPolicy",
    "schedulerName",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "terminationGracePeriodSeconds",
    "tolerations",
)
_CONTAINER = ("imagePullPolicy", "resources", "terminationMessagePath", "terminationMessagePolicy", "volumeMounts")
_ADDRESSES = ("hostIP", "podIP", "podIPs", "startTime")
_POD = {
    **{f"spec.{word}": SCHEDULER for word in _POD_SPEC},
    **{f"spec.containers[].{word}": SCHEDULER for word in _CONTAINER},
    **{f"status.{word}": "the pods of the capture ran on no machine" for word in _ADDRESSES},
    "spec.volumes": "every pod of the capture has its service account's volume; ours have those that matter to a drain",
    "status.conditions[].lastProbeTime": KUBELET,
    "status.qosClass": KUBELET,
}
MAPS = frozenset(
    {
        *(f"{at}metadata.{word}" for at in ("", "items[].", "[].") for word in ("labels", "annotations")),
        *(f"{at}status.{word}" for at in ("", "items[].") for word in ("capacity", "allocatable")),
        *(f"{at}spec.selector.matchLabels" for at in ("", "[].")),
    }
)


def each(known: Mapping[str, str], *but: str, at: str = "items[].", managed: bool = True) -> dict[str, str]:
    """Differences of one object, for each object of a list."""
    everything = {**known, **(SHORT if managed else {})}
    return {f"{at}{path}": why for path, why in everything.items() if path not in but}


def nodes_page(world: World) -> Response:
    return send(world, requests.nodes())


def items(name: str) -> Callable[[], Answer]:
    """The objects of a List that kubectl made of the server's own."""
    return lambda: Answer(status=200, body=shown(name).body["items"], raw=False)


CUSTOM = frozenset({"spec", "status"})
READS = (
    Case(
        template="api-groups",
        capture="apis-plain",
        real=lambda: http("apis-plain"),
        ask=lambda world: send(world, requests.api_groups()),
    ),
    Case(
        template="api-groups",
        capture="get-raw-apis-after-crds",
        real=lambda: raw("get-raw-apis-after-crds"),
        ask=lambda world: send(world, requests.api_groups()),
    ),
    Case(
        template="api-resources",
        capture="get-raw-apis-ceph-v1",
        real=lambda: raw("get-raw-apis-ceph-v1"),
        ask=lambda world: send(world, requests.api_resources("ceph.rook.io", "v1")),
    ),
    Case(
        template="api-resources",
        capture="get-raw-apis-cnpg-v1",
        real=lambda: raw("get-raw-apis-cnpg-v1"),
        ask=lambda world: send(world, requests.api_resources("postgresql.cnpg.io", "v1")),
    ),
    Case(
        template="nodes",
        capture="nodes-list",
        real=lambda: http("nodes-list"),
        ask=nodes_page,
        known=each(_NODE, "metadata.annotations", "spec.unschedulable"),
    ),
    Case(
        template="node",
        capture="get-node-one-json",
        real=lambda: shown("get-node-one-json"),
        ask=lambda world: send(world, requests.node("w-1")),
        known=each(_NODE, "metadata.annotations", "spec.unschedulable", at="", managed=False),
    ),
    Case(
        template="node-patch",
        capture="get-node-cordoned-json",
        real=lambda: shown("get-node-cordoned-json"),
        ask=lambda world: send(
            world, requests.node_patch(node_of(world), annotations={"talops.dev/x": "y"}, unschedulable=True)
        ),
        known=each(_NODE, "spec.unschedulable", at="", managed=False),
    ),
    Case(
        template="pods-on-node",
        capture="pods-fieldselector",
        real=lambda: http("pods-fieldselector"),
        ask=lambda world: send(world, requests.pods_on("w-3")),
        known=each(_POD),
    ),
    Case(
        template="pods-on-node",
        capture="get-raw-pods-on-node",
        real=lambda: raw("get-raw-pods-on-node"),
        ask=lambda world: send(world, requests.pods_on("w-3")),
        known=each(_POD),
    ),
    Case(
        template="pods-labelled",
        capture="get-raw-pods-on-node",
        real=lambda: raw("get-raw-pods-on-node"),
        ask=lambda world: send(world, requests.pods_labelled(requests.POSTGRES_PODS)),
        known=each(_POD),
    ),
    Case(
        template="pod",
        capture="get-pod-terminating-json",
        real=lambda: shown("get-pod-terminating-json"),
        ask=terminating,
        known=each(_POD, at="", managed=False),
    ),
    Case(
        template="budgets",
        capture="get-pdb-json",
        real=items("get-pdb-json"),
        ask=lambda world: _items(send(world, requests.budgets())),
    ),
    Case(
        template="ceph",
        capture="get-raw-cephclusters",
        real=lambda: raw("get-raw-cephclusters"),
        ask=lambda world: send(world, requests.ceph()),
        without=CUSTOM,
        known=each({}),
    ),
    Case(
        template="postgres",
        capture="get-cnpg-list-json",
        real=items("get-cnpg-list-json"),
        ask=lambda world: _items(send(world, requests.postgres())),
        without=CUSTOM,
    ),
    Case(
        template="postgres-promote",
        capture="get-cnpg-json",
        real=lambda: shown("get-cnpg-json"),
        ask=lambda world: send(world, requests.promote(postgres_of(world), "postgres-2", NOW)),
        without=CUSTOM,
    ),
    Case(
        template="lease",
        capture="get-lease-json",
        real=lambda: shown("get-lease-json"),
        ask=lambda world: held_already(world, requests.lease()),
        known=HIDDEN,
    ),
    Case(
        template="lease-create",
        capture="create-lease",
        real=lambda: shown("create-lease", 201),
        ask=lambda world: send(world, requests.lease_create("me", NOW, 60)),
        known=HIDDEN,
    ),
    Case(
        template="lease-create",
        capture="lease-create-201",
        real=lambda: http("lease-create-201"),
        ask=lambda world: send(world, requests.lease_create("me", NOW, 60)),
        known={
            path + word: "the capture sends two fields only"
            for word in ("acquireTime", "leaseTransitions", "renewTime")
            for path in ("spec.", "metadata.managedFields[].fieldsV1.f:spec.f:")
        },
    ),
    Case(
        template="lease-replace",
        capture="replace-raw-lease-ok",
        real=lambda: raw("replace-raw-lease-ok"),
        ask=lambda world: send(world, requests.lease_replace(lease_of(world), "me", NOW, 60)),
    ),
    Case(
        template="evict",
        capture="evict-201-dryrun",
        real=lambda: http("evict-201-dryrun"),
        ask=lambda world: send(world, requests.evict(first_pod(world, "jobs"), dry_run=True)),
    ),
)
REFUSALS = (
    Case(
        template="nodes",
        capture="get-403",
        real=lambda: http("get-403"),
        ask=lambda world: as_bob(world, requests.nodes()),
    ),
    Case(
        template="lease-create",
        capture="forbidden-create-lease",
        real=lambda: refused("forbidden-create-lease"),
        ask=lambda world: as_bob(world, requests.lease_create("me", NOW, 60)),
    ),
    Case(
        template="node",
        capture="get-404-object",
        real=lambda: http("get-404-object"),
        ask=lambda world: send(world, requests.node("nope")),
    ),
    Case(
        template="pod",
        capture="pod-delete-404",
        real=lambda: http("pod-delete-404"),
        ask=lambda world: send(world, requests.pod("jobs", "nope")),
    ),
    Case(
        template="lease",
        capture="get-lease-notfound",
        real=lambda: refused("get-lease-notfound"),
        ask=lambda world: send(world, requests.lease()),
    ),
    Case(
        template="lease-delete",
        capture="delete-lease-notfound",
        real=lambda: refused("delete-lease-notfound"),
        ask=lambda world: send(world, requests.lease_delete(_gone(world))),
    ),
    Case(
        template="evict",
        capture="evict-raw-notfound",
        real=lambda: refused("evict-raw-notfound"),
        ask=lambda world: send(world, requests.evict(pod_of("jobs", "nope", ANOTHER_UID), dry_run=True)),
    ),
    Case(
        template="postgres-promote",
        capture="patch-cnpg-notfound",
        real=lambda: refused("patch-cnpg-notfound"),
        ask=lambda world: send(world, requests.promote(postgres_of(world, name="nope"), "postgres-2", NOW)),
    ),
    Case(
        template="node-patch",
        capture="patch-lease-merge-rv-conflict",
        real=lambda: refused("patch-lease-merge-rv-conflict"),
        ask=lambda world: send(world, requests.node_patch(node_of(world, version="1"), annotations={"a": "b"})),
    ),
    Case(
        template="postgres-promote",
        capture="patch-cnpg-promote-conflict",
        real=lambda: refused("patch-cnpg-promote-conflict"),
        ask=lambda world: send(world, requests.promote(postgres_of(world, version="1"), "postgres-2", NOW)),
    ),
    Case(
        template="lease-create",
        capture="lease-create-409",
        real=lambda: http("lease-create-409"),
        ask=lambda world: held_already(world, requests.lease_create("me", NOW, 60)),
    ),
    Case(
        template="lease-replace",
        capture="lease-put-409",
        real=lambda: http("lease-put-409"),
        ask=lambda world: send(world, requests.lease_replace(lease_of(world, version="1"), "me", NOW, 60)),
    ),
    Case(
        template="lease-replace",
        capture="replace-lease-notfound-with-rv-uid",
        real=lambda: refused("replace-lease-notfound-with-rv-uid"),
        ask=lambda world: send(world, requests.lease_replace(lease_of(world, uid=ANOTHER_UID), "me", NOW, 60)),
    ),
    Case(
        template="lease-delete",
        capture="delete-raw-lease-precondition-uid",
        real=lambda: refused("delete-raw-lease-precondition-uid"),
        ask=lambda world: send(world, requests.lease_delete(lease_of(world, uid=ANOTHER_UID))),
    ),
    Case(
        template="lease-delete",
        capture="delete-raw-lease-precondition-rv",
        real=lambda: refused("delete-raw-lease-precondition-rv"),
        ask=lambda world: send(world, requests.lease_delete(lease_of(world, version="1"))),
    ),
    Case(
        template="evict",
        capture="evict-429-violates",
        real=lambda: http("evict-429-violates"),
        ask=blocked,
        faults=("pdb-blocks@w-3",),
    ),
    Case(
        template="evict",
        capture="evict-429-still-processed",
        real=lambda: http("evict-429-still-processed"),
        ask=still_processed,
    ),
    Case(
        template="evict",
        capture="evict-raw-two-pdbs-500",
        real=lambda: refused("evict-raw-two-pdbs-500"),
        ask=two_budgets,
    ),
)
MISSING = (
    Case(
        template="tuppr",
        capture="get-404-path",
        real=lambda: http("get-404-path"),
        ask=lambda world: send(world, requests.tuppr()),
    ),
    Case(
        template="system-upgrade",
        capture="get-404-path",
        real=lambda: http("get-404-path"),
        ask=lambda world: send(world, requests.system_upgrade()),
    ),
    Case(
        template="api-resources",
        capture="get-404-path",
        real=lambda: http("get-404-path"),
        ask=lambda world: send(world, requests.api_resources("nope.example", "v1")),
    ),
)
UNPINNED: Mapping[str, str] = MappingProxyType(
    {
        "access": "no raw capture of a SelfSubjectAccessReview: kubectl prints yes or no",
        "attachments": "no capture of a VolumeAttachment, and the cluster has none; its list is pinned as one of many",
        **dict.fromkeys(
            ("api-core", "version", "object", "object-apply", "helm-releases", "release-records", "signing-requests"),
            "compared with the real server itself, in test_contract_apiserver.py and …_apply.py",
        ),
        "daemonsets": "no capture of a DaemonSet; its list is pinned as one of many",
    }
)


def _items(response: Response) -> Response:
    """The objects of a list, as kubectl would put them into its own: each with its kind."""
    body = json.loads(response.body)
    head = {"apiVersion": body["apiVersion"], "kind": body["kind"].removesuffix("List")}
    items = [{**head, **one} for one in body["items"]]
    return Response(status=response.status, body=json.dumps({"items": items}).encode())


def _gone(world: World) -> Lease:
    held = lease_of(world)
    assert send(world, requests.lease_delete(held)).status == 200
    return held


def named(case: Case) -> str:
    return f"{case.template}-{case.capture}"


def world_of(case: Case) -> World:
    world = cluster(*case.faults).world
    world.advance(3)
    return world


def test_every_request_template_is_pinned_or_says_why_not() -> None:
    pinned = {case.template for case in (*READS, *REFUSALS, *MISSING)}
    assert pinned | set(UNPINNED) == set(REQUEST_TEMPLATES)
    assert not pinned & set(UNPINNED)


@pytest.mark.parametrize("case", READS, ids=named)
def test_an_answer_has_the_status_the_keys_and_the_types_of_the_real_one(case: Case) -> None:
    real = case.real()
    assert isinstance(real, Answer)
    answer = case.ask(world_of(case))
    assert answer.status == real.status
    ours = decoded(answer.body)
    if isinstance(real.body, list):
        ours = ours["items"]
    assert ours
    assert differences([_cut(ours, case)], [_cut(real.body, case)], maps=MAPS, known=case.known) == []


def _cut(found: Any, case: Case) -> Any:
    """Without what is pinned elsewhere."""
    if not case.without:
        return found
    if isinstance(found, list):
        return [_cut(one, case) for one in found]
    if "items" in found:
        return {**found, "items": _cut(found["items"], case)}
    return {key: value for key, value in found.items() if key not in case.without}


@pytest.mark.parametrize("case", REFUSALS, ids=named)
def test_a_refusal_has_the_code_the_reason_and_the_words_of_the_real_one(case: Case) -> None:
    real, answer = case.real(), case.ask(world_of(case))
    ours = refusal(answer.status, answer.body)
    if isinstance(real, Refusal):
        assert ours == real
        return
    assert ours == Refusal(status=real.status, reason=real.body["reason"], message=plain(real.body["message"]))
    body = decoded(answer.body)
    assert differences([body], [real.body]) == []
    assert list(map(plain, _causes(body))) == list(map(plain, _causes(real.body)))


def _causes(body: Any) -> list[str]:
    return [f"{cause['reason']}: {cause['message']}" for cause in body.get("details", {}).get("causes", ())]


@pytest.mark.parametrize("case", MISSING, ids=named)
def test_a_kind_that_nobody_registered_is_a_page_that_is_not_there(case: Case) -> None:
    real, answer = case.real(), case.ask(world_of(case))
    assert isinstance(real, Answer)
    told = Response.of(real.status, real.body.encode())
    assert (answer.status, answer.error) == (told.status, told.error) == (None, "404 page not found")


@pytest.mark.parametrize(
    "request_", [requests.attachments(), requests.daemonsets(), requests.budgets()], ids=lambda r: r.template
)
def test_a_list_without_a_capture_is_headed_like_the_list_of_nodes(request_: Request) -> None:
    real = http("nodes-list").body
    ours = decoded(send(cluster().world, request_).body)
    assert differences([{**ours, "items": []}], [{**real, "items": []}]) == []
    assert list(ours) == list(real)


def test_an_empty_list_of_custom_objects_is_spelled_as_the_real_one() -> None:
    world = cluster().world
    world.truth.cluster.store.remove("cephclusters", "rook-ceph", "rook-ceph")
    real, ours = raw("get-raw-cephclusters-empty").body, decoded(send(world, requests.ceph()).body)
    assert list(ours) == list(real)
    assert {**ours, "metadata": {}} == {**real, "metadata": {}}
    assert differences([ours], [real]) == []


def test_a_new_budget_counts_nothing_until_its_controller_has_seen_it() -> None:
    world = cluster().world
    another_budget(world, "jobs")
    real = shown("get-pdb-json-nostatus").body["items"]
    assert real
    assert all(stored(world, "poddisruptionbudgets", "jobs-too", "jobs")["status"] == one["status"] for one in real)


def test_a_lease_that_is_gone_is_not_made_again_by_its_renewal() -> None:
    real = refused("replace-lease-notfound-with-rv-uid")
    answer = replaced_after_it_was_gone(cluster().world)
    ours = refusal(answer.status, answer.body)
    assert (ours.status, ours.reason) == (real.status, real.reason)
    # the object of the capture was there; of one that is not, there is no UID to tell
    assert ours.message == real.message.replace("UID in object meta: UUID", "UID in object meta: ")


@pytest.mark.parametrize(("path", "capture"), [("/api", "api-plain"), ("/version", "version"), ("/apis", "apis-plain")])
def test_the_server_introduces_itself_like_the_real_one(path: str, capture: str) -> None:
    status, body = KubeApi(cluster().world.truth.cluster.store).handle("GET", path)
    real = http(capture)
    assert status == real.status
    assert differences([decoded(body)], [real.body]) == []


def test_every_built_in_group_of_the_embedded_server_is_one_of_the_real_server() -> None:
    ours = decoded(send(cluster().world, requests.api_groups()).body)["groups"]
    real = raw("get-raw-apis-after-crds").body["groups"]
    versions = {group["name"]: {row["version"] for row in group["versions"]} for group in real}
    assert {group["name"] for group in ours} <= set(versions)
    assert all(row["version"] in versions[group["name"]] for group in ours for row in group["versions"])


@pytest.mark.parametrize(("group", "capture"), [("ceph.rook.io", "ceph"), ("postgresql.cnpg.io", "cnpg")])
def test_a_resource_is_discovered_under_the_name_and_with_the_verbs_of_the_real_one(group: str, capture: str) -> None:
    ours = decoded(send(cluster().world, requests.api_resources(group, "v1")).body)["resources"]
    real = {row["name"]: row for row in raw(f"get-raw-apis-{capture}-v1").body["resources"]}
    for row in ours:
        told = real[row["name"]]
        assert {key: row[key] for key in ("kind", "namespaced", "singularName", "verbs")} == {
            key: told[key] for key in ("kind", "namespaced", "singularName", "verbs")
        }
    assert ours


def test_a_selector_on_an_unknown_field_is_refused_as_by_the_real_one() -> None:
    path = "/api/v1/pods?fieldSelector=spec.bogus%3Dw-1"
    status, body = KubeApi(cluster().world.truth.cluster.store).handle("GET", path)
    assert (status, decoded(body)) == (
        http("pods-fieldselector-bad-400").status,
        http("pods-fieldselector-bad-400").body,
    )
