"""`install cni`, played on the embedded cluster: up on every node, or why not and what to type."""

import contextlib
import json

import pytest
from cni import APPROVER, NewCluster, new_cluster

from talops.domain.event import CniPlanned
from talops.domain.event_json import event_to_json
from talops.domain.process import Request
from talops.errors import Exit, TalopsError
from talops.sim.kube.objects import Object
from talops.tools import kubernetes, requests


def nodes_ready(cluster: NewCluster) -> int:
    found = kubernetes.nodes(cluster.kube.gather([requests.nodes()])[0])
    assert isinstance(found, tuple)
    return sum(node.ready is True for node in found)


def lease_is_free(cluster: NewCluster) -> bool:
    return cluster.kube.gather([requests.lease()])[0].status == 404


def patch(cluster: NewCluster, path: str, body: Object) -> None:
    merge = "application/merge-patch+json"
    asked = Request(template="test", method="PATCH", path=path, body=json.dumps(body).encode(), content_type=merge)
    assert cluster.kube.gather([asked])[0].status == 200


CONFIG = "/api/v1/namespaces/kube-system/configmaps/cilium-config"


def test_a_new_cluster_gets_its_network_and_a_second_run_has_nothing_to_do() -> None:
    cluster = new_cluster()
    assert nodes_ready(cluster) == 0
    ended = cluster.install()
    assert (ended.exit, ended.what) == (Exit.DONE, "cilium is up on 6 nodes: 5 objects added.")
    assert nodes_ready(cluster) == 6
    assert lease_is_free(cluster)
    assert cluster.applied == [
        "ServiceAccount kube-system/cilium",
        "Secret kube-system/cilium-ca",
        "ConfigMap kube-system/cilium-config",
        "DaemonSet kube-system/cilium",
        "Deployment kube-system/kubelet-csr-approver",
    ]
    again = cluster.install()
    assert (again.exit, again.what) == (Exit.DONE, "Nothing to do: cilium is up on 6 nodes, as the files say.")
    assert len(cluster.confirmed) == 1


def test_nobody_says_yes_and_nothing_is_changed() -> None:
    cluster = new_cluster()
    ended = cluster.install(yes=False)
    assert (ended.exit, ended.what) == (Exit.STOPPED, "Not confirmed; nothing was changed.")
    assert cluster.applied == []
    assert len(cluster.plan().pending) == 5


def test_an_image_that_cannot_be_pulled_is_named_with_its_node() -> None:
    cluster = new_cluster("cni-image-missing@w-2")
    ended = cluster.install()
    assert ended.exit == Exit.GATE
    first = ended.what.splitlines()[1]
    assert first.startswith("  DaemonSet kube-system/cilium: 5 of 6 pods are ready (cilium-")
    assert " on w-2: " in first
    assert "example.org/cilium:1.2.3" in first
    assert any(line.startswith("  w-2 is not Ready") for line in ended.what.splitlines())
    assert lease_is_free(cluster)
    cluster.world.mend()
    assert cluster.install().exit == Exit.DONE


def test_certificates_that_nobody_approves_are_named_with_what_to_type() -> None:
    cluster = new_cluster(approver=False)
    ended = cluster.install()
    assert ended.exit == Exit.GATE
    assert ended.took.total_seconds() < 120
    assert ended.what.startswith("Not everything is up after ")
    assert " w-1 (csr-" in ended.what
    assert ended.what.endswith(" wait for their kubelets' certificates: nothing here approves them")
    assert ended.hint.startswith("kubectl certificate approve csr-")


def test_an_approver_that_approves_nothing_is_told_to_be_looked_at() -> None:
    ended = new_cluster("csr-never-approved").install()
    assert ended.exit == Exit.GATE
    assert ended.what.endswith("kubelet-csr-approver runs, and does not approve them: see its logs")
    assert ended.hint.startswith("kubectl certificate approve csr-")


