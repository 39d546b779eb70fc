"""A cluster without a CNI, and what happens when somebody installs one through the API."""

import json
from typing import Any

import pytest

from builders import desired_cluster
from talops.domain.process import Request, Response
from talops.sim.controllers import Controllers
from talops.sim.faults import Fault
from talops.sim.kubelet import NO_NETWORK
from talops.sim.world import World, rehearsal

Body = dict[str, Any]
APPLY = "application/apply-patch+yaml"
APPS, KUBE_SYSTEM = "/apis/apps/v1/namespaces/kube-system", "/api/v1/namespaces/kube-system"
AGENT = {"name": "agent", "image": "registry.example/cni:v1"}


def world(*faults: str, cni: bool = False) -> World:
    parsed = [Fault(name=name, hostname=host) for name, _, host in (fault.partition("@") for fault in faults)]
    return rehearsal(desired_cluster(1, 2), faults=parsed, cni=cni)


def ask(world: World, method: str, path: str, body: Body | None = None) -> Response:
    text = b"" if body is None else json.dumps(body).encode()
    (reply,) = world.kube.gather([Request(template="test", method=method, path=path, body=text, content_type=APPLY)])
    return reply


def apply(world: World, path: str, body: Body) -> Body:
    reply = ask(world, "PATCH", f"{path}?fieldManager=test&force=true", body)
    assert reply.status in {200, 201}, reply.body
    found: Body = json.loads(reply.body)
    return found


def read(world: World, path: str) -> Body:
    reply = ask(world, "GET", path)
    assert reply.status == 200, reply.body
    found: Body = json.loads(reply.body)
    return found


