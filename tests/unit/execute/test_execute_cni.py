"""The parts of `install cni` that ask nobody: what differs, what is hidden, what is kept, and what is not up."""

import json

import pytest

from talops.domain.cni import FieldChange, KubeObject
from talops.domain.kubernetes import KubeNode
from talops.domain.process import Response
from talops.domain.talos import Unknown
from talops.domain.workload import PodState, SigningRequest, Workload
from talops.execute.cni.applying import ordered
from talops.execute.cni.compare import changes, has_all, kept, left_over, with_selector
from talops.execute.cni.state import Seen, approvals, lacks, only_unapproved
from talops.tools import workloads
from talops.tools.objects import conflicts

META = {"name": "a", "namespace": "b"}


def a(kind: str, **fields: object) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": kind, "metadata": dict(META), **fields}


def wanted(body: dict[str, object]) -> KubeObject:
    return KubeObject(api_version="v1", kind=str(body["kind"]), namespace="b", name="a", body=body)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (a("ConfigMap", data={"k": "1"}), a("ConfigMap", data={"k": "2"}), ("data.k", "1", "2")),
        (a("ConfigMap"), a("ConfigMap", data={"a.b/c": "2"}), ("data", "", "(1 values)")),
        (a("ConfigMap", data={"a.b": "x"}), a("ConfigMap", data={"a.b": "y"}), ('data["a.b"]', "x", "y")),
        (a("Secret", data={"k": "1"}), a("Secret", data={"k": "2"}), ("data.k", "(hidden)", "(hidden)")),
        (
            a("Pod", spec={"env": [{"name": "API_TOKEN", "value": "s"}]}),
            a("Pod", spec={"env": [{"name": "API_TOKEN", "value": "t"}]}),
            ("spec.env.API_TOKEN.value", "(hidden)", "(hidden)"),
        ),
        (a("X", spec={"rows": [1, 2]}), a("X", spec={"rows": [1, 3]}), ("spec.rows[1]", "2", "3")),
        (a("X", spec={"rows": [1]}), a("X", spec={"rows": [1, 3]}), ("spec.rows", "(1 values)", "(2 values)")),
        (a("X", spec={"on": True}), a("X", spec={"on": False}), ("spec.on", "true", "false")),
    ],
)
def test_what_differs_is_said_by_its_path(
    before: dict[str, object], after: dict[str, object], said: tuple[str, str, str]
) -> None:
    path, one, other = said
    assert changes(before, after) == (FieldChange(path=path, before=one, after=other),)


def test_what_the_server_keeps_account_of_is_no_change() -> None:
    before = {**a("X"), "status": {"a": 1}, "metadata": {**META, "generation": 1, "resourceVersion": "5", "uid": "x"}}
    after = {**a("X"), "status": {"a": 2}, "metadata": {**META, "generation": 2, "resourceVersion": "6", "uid": "y"}}
    assert changes(before, after) == ()


def test_what_is_new_each_time_is_kept_as_it_is_there() -> None:
    secret = wanted(a("Secret", stringData={"key": "new", "user": "me"}))
    live = a("Secret", data={"key": "b2xk", "user": "bWU="})
    places = (("stringData", "key"),)
    assert has_all(secret, live, places)
    body = kept(secret, live, places)
    assert (body["data"], body["stringData"]) == ({"key": "b2xk"}, {"user": "me"})
    assert not has_all(secret, a("Secret"), places)
    assert not has_all(secret, None, places)


