"""The nodes gate: when is every node up, and when do we merely not know?"""

from dataclasses import replace

import pytest

from builders import change_kube, change_node, change_talos, desired_cluster, healthy_observed
from talops.domain.cluster import GatePolicy, Observed, Policy
from talops.domain.kubernetes import KubeNode
from talops.domain.talos import Unknown
from talops.domain.verdict import GateState, Verdict
from talops.gates import judge

DESIRED = desired_cluster()
HEALTHY = healthy_observed(DESIRED)
SILENT = Unknown("connection refused")


def verdict(observed: Observed, policy: Policy | None = None, baseline: Observed | None = None) -> Verdict:
    return judge(observed, DESIRED, policy or Policy(), going="cp-2", baseline=baseline)[0]


def test_a_healthy_cluster_opens_the_gate_and_says_how_many_nodes_that_are() -> None:
    assert verdict(HEALTHY).state is GateState.OPEN
    assert verdict(HEALTHY).reasons == ("6 nodes Ready",)


@pytest.mark.parametrize(
    ("observed", "state", "words"),
    [
        pytest.param(
            change_kube(HEALTHY, "w-2", lambda k: replace(k, ready=False, ready_message="PLEG is not healthy")),
            GateState.SHUT,
            "w-2 is NotReady (PLEG is not healthy)",
            id="NotReady",
        ),
        pytest.param(
            change_kube(HEALTHY, "w-2", lambda k: replace(k, ready=None)),
            GateState.UNKNOWN,
            "w-2: Kubernetes hears nothing from its kubelet",
            id="kubelet silent",
        ),
        pytest.param(
            change_node(HEALTHY, "w-2", lambda n: replace(n, kube=None)),
            GateState.SHUT,
            "w-2 is not in Kubernetes",
            id="not registered",
        ),
        pytest.param(
            change_node(HEALTHY, "w-2", lambda n: replace(n, kube=SILENT)),
            GateState.UNKNOWN,
            "w-2: its Kubernetes node: connection refused",
            id="kube node unknown",
        ),
        pytest.param(
            change_node(HEALTHY, "w-2", lambda n: replace(n, talos=SILENT)),
            GateState.UNKNOWN,
            "w-2: its Talos API does not answer: connection refused",
            id="Talos dead",
        ),
        pytest.param(
            change_talos(HEALTHY, "w-2", lambda t: replace(t, version=SILENT)),
            GateState.UNKNOWN,
            "w-2: its Talos version is not known",
            id="version unknown",
        ),
        pytest.param(
            change_talos(HEALTHY, "w-2", lambda t: replace(t, stage="")),
            GateState.UNKNOWN,
            "w-2: its machine status is not known",
            id="stage unknown",
        ),
        pytest.param(
            change_talos(HEALTHY, "w-2", lambda t: replace(t, stage="booting", ready=False)),
            GateState.SHUT,
            "w-2 is booting",
            id="booting",
        ),
        pytest.param(
            change_talos(HEALTHY, "w-2", lambda t: replace(t, ready=False, unmet=("staticPods",))),
            GateState.SHUT,
            "w-2: Talos is not ready (staticPods)",
            id="unmet condition",
        ),
        pytest.param(
            change_talos(HEALTHY, "w-2", lambda t: replace(t, ready=None)),
            GateState.UNKNOWN,
            "w-2: Talos does not say whether it is ready",
            id="readiness unknown",
        ),
        pytest.param(
            replace(HEALTHY, kube_nodes=SILENT), GateState.UNKNOWN, "Kubernetes nodes: connection refused", id="no list"
        ),
        pytest.param(
            replace(HEALTHY, kube_nodes=()), GateState.UNKNOWN, "Kubernetes lists no node at all", id="empty list"
        ),
        pytest.param(
            replace(HEALTHY, nodes={h: n for h, n in HEALTHY.nodes.items() if h != "w-2"}),
            GateState.UNKNOWN,
            "w-2 was not looked at",
            id="not observed",
        ),
        pytest.param(
            change_kube(HEALTHY, "w-2", lambda k: replace(k, name="w-1")),
            GateState.UNKNOWN,
            "w-2 and w-1 are the same Kubernetes node w-1",
            id="one node twice",
        ),
        pytest.param(
            change_kube(HEALTHY, "w-2", lambda k: replace(k, boot_id="an older one")),
            GateState.UNKNOWN,
            "w-2: Kubernetes calls it Ready, but still speaks of its previous boot",
            id="stale Ready",
        ),
    ],
)
def test_one_node_that_is_not_up_keeps_the_gate_from_opening(observed: Observed, state: GateState, words: str) -> None:
    found = verdict(observed)
    assert found.state is state
    assert any(words in reason for reason in found.reasons), found.reasons


def test_waiting_is_hopeless_when_the_api_forbids_us_to_look() -> None:
    assert verdict(replace(HEALTHY, kube_nodes=Unknown("nodes is forbidden", forbidden=True))).hopeless
    assert not verdict(replace(HEALTHY, kube_nodes=SILENT)).hopeless


def test_a_boot_that_kubernetes_knows_and_an_earlier_answer_of_talos_does_not_is_no_lag() -> None:
    rebooted = change_kube(HEALTHY, "w-2", lambda k: replace(k, boot_id="a new one"))
    assert verdict(rebooted, baseline=HEALTHY).state is GateState.OPEN


def test_ready_of_the_boot_before_the_reboot_is_not_believed() -> None:
    rebooted = change_node(HEALTHY, "w-2", lambda n: replace(n, boot_id="a new one"))
    assert verdict(rebooted, baseline=HEALTHY).state is GateState.UNKNOWN


def test_a_cordoned_node_is_noted_and_does_not_shut_the_gate() -> None:
    found = verdict(change_kube(HEALTHY, "w-2", lambda k: replace(k, unschedulable=True)))
    assert found.state is GateState.OPEN
    assert found.notes == ("cordoned, so there is less room for what moves: w-2",)


def test_a_stranger_that_is_down_is_noted_and_not_waited_for() -> None:
    assert isinstance(HEALTHY.kube_nodes, tuple)
    stranger = KubeNode(name="old-worker", addresses=("10.9.9.9",), ready=False)
    found = verdict(replace(HEALTHY, kube_nodes=(*HEALTHY.kube_nodes, stranger)))
    assert found.state is GateState.OPEN
    assert found.notes == ("not in the files and not Ready: old-worker",)


def test_a_long_list_of_reasons_is_cut_for_the_screen() -> None:
    desired = desired_cluster(workers=40)
    observed = healthy_observed(desired)
    down = {name: replace(node, kube=None) for name, node in observed.nodes.items()}
    found = judge(replace(observed, nodes=down), desired, Policy())[0]
    assert len(found.reasons) == 9
    assert found.reasons[-1] == "and 35 more"


def test_a_gate_that_the_policy_switches_off_does_not_apply_and_says_so() -> None:
    down = change_kube(HEALTHY, "w-2", lambda k: replace(k, ready=False))
    found = verdict(down, Policy(nodes_gate=GatePolicy(enabled=False)))
    assert found.state is GateState.NOT_APPLICABLE
    assert found.reasons == ("switched off in talops.yaml",)