def workload(kind: str, name: str, *containers: Body, replicas: int | None = None, **pod: Any) -> Body:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": list(containers or (AGENT,)), **pod}}
    spec: Body = {"selector": {"matchLabels": labels}, "template": template}
    if replicas is not None:
        spec["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def install(world: World, name: str = "small-cni", **pod: Any) -> None:
    apply(world, f"{APPS}/daemonsets/{name}", workload("DaemonSet", name, hostNetwork=True, **pod))


def ready(world: World) -> dict[str, tuple[str, str]]:
    nodes = read(world, "/api/v1/nodes")["items"]
    conditions = {node["metadata"]["name"]: node["status"]["conditions"][0] for node in nodes}
    return {name: (row["status"], row["message"]) for name, row in conditions.items()}


def pods_of(world: World, app: str) -> list[Body]:
    found: list[Body] = read(world, f"{KUBE_SYSTEM}/pods?labelSelector=app%3D{app}")["items"]
    return found


def requests(world: World) -> dict[str, bool]:
    """Of each node, whether the certificate that it asks for has been issued."""
    found = read(world, "/apis/certificates.k8s.io/v1/certificatesigningrequests")["items"]
    return {one["spec"]["username"]: "certificate" in one["status"] for one in found}


def phases(found: list[Body]) -> set[str]:
    return {str(pod["status"]["phase"]) for pod in found}


def reasons(found: list[Body]) -> dict[str, str]:
    rows = {pod["spec"]["nodeName"]: pod["status"]["containerStatuses"][0]["state"] for pod in found}
    return {host: state["waiting"]["reason"] for host, state in rows.items() if "waiting" in state}


def test_no_node_is_ready_without_a_cni_and_what_is_not_of_the_hosts_network_waits() -> None:
    new = world()
    assert set(ready(new).values()) == {("False", NO_NETWORK)}
    assert phases(pods_of(new, "coredns")) == {"Pending"}
    assert requests(new) == {f"system:node:{name}": False for name in ("cp-1", "w-1", "w-2")}
    names = {pod["metadata"]["namespace"] for pod in read(new, "/api/v1/pods")["items"]}
    assert names == {"kube-system"}


def test_nodes_get_ready_when_a_daemon_of_the_cni_runs_there_and_then_everything_starts() -> None:
    new = world()
    install(new)
    apply(new, f"{APPS}/deployments/web", workload("Deployment", "web", replicas=2))
    new.advance(1)
    why = [row["message"] for pod in pods_of(new, "web") for row in pod["status"]["conditions"] if "message" in row]
    assert why[0].startswith("0/3 nodes are available: 3 node(s) had untolerated taint(s).")
    new.advance(60)
    assert {status for status, _ in ready(new).values()} == {"True"}
    status = read(new, f"{APPS}/daemonsets/small-cni")["status"]
    assert (status["desiredNumberScheduled"], status["numberReady"], status["numberAvailable"]) == (3, 3, 3)
    assert read(new, f"{APPS}/deployments/web")["status"]["availableReplicas"] == 2
    assert phases(pods_of(new, "coredns")) == {"Running"}
    assert not new.truth.cluster.faults


@pytest.mark.parametrize(
    ("host_network", "reason"), [(True, {}), (False, {"w-1": "ContainerCreating"})], ids=["host", "pod"]
)
def test_a_pod_that_tolerates_such_nodes_starts_there_on_the_hosts_network_only(
    host_network: bool, reason: dict[str, str]
) -> None:
    new = world()
    body = workload(
        "Deployment", "operator", replicas=1, hostNetwork=host_network, tolerations=[{"operator": "Exists"}]
    )
    apply(new, f"{APPS}/deployments/operator", body)
    new.advance(60)
    assert reasons(pods_of(new, "operator")) == reason
    install(new)
    new.advance(60)
    assert reasons(pods_of(new, "operator")) == {}


def test_an_approver_that_runs_has_every_certificate_issued() -> None:
    new = world()
    install(new)
    approver = {"name": "main", "image": "ghcr.io/postfinance/kubelet-csr-approver:v1.2.14"}
    apply(new, f"{APPS}/deployments/approver", workload("Deployment", "approver", approver))
    new.advance(60)
    assert set(requests(new).values()) == {True}


def test_the_fault_of_certificates_ends_with_their_approval() -> None:
    new = world("csr-never-approved")
    install(new)
    approver = {"name": "main", "image": "ghcr.io/alex1989hu/kubelet-serving-cert-approver:0.9"}
    apply(new, f"{APPS}/deployments/approver", workload("Deployment", "approver", approver))
    new.advance(600)
    assert set(requests(new).values()) == {False}
    new.mend()
    new.advance(5)
    assert set(requests(new).values()) == {True}


def test_only_kubelets_that_are_told_to_ask_for_a_certificate() -> None:
    asking = "machine: {kubelet: {extraArgs: {rotate-server-certificates: 'true'}}}"
    configs = {"cp-1": asking, "w-1": asking.replace("true", "false")}
    new = rehearsal(desired_cluster(1, 2), configs=configs, cni=False)
    assert set(requests(new)) == {"system:node:cp-1", "system:node:w-2"}
    new.truth.parts.trouble.begin(Fault(name="csr-never-approved"))
    assert "system:node:w-1" in requests(new)


def test_a_person_may_approve_a_certificate() -> None:
    new = world()
    name = read(new, "/apis/certificates.k8s.io/v1/certificatesigningrequests")["items"][0]["metadata"]["name"]
    path = f"/apis/certificates.k8s.io/v1/certificatesigningrequests/{name}"
    found = read(new, path)
    found["status"]["conditions"] = [{"type": "Approved", "status": "True", "reason": "ByHand"}]
    assert ask(new, "PUT", f"{path}/approval", found).status == 200
    new.advance(5)
    assert sum(requests(new).values()) == 1


def test_an_image_that_cannot_be_pulled_keeps_its_node_from_getting_ready() -> None:
    new = world("cni-image-missing@w-2")
    install(new)
    seen = set()
    for _ in range(30):
        new.advance(1)
        seen |= set(reasons(pods_of(new, "small-cni")).values())
    assert seen == {"ContainerCreating", "ErrImagePull", "ImagePullBackOff"}
    assert {name for name, (status, _) in ready(new).items() if status == "False"} == {"w-2"}
    assert read(new, f"{APPS}/daemonsets/small-cni")["status"]["numberUnavailable"] == 1
    new.mend()
    new.advance(60)
    assert {status for status, _ in ready(new).values()} == {"True"}


def test_a_new_template_replaces_the_daemons_one_after_the_other() -> None:
    new = world()
    install(new)
    new.advance(60)
    changed = workload("DaemonSet", "small-cni", {**AGENT, "image": "registry.example/cni:v2"}, hostNetwork=True)
    apply(new, f"{APPS}/daemonsets/small-cni", changed)
    fewest = 3
    for _ in range(90):
        new.advance(1)
        fewest = min(fewest, read(new, f"{APPS}/daemonsets/small-cni")["status"]["numberReady"])
    assert fewest == 2
    assert {pod["spec"]["containers"][0]["image"] for pod in pods_of(new, "small-cni")} == {"registry.example/cni:v2"}
    assert read(new, f"{APPS}/daemonsets/small-cni")["status"]["updatedNumberScheduled"] == 3


def test_a_deployment_changes_its_pods_and_goes_with_them() -> None:
    new = world()
    install(new)
    apply(new, f"{APPS}/deployments/web", workload("Deployment", "web", replicas=2))
    new.advance(60)
    apply(new, f"{APPS}/deployments/web", workload("Deployment", "web", {**AGENT, "image": "x:v2"}, replicas=1))
    new.advance(60)
    assert [pod["spec"]["containers"][0]["image"] for pod in pods_of(new, "web")] == ["x:v2"]
    assert ask(new, "DELETE", f"{APPS}/deployments/web").status == 200
    new.advance(30)
    assert pods_of(new, "web") == []


def test_a_kind_that_was_defined_is_served_until_its_definition_goes() -> None:
    new = world()
    version = {"name": "v2", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    names = {"kind": "Pool", "plural": "pools"}
    spec = {"group": "small.example", "names": names, "scope": "Cluster", "versions": [version]}
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pools.small.example"
    apply(new, path, {**head, "metadata": {"name": "pools.small.example"}, "spec": spec})
    new.advance(1)
    assert "Established" in {row["type"] for row in read(new, path)["status"]["conditions"]}
    pools = "/apis/small.example/v2/pools"
    apply(new, f"{pools}/a", {"apiVersion": "small.example/v2", "kind": "Pool", "metadata": {"name": "a"}, "spec": {}})
    assert [one["metadata"]["name"] for one in read(new, pools)["items"]] == ["a"]
    assert ask(new, "DELETE", path).status == 200
    assert ask(new, "GET", pools).status is None


def test_a_kind_of_the_same_name_in_another_group_has_objects_of_its_own() -> None:
    new = world()
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    names = {"kind": "NetworkPolicy", "plural": "networkpolicies"}
    spec = {"group": "small.example", "names": names, "scope": "Namespaced", "versions": [version]}
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    name = "networkpolicies.small.example"
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
    apply(new, path, {**head, "metadata": {"name": name}, "spec": spec})
    new.advance(1)
    ours = "/apis/small.example/v1/namespaces/kube-system/networkpolicies"
    theirs = "/apis/networking.k8s.io/v1/namespaces/kube-system/networkpolicies"
    body: Body = {"apiVersion": "small.example/v1", "kind": "NetworkPolicy", "metadata": {"name": "a"}}
    apply(new, f"{ours}/a", body)
    assert read(new, theirs)["items"] == []
    assert [one["metadata"]["name"] for one in read(new, ours)["items"]] == ["a"]
    assert ask(new, "DELETE", path).status == 200
    assert ask(new, "GET", theirs).status == 200


def test_workloads_that_were_there_before_are_taken_over_pod_by_pod() -> None:
    settled = world(cni=True)
    Controllers(settled.truth.cluster)
    settled.advance(5)
    agent = workload("DaemonSet", "cilium", hostNetwork=True)
    labels = {"k8s-app": "cilium"}
    agent["spec"] |= {"selector": {"matchLabels": labels}}
    agent["spec"]["template"]["metadata"]["labels"] = labels
    apply(settled, f"{APPS}/daemonsets/cilium", agent)
    apply(settled, f"{APPS}/deployments/coredns", workload("Deployment", "coredns", replicas=2))
    for _ in range(20):
        settled.advance(6)
        assert {status for status, _ in ready(settled).values()} == {"True"}
    status = read(settled, f"{APPS}/daemonsets/cilium")["status"]
    assert (status["numberReady"], status["updatedNumberScheduled"]) == (3, 3)
    # nobody has let go of what was in there
    names = [[one["name"] for one in pod["spec"]["containers"]] for pod in pods_of(settled, "coredns")]
    assert names == [["main", "agent"], ["main", "agent"]]
    assert read(settled, f"{APPS}/deployments/coredns")["status"]["replicas"] == 2


def test_a_job_runs_once() -> None:
    new = world()
    install(new)
    template = {"spec": {"containers": [AGENT], "restartPolicy": "Never"}}
    path = "/apis/batch/v1/namespaces/kube-system/jobs/once"
    apply(
        new,
        path,
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": {"template": template}},
    )
    new.advance(90)
    assert read(new, path)["status"]["succeeded"] == 1


def test_a_cni_may_be_lost_and_comes_back_when_that_is_over() -> None:
    settled = world(cni=True)
    trouble = settled.truth.parts.trouble
    trouble.begin(Fault(name="cni-missing"))
    settled.advance(10)
    assert set(ready(settled).values()) == {("False", NO_NETWORK)}
    trouble.end(Fault(name="cni-missing"))
    settled.advance(60)
    assert {status for status, _ in ready(settled).values()} == {"True"}