def test_an_approver_that_waits_for_the_network_is_explained() -> None:
    cluster = new_cluster("cni-image-missing@w-2", host_network=False)
    ended = cluster.install()
    assert ended.exit == Exit.GATE
    assert nodes_ready(cluster) == 5


def test_the_daemons_that_an_operator_makes_are_waited_for_too() -> None:
    cluster = new_cluster()
    operator = APPROVER.replace("HOSTNETWORK", "hostNetwork: true").replace("kubelet-csr-approver", "tigera-operator")
    cluster.text += operator
    ended = cluster.install()
    assert ended.exit == Exit.GATE
    assert "DaemonSet calico-system/calico-node is not there" in ended.what


def test_pods_that_talos_forbids_are_warned_of_and_their_namespace_is_made() -> None:
    cluster = new_cluster(approver=False)
    cluster.text = cluster.text.replace("namespace: kube-system", "namespace: net")
    planned = cluster.plan()
    assert str(planned.pending[0].object) == "Namespace net"
    (warning,) = planned.warnings
    assert warning.endswith("kubectl label namespace net pod-security.kubernetes.io/enforce=privileged")


def test_a_change_of_somebody_else_is_refused_and_repair_sets_it_anew() -> None:
    cluster = new_cluster()
    cluster.install()
    patch(cluster, f"{CONFIG}?fieldManager=kubectl-edit", {"data": {"level": "trace"}})
    ended = cluster.install()
    assert ended.exit == Exit.REFUSED
    assert "ConfigMap kube-system/cilium-config: kubectl-edit set data.level to something else" in ended.what
    assert ended.hint.endswith("--repair")
    repaired = cluster.install(repair=True)
    assert (repaired.exit, repaired.what) == (Exit.DONE, "cilium is up on 6 nodes: 1 object changed.")


def test_another_run_that_holds_the_lease_is_respected() -> None:
    cluster = new_cluster("lease-held")
    ended = cluster.install()
    assert ended.exit == Exit.LOCKED
    assert len(cluster.plan().pending) == 5


def test_two_clusters_are_refused_before_anything_is_changed() -> None:
    cluster = new_cluster("two-clusters")
    ended = cluster.install()
    assert ended.exit == Exit.REFUSED
    assert cluster.applied == []


@pytest.mark.parametrize(("signals", "exit"), [(["INT"], Exit.STOPPED), (["TERM"], Exit.STOPPED)])
def test_one_signal_stops_the_wait_and_a_later_run_goes_on(signals: list[str], exit: Exit) -> None:
    cluster = new_cluster("cni-image-missing@w-2")
    for number, signal in enumerate(signals):
        cluster.world.interrupt_at(cluster.world.clock.now() + 60 + number, signal)
    ended = cluster.install()
    assert (ended.exit, ended.hint) == (exit, "talops install cni")
    assert ended.what == "Stopped as asked. What is applied stays; the next run goes on."
    assert lease_is_free(cluster)
    cluster = new_cluster()
    assert cluster.install().exit == Exit.DONE


def test_no_secret_is_in_what_is_told() -> None:
    cluster = new_cluster()
    cluster.install()
    told = json.dumps([event_to_json(event) for event in cluster.events])
    assert "c2VjcmV0LW9mLWNpbGl1bQ" not in told
    (planned,) = [event for event in cluster.events if isinstance(event, CniPlanned)]
    assert "c2VjcmV0LW9mLWNpbGl1bQ" not in repr(planned)


def test_an_api_that_goes_away_for_moments_is_waited_for() -> None:
    cluster = new_cluster("api-flaps")
    for _ in range(3):
        with contextlib.suppress(TalopsError):
            assert cluster.install().exit in {Exit.DONE, Exit.FAILED}
    assert nodes_ready(cluster) == 6


@pytest.mark.parametrize("fault", ["kubectl-forbidden", "etcd-member-lost", "dead-node@w-3"])
def test_what_is_wrong_elsewhere_does_not_keep_the_network_away(fault: str) -> None:
    ended = new_cluster(fault).install()
    assert ended.exit in {Exit.DONE, Exit.GATE}