def test_a_selector_that_is_there_with_helms_label_stays() -> None:
    labels = {"app": "a"}
    new = wanted(
        a("DaemonSet", spec={"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}})
    )
    old = {**labels, "app.kubernetes.io/managed-by": "Helm"}
    found = with_selector(new, a("DaemonSet", spec={"selector": {"matchLabels": old}})).body["spec"]
    assert found == {"selector": {"matchLabels": old}, "template": {"metadata": {"labels": old}}}
    assert with_selector(new, a("DaemonSet", spec={"selector": {"matchLabels": labels}})) == new


def test_what_a_workload_keeps_of_others_is_named() -> None:
    def daemons(*names: str, env: str = "") -> dict[str, object]:
        variables = [{"name": env, "value": "1"}] if env else []
        rows = [{"name": name, "env": variables} for name in names]
        return a("DaemonSet", spec={"template": {"spec": {"containers": rows}}})

    assert left_over(wanted(daemons("a")), daemons("a", "main")) == ("container main",)
    assert left_over(wanted(daemons("a")), daemons("a", env="OLD")) == ("variable OLD of a",)
    assert left_over(wanted(daemons("a")), daemons("a")) == ()
    assert left_over(wanted(a("ConfigMap")), a("ConfigMap")) == ()


def test_each_finds_what_it_needs_before_it() -> None:
    kinds = ["Pool", "ValidatingWebhookConfiguration", "DaemonSet", "ConfigMap", "ServiceAccount", "Namespace"]
    found = [one.kind for one in ordered([wanted(a(kind)) for kind in kinds])]
    assert found == ["Namespace", "ServiceAccount", "ConfigMap", "DaemonSet", "Pool", "ValidatingWebhookConfiguration"]


DAEMONS = Workload(
    kind="DaemonSet", namespace="b", name="agent", current=True, wanted=2, updated=2, ready=1, selector={"app": "a"}
)
APPROVER = Workload(
    kind="Deployment",
    namespace="b",
    name="kubelet-csr-approver",
    current=True,
    wanted=1,
    updated=1,
    ready=0,
    selector={"app": "c"},
)
NODE = KubeNode(name="w-1", addresses=(), ready=False, ready_message="no network")
POD = PodState(namespace="b", name="agent-x", node="w-1", ready=False, why="ImagePullBackOff: i", labels={"app": "a"})
CSR = SigningRequest(name="csr-1", node="w-1", created="2026-01-01T00:00:00Z", pending=True)
UP = Seen(workloads=(), pods=(), nodes=(), signing=())


def seen(**parts: object) -> Seen:
    whole = {"workloads": (), "pods": (), "nodes": (), "signing": (), **parts}
    return Seen(**whole)  # type: ignore[arg-type]  # each test gives the parts that it is about


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (UP, ()),
        (
            seen(workloads=(DAEMONS,), pods=(POD,)),
            ("DaemonSet b/agent: 1 of 2 pods are ready (agent-x on w-1: ImagePullBackOff: i)",),
        ),
        (seen(workloads=("DaemonSet b/agent is not there",)), ("DaemonSet b/agent is not there",)),
        (seen(nodes=(NODE,)), ("w-1 is not Ready: no network",)),
        (seen(nodes=Unknown("no answer")), ("the nodes are not known: no answer",)),
        (
            seen(signing=(CSR,)),
            ("w-1 (csr-1) waits for its kubelet's certificate: nothing here approves them",),
        ),
        (seen(signing=Unknown("forbidden", forbidden=True)), ()),
        (
            seen(workloads=(APPROVER,), nodes=(NODE,)),
            (
                "Deployment b/kubelet-csr-approver: 0 of 1 pods are ready (kubelet-csr-approver is not on the host's "
                "network, so it cannot run before the CNI does)",
                "w-1 is not Ready: no network",
            ),
        ),
    ],
)
def test_what_is_not_up_is_said(found: Seen, said: tuple[str, ...]) -> None:
    assert lacks(found) == said


def test_a_newer_request_of_a_node_makes_an_older_one_void() -> None:
    newer = SigningRequest(name="csr-2", node="w-1", created="2026-01-01T00:10:00Z", pending=False)
    assert lacks(seen(signing=(newer, CSR))) == ()
    assert approvals(seen(signing=(CSR,))) == "kubectl certificate approve csr-1"
    assert only_unapproved(seen(signing=(CSR,)))
    assert not only_unapproved(seen(signing=(CSR,), nodes=(NODE,)))


def pod(**status: object) -> Response:
    item = {"metadata": {"name": "p", "namespace": "b"}, "spec": {"nodeName": "w-1"}, "status": status}
    return Response(status=200, body=json.dumps({"kind": "PodList", "metadata": {}, "items": [item]}).encode())


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (
            {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/6"}]},
            "Pending, Unschedulable: 0/6",
        ),
        (
            {
                "containerStatuses": [
                    {"name": "c", "image": "i", "state": {"waiting": {"reason": "ErrImagePull", "message": "x: gone"}}}
                ]
            },
            "ImagePullBackOff: i (gone)",
        ),
        (
            {
                "containerStatuses": [
                    {
                        "name": "c",
                        "image": "i",
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "a\nno BPF"}},
                    }
                ]
            },
            "CrashLoopBackOff: container c, which last ended with exit 1 (Error): no BPF",
        ),
        (
            {"containerStatuses": [{"name": "c", "ready": False, "state": {"running": {}}}]},
            "container c runs, not Ready",
        ),
        ({"phase": "Pending"}, "Pending, not Ready"),
    ],
)
def test_why_a_pod_is_stuck_is_in_the_words_of_whoever_knows(status: dict[str, object], why: str) -> None:
    found = workloads.pods(pod(**status))
    assert isinstance(found, tuple)
    assert found[0].why == why


def test_a_conflict_names_who_and_what() -> None:
    body = b'{"details":{"causes":[{"message":"conflict with \\"me\\" using v1","field":".data.a"}]}}'
    assert [(one.manager, one.path) for one in conflicts(body)] == [("me", "data.a")]
    assert conflicts(b"nonsense") == ()
