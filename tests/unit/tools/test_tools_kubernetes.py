"""What an API server replies becomes values; anything else becomes Unknown with a reason, and never an empty list."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from captures import capture, captures
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus import corpus
from talops.domain.kubernetes import Attachment, Budget, CephCheck, ForeignActor, KubeNode, Lease, Pod
from talops.domain.process import Response
from talops.domain.talos import Unknown
from talops.tools import kubernetes, operators

HTTP = captures("outputs-real/apiserver-1.36.3-http")
KUBECTL = captures("outputs-real/kubectl-1.36.3", "outputs-real/kubectl-1.37.1")
READERS: dict[str, Callable[[Response], object]] = {
    "nodes": kubernetes.nodes,
    "node": kubernetes.node,
    "pods": kubernetes.pods,
    "pod": kubernetes.pod,
    "budgets": kubernetes.budgets,
    "attachments": kubernetes.attachments,
    "lease": kubernetes.lease,
    "api_groups": kubernetes.api_groups,
    "api_resources": kubernetes.api_resources,
    "access_allowed": kubernetes.access_allowed,
    "ceph": operators.ceph_clusters,
    "postgres": operators.postgres_clusters,
    "kured": operators.kured_locks,
    "tuppr": operators.tuppr_upgrades,
    "plans": operators.upgrade_plans,
}


def http(name: str) -> Response:
    return capture(corpus("outputs-real", "apiserver-1.36.3-http", f"{name}.txt")).response


def kubectl(name: str, status: int = 200) -> Response:
    taken = capture(corpus("outputs-real", "kubectl-1.37.1", f"{name}.txt"))
    return Response(status=status, body=taken.parts["stdout"])


def reply(found: object, status: int = 200) -> Response:
    return Response(status=status, body=json.dumps(found).encode())


def first_of(name: str) -> object:
    """The first object of what `kubectl get … -o json` printed: a List of its own making."""
    return json.loads(kubectl(name).body)["items"][0]


def listing(kind: str, *items: object) -> Response:
    return reply({"kind": kind, "apiVersion": "v1", "metadata": {}, "items": list(items)})


@pytest.mark.parametrize("path", HTTP, ids=lambda path: str(path.stem))
def test_every_reader_makes_something_of_every_real_reply_without_raising(path: Path) -> None:
    response = capture(path).response
    for name, read in READERS.items():
        answer = read(response)
        if response.status not in {200, 201}:
            expected = (Unknown, type(None)) if name == "lease" and response.status == 404 else Unknown
            assert isinstance(answer, expected)
    assert kubernetes.complaint(response)
    kubernetes.evict_outcome(response)


@pytest.mark.parametrize("path", KUBECTL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_kubectl_printed_never_makes_a_reader_raise(path: Path) -> None:
    taken = capture(path)
    for part in taken.parts.values():
        for status in (200, 404, 429, 500):
            response = Response(status=status, body=part)
            for read in READERS.values():
                read(response)
            kubernetes.evict_outcome(response)


@pytest.mark.parametrize("path", KUBECTL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_empty_list_that_kubectl_makes_up_when_it_fails_is_nothing_that_we_believe(path: Path) -> None:
    taken = capture(path)
    if taken.facts.get("exit") != "0" and b'"kind": "List"' in taken.parts.get("stdout", b""):
        response = Response(status=200, body=taken.parts["stdout"])
        assert all(isinstance(read(response), Unknown) for read in READERS.values())


def test_nodes_are_read_from_a_real_list() -> None:
    found = kubernetes.nodes(http("nodes-list"))
    assert isinstance(found, tuple)
    first = found[0]
    assert (first.name, first.addresses, first.boot_id, first.ready) == ("cp-1", ("10.5.0.10",), "boot-1", True)
    assert (first.kubelet_version, first.os_image, first.control_plane) == ("v1.36.3", "Talos (v1.13.9)", True)
    assert (first.unschedulable, first.taints) == (False, ("node.kubernetes.io/not-ready:NoSchedule",))
    assert (first.resource_version, first.ready_message) == ("391", "kubelet is posting ready status")
    assert len({node.name for node in found}) == len(found) == 6


def test_a_cordoned_node_is_read() -> None:
    found = kubernetes.node(kubectl("get-node-cordoned-json"))
    assert isinstance(found, KubeNode)
    assert (found.name, found.unschedulable, found.resource_version) == ("w-1", True, "441")


@pytest.mark.parametrize(("status", "ready"), [("True", True), ("False", False), ("Unknown", None), ("", None)])
def test_readiness_has_three_values(status: str, ready: bool | None) -> None:
    conditions = [{"type": "Ready", "status": status}] if status else []
    found = kubernetes.nodes(listing("NodeList", {"metadata": {"name": "n"}, "status": {"conditions": conditions}}))
    assert isinstance(found, tuple)
    assert found[0].ready is ready


def test_pods_are_read_from_a_real_list() -> None:
    found = kubernetes.pods(http("pods-fieldselector"))
    assert isinstance(found, tuple)
    pod = next(pod for pod in found if pod.name == "pg-9")
    assert (pod.namespace, pod.node, pod.uid) == ("db", "w-1", "d09c87bd-b2a6-440b-8120-27cd159f2c41")
    assert (pod.owner, pod.owner_name, pod.labels["cnpg.io/instanceRole"]) == ("Cluster", "pg", "primary")
    assert not pod.mirror
    assert not pod.terminating
    assert pod.empty_dirs == 0


def test_a_pod_on_its_way_out_is_terminating() -> None:
    found = kubernetes.pod(kubectl("get-pod-terminating-json"))
    assert isinstance(found, Pod)
    assert (found.terminating, found.ready, found.restarts_id) == (True, True, ("containerd://aaaa",))


def test_mirror_pods_bare_pods_and_empty_dirs_are_told() -> None:
    owner = {"kind": "Node", "name": "n", "controller": True}
    volumes = [{"name": "a", "emptyDir": {}}, {"name": "b", "hostPath": {}}, {"emptyDir": {"medium": "Memory"}}]
    annotations = {"kubernetes.io/config.mirror": "x"}
    mirror = {
        "metadata": {"name": "m", "annotations": annotations, "ownerReferences": [owner]},
        "spec": {"volumes": volumes},
    }
    job = {"kind": "Job", "name": "j"}
    bare = {"metadata": {"name": "b", "ownerReferences": [job]}, "status": {"phase": "Succeeded"}}
    found = kubernetes.pods(listing("PodList", mirror, bare))
    assert isinstance(found, tuple)
    assert (found[0].mirror, found[0].empty_dirs, found[0].owner) == (True, 2, "Node")
    assert (found[1].owner, found[1].finished) == ("", True)


def test_a_budget_without_status_is_not_current() -> None:
    found = kubernetes.budgets(listing("PodDisruptionBudgetList", first_of("get-pdb-json-nostatus")))
    assert isinstance(found, tuple)
    assert not found[0].current
    assert found[0].allowed == 0


def test_a_budget_with_status_is_read() -> None:
    found = kubernetes.budgets(listing("PodDisruptionBudgetList", first_of("get-pdb-json")))
    assert isinstance(found, tuple)
    assert found[0].current
    assert found[0].match_labels is not None


@pytest.mark.parametrize(
    ("selector", "labels"),
    [
        ({"matchLabels": {"app": "web"}}, {"app": "web"}),
        ({}, {}),
        (None, None),
        ({"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "x", "operator": "Exists"}]}, None),
    ],
)
def test_only_selectors_by_labels_are_told(selector: object, labels: dict[str, str] | None) -> None:
    item = {"metadata": {"name": "b"}, "spec": {"selector": selector}}
    found = kubernetes.budgets(listing("PodDisruptionBudgetList", item))
    assert found == (
        Budget(namespace="", name="b", allowed=0, healthy=0, desired=0, expected=0, current=False, match_labels=labels),
    )


def test_a_lease_is_read_and_its_absence_is_no_unknown() -> None:
    found = kubernetes.lease(http("lease-create-201"))
    assert found == Lease(
        holder="a", renewed="", duration_seconds=30, resource_version="568", uid="852cb5ca-55d1-4268-acb5-5fad9768d4fc"
    )
    assert kubernetes.lease(http("get-404-object")) is None
    assert isinstance(kubernetes.lease(http("get-404-path")), Unknown), "a 404 that is no Status proves nothing"
    assert isinstance(kubernetes.lease(Response(status=None, error="refused")), Unknown)


def test_an_attachment_is_read() -> None:
    item = {
        "metadata": {"name": "csi-1"},
        "spec": {"nodeName": "w-1", "source": {"persistentVolumeName": "pvc-1"}},
        "status": {"attached": True, "detachError": {"message": "device is busy"}},
    }
    found = kubernetes.attachments(listing("VolumeAttachmentList", item))
    assert found == (
        Attachment(name="csi-1", node="w-1", volume="pvc-1", attached=True, detach_error="device is busy"),
    )


def test_api_groups_are_read_with_their_versions() -> None:
    found = kubernetes.api_groups(kubectl("get-raw-apis-after-crds"))
    assert not isinstance(found, Unknown)
    assert found["ceph.rook.io"] == ("v1",)
    assert found["autoscaling"] == ("v2", "v1")
    before = kubernetes.api_groups(http("apis-plain"))
    assert not isinstance(before, Unknown)


def test_a_list_of_groups_that_lacks_what_every_cluster_has_proves_nothing() -> None:
    found = kubernetes.api_groups(reply({"kind": "APIGroupList", "groups": [{"name": "apps", "versions": []}]}))
    assert isinstance(found, Unknown)


def test_api_resources_are_read() -> None:
    found = kubernetes.api_resources(kubectl("get-raw-apis-cnpg-v1"))
    assert found == frozenset({"clusters", "clusters/status", "clusters/scale"})


@pytest.mark.parametrize("allowed", [True, False])
def test_access_is_a_yes_or_a_no(allowed: bool) -> None:
    review = {"kind": "SelfSubjectAccessReview", "status": {"allowed": allowed}}
    assert kubernetes.access_allowed(reply(review, status=201)) is allowed


def test_forbidden_is_told_apart_since_waiting_does_not_help() -> None:
    found = kubernetes.nodes(http("get-403"))
    assert found == Unknown(
        'nodes is forbidden: User "bob" cannot list resource "nodes" in API group "" at the cluster scope',
        forbidden=True,
    )


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (Response(status=None, error="dial tcp: refused"), "the Kubernetes API did not answer: dial tcp: refused"),
        (
            Response(status=401, body=b'{"kind":"Status","message":"Unauthorized"}'),
            "the Kubernetes API does not accept these credentials (401 Unauthorized)",
        ),
        (
            Response(status=503, body=b'{"kind":"Status","message":"starting"}'),
            "the Kubernetes API fails: starting (503)",
        ),
        (Response(status=502, body=b"<html>bad gateway</html>"), "the Kubernetes API fails: no message (502)"),
    ],
)
def test_a_refusal_has_its_reason_in_words(response: Response, words: str) -> None:
    assert kubernetes.nodes(response) == Unknown(words)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"kind":"Status"}',
        b'{"kind":"PodList","items":[]}',
        b'{"kind":"NodeList"}',
        b'{"kind":"NodeList","items":{}}',
        b'{"kind":"NodeList","items":[{}]}',
        b'{"kind":"NodeList","items":[{"metadata":{"name":7}}]}',
        b'{"kind":"NodeList","metadata":{"continue":"more"},"items":[]}',
        b'{"kind":"NodeList","metadata":{"continue":"more"},"items":[{"metadata":{"name":"n"}}]}',
        b'{"kind":"NodeList","items":[{"metadata":{"name":"n"}}',
        b'{"kind":"NodeList","x":{"items":[{"metadata":{"name":"n"}}]}}',
        b'{"kind":"Table","columnDefinitions":[]}',
        b"[" * 50_000,
    ],
)
def test_what_is_not_one_whole_list_of_its_kind_is_unknown(body: bytes) -> None:
    assert isinstance(kubernetes.nodes(Response(status=200, body=body)), Unknown)


def test_an_empty_list_is_empty() -> None:
    assert kubernetes.nodes(listing("NodeList")) == ()
    assert kubernetes.nodes(reply({"kind": "NodeList", "items": None})) == ()


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["as servers write it", "with blanks"])
def test_lists_are_cut_right_whatever_their_objects_contain(separators: tuple[str, str]) -> None:
    names = ["plain", 'a},{"metadata":{', '"items":[', "}]"]
    items = [
        {
            "metadata": {"name": name, "annotations": {"k": '},{"metadata":{"name":"x"}'}},
            "nested": [{"metadata": {}}, {"metadata": {"name": "inner"}}],
        }
        for name in names
    ]
    body = json.dumps({"kind": "NodeList", "items": items, "metadata": {"z": [{}]}}, separators=separators).encode()
    found = kubernetes.nodes(Response(status=200, body=body))
    assert isinstance(found, tuple)
    assert [node.name for node in found] == names


def test_unchanged_objects_of_a_changed_list_are_the_same_values() -> None:
    def body(second: str) -> Response:
        items = [{"metadata": {"name": "a"}}, {"metadata": {"name": second}}]
        text = json.dumps({"kind": "NodeList", "items": items}, separators=(",", ":"))
        return Response(status=200, body=text.encode())

    before, after = kubernetes.nodes(body("b")), kubernetes.nodes(body("c"))
    assert isinstance(before, tuple)
    assert isinstance(after, tuple)
    assert before[0] is after[0]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("evict-201-dryrun", kubernetes.Evicted()),
        ("pod-delete-404", kubernetes.Gone()),
        (
            "evict-429-violates",
            kubernetes.Blocked(
                ("pg-primary",), "The disruption budget pg-primary needs 1 healthy pods and has 1 currently"
            ),
        ),
        (
            "evict-429-still-processed",
            kubernetes.Blocked(
                ("pg-primary",), "The disruption budget pg-primary is still being processed by the server."
            ),
        ),
    ],
)
def test_an_eviction_names_what_blocks_it(name: str, outcome: kubernetes.EvictOutcome) -> None:
    assert kubernetes.evict_outcome(http(name)) == outcome


@pytest.mark.parametrize(
    ("response", "reason", "forbidden"),
    [
        (
            reply({"kind": "Status", "message": "This pod has more than one PodDisruptionBudget"}, 500),
            "This pod has more than one PodDisruptionBudget (500)",
            False,
        ),
        (reply({"kind": "Status", "message": "no"}, 403), "no", True),
        (reply({"kind": "Status", "message": "too many requests"}, 429), "too many requests (429)", False),
        (Response(status=404, body=b"404 page not found"), "404 page not found (404)", False),
        (Response(status=None, error="timeout"), "the Kubernetes API did not answer: timeout", False),
    ],
)
def test_any_other_refusal_of_an_eviction_is_denied(response: Response, reason: str, forbidden: bool) -> None:
    assert kubernetes.evict_outcome(response) == kubernetes.Denied(reason, forbidden)


def test_a_pod_of_the_same_name_but_another_uid_is_gone() -> None:
    conflict = reply({"kind": "Status", "reason": "Conflict", "message": "the UID in the precondition"}, 409)
    assert kubernetes.evict_outcome(conflict) == kubernetes.Gone()


def test_a_ceph_cluster_is_read_from_a_real_list() -> None:
    found = operators.ceph_clusters(kubectl("get-raw-cephclusters"))
    assert isinstance(found, tuple)
    (ceph,) = found
    assert (ceph.namespace, ceph.name, ceph.phase, ceph.state) == ("rook-ceph", "rook-ceph", "Ready", "Created")
    assert (ceph.health, ceph.monitors, ceph.external) == ("HEALTH_WARN", 3, False)
    assert ceph.checks == (CephCheck(code="OSD_DOWN", severity="HEALTH_WARN", message="1 osds down"),)
    assert (ceph.last_checked, ceph.mixed_versions, ceph.migrating_osds) == ("2026-11-23T01:00:00Z", False, 0)


def test_an_operator_without_clusters_has_an_empty_list() -> None:
    assert operators.ceph_clusters(kubectl("get-raw-cephclusters-empty")) == ()


def ceph(**spec_and_status: object) -> object:
    found = operators.ceph_clusters(listing("CephClusterList", {"metadata": {"name": "c"}, **spec_and_status}))
    assert isinstance(found, tuple)
    return found[0]


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ({"spec": {"external": {"enable": True}}}, "external", True),
        ({"spec": {"mon": {"count": 5}}}, "monitors", 5),
        ({"spec": {"healthCheck": {"daemonHealth": {"status": {"disabled": True}}}}}, "checks_disabled", True),
        ({"status": {"ceph": {"versions": {"overall": {"18": 3, "19": 1}}}}}, "mixed_versions", True),
        ({"status": {"storage": {"osd": {"migrationStatus": {"pending": 2}}}}}, "migrating_osds", 2),
        ({"metadata": {"name": "c", "deletionTimestamp": "2026-01-01T00:00:00Z"}}, "deleting", True),
    ],
)
def test_what_a_ceph_gate_asks_for_is_read(body: dict[str, object], field: str, value: object) -> None:
    assert getattr(ceph(**body), field) == value


def postgres(**body: object) -> object:
    found = operators.postgres_clusters(listing("ClusterList", {"metadata": {"name": "pg"}, **body}))
    assert isinstance(found, tuple)
    return found[0]


def test_a_postgres_cluster_is_read_from_a_real_list() -> None:
    found = operators.postgres_clusters(kubectl("startup-raw-cnpg-1"))
    assert isinstance(found, Unknown), "the capture is cut off in the middle"
    pg = json.loads(kubectl("get-cnpg-json").body)
    found = operators.postgres_clusters(listing("ClusterList", pg))
    assert isinstance(found, tuple)
    (cluster,) = found
    assert (cluster.namespace, cluster.name, cluster.wanted, cluster.instances, cluster.ready) == ("db", "pg", 3, 3, 3)
    assert (cluster.primary, cluster.reported_primaries, cluster.reported) == ("pg-1", ("pg-1",), 3)
    assert cluster.ready_condition is True
    assert not cluster.hibernated


def annotated(key: str, value: str) -> dict[str, object]:
    return {"metadata": {"name": "pg", "annotations": {key: value}}}


PRIMARY = {"isPrimary": True}
HIBERNATION = {"type": "cnpg.io/hibernation", "status": "True", "reason": "Hibernated"}


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        (annotated("cnpg.io/fencedInstances", '["*"]'), "fenced", True),
        (annotated("cnpg.io/fencedInstances", "not json"), "fenced", True),
        (annotated("cnpg.io/fencedInstances", "[]"), "fenced", False),
        (annotated("cnpg.io/reconciliationLoop", "disabled"), "reconciliation_disabled", True),
        (annotated("cnpg.io/hibernation", "on"), "hibernation_unsettled", True),
        (annotated("cnpg.io/hibernation", "off"), "hibernation_unsettled", False),
        (annotated("cnpg.io/hibernation", "on") | {"status": {"conditions": [HIBERNATION]}}, "hibernated", True),
        (
            annotated("cnpg.io/hibernation", "on") | {"status": {"conditions": [HIBERNATION]}},
            "hibernation_unsettled",
            False,
        ),
        (
            {"status": {"conditions": [HIBERNATION | {"status": "False", "reason": "WaitingPodsDeletion"}]}},
            "hibernation_unsettled",
            True,
        ),
        ({"spec": {"replica": {"enabled": True}}}, "replica_cluster", True),
        ({"spec": {"replica": {"primary": "other"}}}, "replica_cluster", True),
        ({"spec": {"replica": {"primary": "pg"}}}, "replica_cluster", False),
        ({"spec": {"replica": {"primary": "us", "self": "us"}}}, "replica_cluster", False),
        ({"status": {"danglingPVC": ["a"], "unusablePVC": ["b"]}}, "troubled_volumes", ("a", "b")),
        ({"status": {"switchReplicaClusterStatus": {"inProgress": True}}}, "switching_replica", True),
        (
            {"status": {"conditions": [{"type": "ConsistentSystemID", "status": "False"}]}},
            "consistent_system_id",
            False,
        ),
        (
            {"status": {"instancesReportedState": {"b": {"isPrimary": True}, "a": {"isPrimary": True}}}},
            "reported_primaries",
            ("a", "b"),
        ),
    ],
)
def test_what_a_postgres_gate_asks_for_is_read(body: dict[str, object], field: str, value: object) -> None:
    assert getattr(postgres(**body), field) == value


def daemonset(lock: str | None) -> object:
    annotations = {"weave.works/kured-node-lock": lock} if lock is not None else {}
    return {"metadata": {"name": "kured", "namespace": "kube-system", "annotations": annotations}}


@pytest.mark.parametrize(
    ("lock", "holders"),
    [
        (None, []),
        ("", []),
        ('{"nodeID":"w-1","metadata":{"unschedulable":false},"TTL":0}', ["node w-1"]),
        ('{"maxOwners":2,"locks":[{"nodeID":"w-1"},{"nodeID":"w-2"}]}', ["node w-1", "node w-2"]),
        ('{"maxOwners":2,"locks":[]}', []),
        ("broken", ["somebody"]),
    ],
)
def test_who_holds_the_lock_of_kured(lock: str | None, holders: list[str]) -> None:
    found = operators.kured_locks(listing("DaemonSetList", daemonset(None), daemonset(lock)))
    where = "holds the reboot lock of DaemonSet kube-system/kured"
    assert found == tuple(ForeignActor(tool="kured", what=f"{holder} {where}") for holder in holders)


@pytest.mark.parametrize(
    ("phase", "suspended", "at_work"),
    [
        ("", False, False),
        ("Completed", False, False),
        ("Failed", False, False),
        ("Pending", False, True),
        ("Pending", True, False),
        ("Upgrading", True, True),
        ("SomethingNew", False, True),
    ],
)
def test_tuppr_is_at_work_unless_it_says_that_it_rests(phase: str, suspended: bool, at_work: bool) -> None:
    annotations = {"tuppr.home-operations.com/suspend": "true"} if suspended else {}
    item = {"metadata": {"name": "cluster", "annotations": annotations}, "status": {"phase": phase}}
    found = operators.tuppr_upgrades(listing("TalosUpgradeList", item))
    assert bool(found) is at_work


def test_a_plan_that_is_applying_names_its_nodes() -> None:
    busy = {"metadata": {"name": "os", "namespace": "cattle"}, "status": {"applying": ["w-1", "w-2"]}}
    idle = {"metadata": {"name": "idle", "namespace": "cattle"}, "status": {}}
    assert operators.upgrade_plans(listing("PlanList", busy, idle)) == (
        ForeignActor(tool="system-upgrade-controller", what="plan cattle/os is applying to w-1, w-2"),
    )


SAMPLES = [capture(path).parts["body"] for path in HTTP if capture(path).facts["status"] == "200"] or [b"{}"]

POISON = [b"{", b"}", b"]", b"null", b"-1", b"1e999", b"\\udc00", b"true"]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    text = bytearray(draw(st.sampled_from(SAMPLES))[:20_000])
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(text)))
        match draw(st.integers(0, 2)):
            case 0:
                del text[at : at + draw(st.integers(1, 100))]
            case 1:
                text[at:at] = draw(st.binary(max_size=10))
            case _:
                text[at : at + 1] = draw(
                    st.sampled_from([b"{", b"}", b"]", b"null", b"-1", b"1e999", b"\\udc00", b"true"])
                )
    return bytes(text)


@settings(max_examples=200, deadline=None)
@given(mutated(), st.sampled_from([None, 200, 201, 404, 409, 429, 500]))
def test_mutated_replies_never_raise(body: bytes, status: int | None) -> None:
    response = Response(status=status, body=body)
    for read in READERS.values():
        read(response)
    kubernetes.evict_outcome(response)
    assert kubernetes.complaint(response)
