"""The real kubectl works on the network door by hand, as on a real cluster."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from builders import desired_cluster
from network_door import Kubectl, NetworkDoor, admin, served
from talops.sim.network.kubernetes.instead import Instead

TOOLBOX = ("-n", "rook-ceph", "exec", "deploy/rook-ceph-tools", "--")
STRANGE = re.compile(r"<unknown>|<invalid>|%!|Failed to|null")


@pytest.fixture(scope="module")
def door() -> Iterator[NetworkDoor]:
    with served(desired_cluster(3, 3), faults=["pdb-blocks@w-3"]) as door:
        yield door


@pytest.fixture
def kubectl(door: NetworkDoor, tmp_path: Path) -> Kubectl:
    return admin(door, tmp_path)


def rows(table: str) -> list[list[str]]:
    """Cells of a printed table: columns are at least three spaces apart."""
    return [re.split(r"\s{3,}", line.strip()) for line in table.splitlines()]


@pytest.mark.parametrize(
    ("words", "heading", "row"),
    [
        pytest.param("get nodes", "NAME STATUS ROLES AGE VERSION", "cp-1 Ready control-plane AGE v1.35.4", id="nodes"),
        pytest.param(
            "get nodes -o wide",
            "NAME STATUS ROLES AGE VERSION INTERNAL-IP EXTERNAL-IP OS-IMAGE KERNEL-VERSION CONTAINER-RUNTIME",
            "w-1 Ready <none> AGE v1.35.4 10.1.0.4 <none> Talos (v1.13.0) 6.12.0-talos (amd64) containerd://2.1.0",
            id="nodes wide",
        ),
        pytest.param(
            "get pods -n kube-system",
            "NAME READY STATUS RESTARTS AGE",
            "cilium-w-2 1/1 Running 0 AGE",
            id="pods",
        ),
        pytest.param(
            "get pods -n kube-system -o wide",
            "NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES",
            "cilium-w-2 1/1 Running 0 AGE 10.1.0.5 w-2 <none> <none>",
            id="pods wide",
        ),
        pytest.param(
            "get pdb -A",
            "NAMESPACE NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE",
            "legacy legacy 1 N/A 0 AGE",
            id="budgets",
        ),
        pytest.param("get leases -n kube-node-lease", "NAME HOLDER AGE", "w-1 w-1 AGE", id="leases"),
        pytest.param(
            "get ds -A",
            "NAMESPACE NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE SELECTOR AGE",
            "kube-system cilium 6 6 6 6 6 <none> AGE",
            id="daemonsets",
        ),
        pytest.param(
            "get deploy -n rook-ceph",
            "NAME READY UP-TO-DATE AVAILABLE AGE",
            "rook-ceph-osd-0 1/1 1 1 AGE",
            id="deployments",
        ),
        pytest.param(
            "get clusters -A",
            "NAMESPACE NAME AGE INSTANCES READY STATUS PRIMARY",
            "database postgres AGE 3 3 Cluster in healthy state postgres-1",
            id="postgres",
        ),
        pytest.param("get ns", "NAME STATUS AGE", "rook-ceph Active AGE", id="namespaces"),
    ],
)
def test_a_table_looks_as_on_a_real_cluster(kubectl: Kubectl, words: str, heading: str, row: str) -> None:
    found = [" ".join(cells) for cells in rows(kubectl.ok(*words.split()))]
    assert found[0] == heading
    assert row in [re.sub(r"\b\d+s( |$)", r"AGE\1", line) for line in found]


def test_a_ceph_cluster_is_found_by_its_short_name_and_shown_in_rooks_columns(kubectl: Kubectl) -> None:
    heading, row = kubectl.ok("get", "ceph", "-n", "rook-ceph").splitlines()
    assert heading.split() == [
        "NAME",
        "DATADIRHOSTPATH",
        "MONCOUNT",
        "AGE",
        "PHASE",
        "MESSAGE",
        "HEALTH",
        "EXTERNAL",
        "FSID",
    ]
    assert row.startswith("rook-ceph   /var/lib/rook     3")
    assert "HEALTH_OK" in row


def test_json_is_what_the_cluster_holds(door: NetworkDoor, kubectl: Kubectl) -> None:
    found = json.loads(kubectl.ok("get", "node", "w-2", "-o", "json"))
    assert found == door.do(lambda: door.truth.cluster.store.get("nodes", "w-2"))


def test_everything_of_a_namespace_is_found_by_the_category_all(kubectl: Kubectl) -> None:
    found = kubectl.ok("get", "all", "-n", "rook-ceph")
    assert all(f"{kind}/rook-ceph-osd-0 " in found for kind in ("pod", "deployment.apps", "replicaset.apps"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "node cp-1",
            ("Roles:              control-plane", "Kubelet Version:            v1.35.4", "kube-scheduler-cp-1"),
        ),
        ("pod -n kube-system cilium-w-2", ("Node:                 w-2/10.1.0.5", "Controlled By:  DaemonSet/cilium")),
        ("pdb -n legacy legacy", ("Min available:  1", "Allowed disruptions:  0")),
        ("deploy -n rook-ceph rook-ceph-osd-0", ("NewReplicaSet:     rook-ceph-osd-0 (1/1 replicas created)",)),
        ("ns rook-ceph", ("Status:       Active",)),
    ],
)
def test_a_description_says_nothing_strange(kubectl: Kubectl, words: str, said: tuple[str, ...]) -> None:
    found = kubectl.ok("describe", *words.split())
    plain = re.sub(r" +", " ", found)
    assert [line for line in said if re.sub(r" +", " ", line) not in plain] == []
    assert not STRANGE.search(found)


def test_a_node_is_cordoned_and_uncordoned(door: NetworkDoor, kubectl: Kubectl) -> None:
    assert kubectl.ok("cordon", "cp-2") == "node/cp-2 cordoned\n"
    assert "Ready,SchedulingDisabled" in kubectl.ok("get", "node", "cp-2")
    assert kubectl.ok("uncordon", "cp-2") == "node/cp-2 uncordoned\n"
    truth = door.do(door.truth.kube_nodes)
    assert not next(node for node in truth if node.name == "cp-2").unschedulable


def test_a_drain_goes_on_when_a_budget_opens_and_gives_up_when_none_does(tmp_path: Path) -> None:
    """The primary of a database may go once another instance is the primary. Both drains wait at the same time."""
    with served(desired_cluster(1, 3), faults=["pdb-blocks@w-3"]) as door:
        kubectl = admin(door, tmp_path)
        flags = ("--ignore-daemonsets", "--delete-emptydir-data")
        never = ("drain", "w-3", *flags, "--pod-selector=app=legacy", "--timeout=2s")
        with kubectl.started("drain", "w-1", *flags) as opens_later, kubectl.started(*never) as never_opens:
            assert (opens_later.end(), never_opens.end()) == (0, 1)
    assert "will retry after 5s" in opens_later.said
    assert opens_later.said.endswith("node/w-1 drained\n")
    assert "Cannot evict pod as it would violate the pod's disruption budget" in never_opens.said
    assert "global timeout reached: 2s" in never_opens.said


def test_a_watch_sees_a_change_and_ends_with_the_server(tmp_path: Path) -> None:
    with served(desired_cluster(1, 1)) as door:
        kubectl = admin(door, tmp_path)
        with kubectl.started("get", "nodes", "--watch") as watch:
            watch.wait_for("w-1")
            door.do(lambda: door.truth.cordon("w-1"))
            watch.wait_for("w-1    Ready,SchedulingDisabled")
            door.stop_serving()
            assert watch.end() == 0
        assert "was refused" in kubectl.run("get", "nodes").err
        assert door.serve_again() == door.port
        kubectl.ok("get", "nodes")


def test_server_side_apply_makes_and_changes(door: NetworkDoor, kubectl: Kubectl) -> None:
    body = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "web"}, "data": %s}'
    for value in ('{"a": "1"}', '{"a": "2", "b": "3"}'):
        assert (
            kubectl.ok("apply", "--server-side", "-f", "-", stdin=body % value) == "configmap/mine serverside-applied\n"
        )
    found = door.do(lambda: door.truth.cluster.store.get("configmaps", "mine", "web"))
    assert found is not None
    assert found["data"] == {"a": "2", "b": "3"}
    kubectl.ok("delete", "configmap", "mine", "-n", "web")
    assert door.do(lambda: door.truth.cluster.store.get("configmaps", "mine", "web")) is None


def test_a_dry_run_on_the_server_leaves_nothing(door: NetworkDoor, kubectl: Kubectl) -> None:
    said = kubectl.ok("create", "configmap", "none", "-n", "web", "--from-literal=a=b", "--dry-run=server")
    assert said == "configmap/none created (server dry run)\n"
    assert door.do(lambda: door.truth.cluster.store.get("configmaps", "none", "web")) is None


def test_a_deleted_pod_is_replaced(door: NetworkDoor, kubectl: Kubectl) -> None:
    before = set(kubectl.ok("get", "pods", "-n", "ingress", "-o", "name").split())
    victim = min(before)
    assert kubectl.ok("delete", "-n", "ingress", victim).startswith("pod ")
    kubectl.ok("wait", "-n", "ingress", "--for=condition=Ready", "pod", "-l", "app=ingress", "--timeout=15s")
    after = set(kubectl.ok("get", "pods", "-n", "ingress", "-o", "name").split())
    assert victim not in after
    assert len(after) == len(before)


def test_whoami_and_can_i_know_the_certificate(door: NetworkDoor, kubectl: Kubectl, tmp_path: Path) -> None:
    assert "system:masters" in kubectl.ok("auth", "whoami")
    assert kubectl.ok("auth", "can-i", "create", "pods", "--subresource=eviction") == "yes\n"
    nobody = tmp_path / "nobody"
    nobody.mkdir()
    guest = Kubectl(door, nobody, door.authority.client(name="guest"))
    assert guest.run("auth", "can-i", "list", "nodes").out == "no\n"
    refused = guest.run("get", "nodes")
    assert refused.exit == 1
    assert 'nodes is forbidden: User "guest" cannot list resource "nodes" in API group ""' in refused.err


@pytest.mark.parametrize("life", [None, timedelta(days=-1)], ids=["no certificate", "an expired certificate"])
def test_nobody_gets_in_without_a_good_certificate(door: NetworkDoor, tmp_path: Path, life: timedelta | None) -> None:
    credentials = None
    if life is not None:
        credentials = door.authority.client(name="admin", organizations=["system:masters"], life=life)
    ran = Kubectl(door, tmp_path, credentials).run("get", "--raw", "/api/v1/nodes")
    assert ran.exit == 1
    # without one kubectl asks for a password; what it says of a bad one depends on who closes first
    assert re.search("Username|expired certificate|broken pipe|connection reset|EOF", ran.out + ran.err), ran


def test_the_toolbox_speaks_of_the_very_state_that_rook_polls(door: NetworkDoor, kubectl: Kubectl) -> None:
    status = json.loads(kubectl.ok(*TOOLBOX, "ceph", "status", "-f", "json"))
    assert status["health"]["status"] == "HEALTH_OK"
    assert status["pgmap"]["pgs_by_state"] == [{"state_name": "active+clean", "count": status["pgmap"]["num_pgs"]}]
    cluster = json.loads(kubectl.ok("-n", "rook-ceph", "get", "cephcluster", "rook-ceph", "-o", "json"))
    assert status["fsid"] == cluster["status"]["ceph"]["fsid"]
    assert "health: HEALTH_OK" in kubectl.ok(*TOOLBOX, "ceph", "status")


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("ls",), 127, "bash: ls: command not found"),
        (("ceph", "dance"), 22, "Error EINVAL: invalid command"),
    ],
)
def test_an_exit_code_of_the_toolbox_is_passed_on(
    kubectl: Kubectl, command: tuple[str, ...], code: int, said: str
) -> None:
    ran = kubectl.run(*TOOLBOX, *command)
    assert ran.exit == code
    assert said in ran.err


def test_any_other_container_says_that_nothing_runs_in_it(kubectl: Kubectl) -> None:
    ran = kubectl.run("-n", "web", "exec", "deploy/web", "--", "true")
    assert ran.exit == 1
    assert "runs nothing" in ran.err
    assert "runs nothing" in kubectl.ok("-n", "web", "logs", "deploy/web")


def test_a_condition_is_waited_for(kubectl: Kubectl) -> None:
    crd = "crd/cephclusters.ceph.rook.io"
    assert kubectl.ok("wait", "--for=condition=Established", crd, "--timeout=5s").endswith(" condition met\n")
    assert kubectl.ok("wait", "--for=condition=Ready", "node/w-1", "--timeout=5s") == "node/w-1 condition met\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("get talosupgrades", 'error: the server doesn\'t have a resource type "talosupgrades"'),
        ("get node nope", 'Error from server (NotFound): nodes "nope" not found'),
        ("get --raw /nope", "Error from server (NotFound): the server could not find the requested resource"),
        ("get pods --field-selector=spec.bogus=1", "field label not supported: spec.bogus"),
    ],
)
def test_what_is_not_there_is_said_not_to_be(kubectl: Kubectl, words: str, said: str) -> None:
    ran = kubectl.run(*words.split())
    assert (ran.exit, ran.out) == (1, "")
    assert said in ran.err


def test_without_a_quorum_the_server_speaks_of_itself_only(tmp_path: Path) -> None:
    with served(desired_cluster(3, 0)) as door:
        kubectl = admin(door, tmp_path)
        planes = door.truth.cluster.control_planes
        for machine in planes[:2]:
            door.do(partial(door.truth.etcd.set_up, machine, False))
        for words in (("get", "nodes"), ("cordon", "cp-1"), ("delete", "node", "cp-1")):
            ran = kubectl.run(*words)
            assert (ran.exit, ran.out) == (1, "")
            assert "etcdserver: request timed out" in ran.err
        assert "[-]etcd failed: reason withheld" in kubectl.run("get", "--raw", "/readyz").err
        assert "Server Version: v1.36.3" in kubectl.ok("version")
        door.do(door.world.mend)
        kubectl.ok("get", "nodes")


def test_while_no_server_runs_the_port_refuses_and_opens_again_later(tmp_path: Path) -> None:
    with served(desired_cluster(1, 0), speed=100.0) as door:
        kubectl = admin(door, tmp_path)
        kubectl.ok("get", "nodes")
        door.do(lambda: door.truth.power_cut("cp-1"))
        assert "was refused" in kubectl.run("get", "nodes").err
        door.do(door.world.mend)
        door.wait_until(lambda: not door.truth.cluster.api_problem())
        kubectl.ok("get", "nodes")


def test_a_fault_of_the_network_is_seen_by_kubectl(tmp_path: Path) -> None:
    with served(desired_cluster(1, 0)) as door:
        kubectl = admin(door, tmp_path)
        for fault, said in (
            (Instead.UNAUTHORIZED, "You must be logged in to the server (Unauthorized)"),
            (Instead.FORBIDDEN, 'nodes is forbidden: User "admin" cannot list resource "nodes"'),
            (Instead.UNAVAILABLE, "currently unable to handle the request"),
            (Instead.REFUSE, "was refused"),
        ):
            door.behave(fault)
            ran = kubectl.run("get", "--raw", "/api/v1/nodes")
            assert (ran.exit, ran.out) == (1, "")
            assert said in ran.err
        door.behave(None)
        kubectl.ok("get", "nodes")
