"""The last proof: what may have changed elsewhere while a node was drained."""

from dataclasses import replace

import pytest

from builders import change_kube, change_pod, desired_cluster, healthy_observed
from talops.domain.cluster import GatePolicy, Observed, Policy
from talops.domain.verdict import GateState, Verdict
from talops.gates import last_proof

DESIRED = desired_cluster()
HEALTHY = healthy_observed(DESIRED)


def proof(observed: Observed, policy: Policy | None = None) -> Verdict:
    return last_proof(observed, DESIRED, policy or Policy(), going="w-1", before=HEALTHY)


def test_the_node_itself_may_be_anything() -> None:
    assert proof(change_kube(HEALTHY, "w-1", lambda k: replace(k, ready=False))).state is GateState.OPEN


@pytest.mark.parametrize("ready", [False, None])
def test_another_node_that_went_away_meanwhile_keeps_this_one_up(ready: bool | None) -> None:
    gone = change_kube(HEALTHY, "w-2", lambda k: replace(k, ready=ready))

    assert proof(gone).state is GateState.SHUT
    assert proof(gone, Policy(nodes_gate=GatePolicy(enabled=False))).state is GateState.OPEN


def elsewhere(prefix: str) -> str:
    """A pod of that kind that is not on w-1."""
    assert isinstance(HEALTHY.rook_pods, tuple)
    assert isinstance(HEALTHY.postgres_pods, tuple)
    pods = (*HEALTHY.rook_pods, *HEALTHY.postgres_pods)
    return next(pod.name for pod in pods if pod.name.startswith(prefix) and pod.node != "w-1")


@pytest.mark.parametrize("prefix", ["rook-ceph-osd", "pg-"])
def test_what_stayed_where_it_was_must_be_well_and_what_was_moved_may_still_start(prefix: str) -> None:
    name = elsewhere(prefix)
    broken = change_pod(HEALTHY, name, lambda pod: replace(pod, ready=False))
    moved = change_pod(HEALTHY, name, lambda pod: replace(pod, ready=False, uid="another"))

    assert proof(broken).state is GateState.SHUT
    assert name in proof(broken).reasons[0]
    assert proof(moved).state is GateState.OPEN
