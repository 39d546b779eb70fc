"""What holds for every observation: a gap is never an open gate, and gates only look."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import change_node, change_status, change_talos, change_view, desired_cluster, healthy_observed
from talops.domain.cluster import Observed, Policy
from talops.domain.talos import Unknown
from talops.domain.verdict import GateState
from talops.gates import judge, last_proof

DESIRED = desired_cluster()
HEALTHY = healthy_observed(DESIRED)
PLANES = tuple(node.hostname for node in DESIRED.control_planes)
HOSTNAMES = tuple(node.hostname for node in DESIRED.nodes)
GAPS = {
    "kube_nodes": 0,
    "talos": 0,
    "talos version": 0,
    "kube": 0,
    "etcd members": 1,
    "etcd status": 1,
    "etcd alarms": 1,
    "ceph": 2,
    "rook_pods": 2,
    "budgets": 2,
    "postgres": 3,
    "postgres_pods": 3,
}
"""A part of an observation, and the gate that rests on it."""


def with_gap(observed: Observed, part: str, gap: Unknown, hostname: str, plane: str) -> Observed:
    match part:
        case "talos":
            return change_node(observed, hostname, lambda n: replace(n, talos=gap))
        case "talos version":
            return change_talos(observed, hostname, lambda t: replace(t, version=gap))
        case "kube":
            return change_node(observed, hostname, lambda n: replace(n, kube=gap))
        case "etcd members":
            return change_view(observed, plane, lambda v: replace(v, members=gap))
        case "etcd status":
            return change_view(observed, plane, lambda v: replace(v, status=gap))
        case "etcd alarms":
            return change_view(observed, plane, lambda v: replace(v, alarms=gap))
        case "kube_nodes":
            return replace(observed, kube_nodes=gap)
        case "ceph":
            return replace(observed, ceph=gap)
        case "rook_pods":
            return replace(observed, rook_pods=gap)
        case "budgets":
            return replace(observed, budgets=gap)
        case "postgres":
            return replace(observed, postgres=gap)
        case _:
            return replace(observed, postgres_pods=gap)


@given(
    part=st.sampled_from(sorted(GAPS)),
    hostname=st.sampled_from(HOSTNAMES),
    plane=st.sampled_from(PLANES),
    going=st.sampled_from(("", *HOSTNAMES)),
    forbidden=st.booleans(),
    against=st.sampled_from((None, HEALTHY)),
)
@settings(max_examples=200, deadline=None)
def test_what_is_not_known_never_opens_the_gate_that_rests_on_it(
    part: str, hostname: str, plane: str, going: str, forbidden: bool, against: Observed | None
) -> None:
    gap = Unknown("no answer", forbidden=forbidden)
    observed = with_gap(HEALTHY, part, gap, hostname, plane)
    verdicts = judge(observed, DESIRED, Policy(), going=going, baseline=against)
    found = verdicts[GAPS[part]]
    assert not found.passes
    assert any("no answer" in reason for reason in found.reasons)
    assert found.hopeless is forbidden
    assert [verdict.gate for verdict in verdicts] == ["nodes", "etcd", "ceph", "postgres"]


@given(
    down=st.sets(st.sampled_from([f"cp-{n}" for n in range(1, 8)])),
    planes=st.integers(min_value=1, max_value=7),
    going=st.integers(min_value=1, max_value=7),
)
@settings(max_examples=200, deadline=None)
def test_a_control_plane_never_goes_past_quorum(down: set[str], planes: int, going: int) -> None:
    """Whatever gate and proof say, more than half of the voters must be healthy once the node is gone."""
    desired = desired_cluster(planes, 1)
    leaving = f"cp-{min(going, planes)}"
    observed = healthy_observed(desired, ceph=False, postgres=False)
    for hostname in down:
        observed = change_status(observed, hostname, lambda s: replace(s, leader="0" * 16))
    healthy_after = sum(1 for node in desired.control_planes if node.hostname not in down | {leaving})
    has_quorum = healthy_after > planes // 2
    gate = judge(observed, desired, Policy(), going=leaving)[1]
    proof = last_proof(observed, desired, Policy(), going=leaving)
    assert proof.passes is has_quorum
    assert has_quorum or not gate.passes


@pytest.mark.parametrize("view", PLANES[:1] + PLANES[2:])
def test_the_last_proof_rests_on_every_view_of_those_that_stay(view: str) -> None:
    silent = change_view(HEALTHY, view, lambda v: replace(v, alarms=Unknown("no answer")))
    assert not last_proof(silent, DESIRED, Policy(), going="cp-2").passes


def test_the_last_proof_does_not_need_the_word_of_the_node_that_goes() -> None:
    gap = Unknown("no answer")
    silent = change_view(HEALTHY, "cp-2", lambda v: replace(v, members=gap, status=gap, alarms=gap))
    assert last_proof(silent, DESIRED, Policy(), going="cp-2").state is GateState.OPEN


def test_the_last_proof_of_a_node_that_is_not_in_the_files_is_unknown() -> None:
    assert last_proof(HEALTHY, DESIRED, Policy(), going="w-99").state is GateState.UNKNOWN
