"""For each fault: what the operator is told, and in what state the cluster is left."""

from dataclasses import dataclass

import pytest
from play import cluster

from talops.domain.event import NodeState
from talops.errors import Exit


@dataclass(frozen=True)
class Outcome:
    """`says` are words that the last message must contain; `cordoned` the nodes that stay so."""

    exit: Exit
    state: NodeState
    says: tuple[str, ...]
    cordoned: tuple[str, ...] = ()
    went_down: tuple[str, ...] = ()


OUTCOMES = {
    "silent-rollback@w-1": Outcome(
        Exit.FAILED, NodeState.ROLLED_BACK, ("w-1", "rebooted", "v1.13.0", "dmesg"), went_down=("w-1",)
    ),
    "never-returns@w-1": Outcome(
        Exit.FAILED, NodeState.UNREACHABLE, ("w-1", "does not answer", "console"), ("w-1",), ("w-1",)
    ),
    "install-fails@w-1": Outcome(Exit.FAILED, NodeState.NOT_INSTALLED, ("w-1", "not changed", "upgrade failed")),
    "exit-zero-not-upgraded@w-1": Outcome(
        Exit.FAILED,
        NodeState.NOT_INSTALLED,
        ("w-1", "said it succeeded", "without anything installed"),
        went_down=("w-1",),
    ),
    "pdb-blocks@w-1": Outcome(Exit.GATE, NodeState.GATE_SHUT, ("w-1", "could not be drained", "held by the budget")),
    "ceph-stays-degraded@w-1": Outcome(Exit.GATE, NodeState.GATE_SHUT, ("ceph", "talops status"), went_down=("w-1",)),
}


@pytest.mark.parametrize("fault", OUTCOMES)
def test_a_fault_on_the_first_worker_stops_the_rollout_there(fault: str) -> None:
    outcome = OUTCOMES[fault]
    rehearsed = cluster(fault)

    played = rehearsed.play()

    assert played.exit is outcome.exit, played.said
    assert played.left("w-1") is outcome.state
    assert [word for word in outcome.says if word not in played.said] == []
    truth = rehearsed.world.truth
    assert tuple(node.name for node in truth.kube_nodes() if node.unschedulable) == outcome.cordoned
    assert {name for name in truth.went_down if name.startswith("w-")} == set(outcome.went_down)
    assert played.ended.left


def test_an_unreadable_ceph_is_unknown_and_nothing_goes_down() -> None:
    rehearsed = cluster("kubectl-forbidden")

    played = rehearsed.play()

    assert played.exit in {Exit.GATE, Exit.REFUSED, Exit.LOCKED}
    assert "forbidden" in played.said.lower()
    assert rehearsed.world.truth.went_down == []


def test_a_lost_etcd_member_keeps_every_control_plane_up() -> None:
    rehearsed = cluster("etcd-member-lost@cp-2")

    played = rehearsed.play()

    assert played.exit in {Exit.GATE, Exit.REFUSED}
    assert "etcd" in played.said
    assert rehearsed.world.truth.went_down == []


def test_a_primary_that_never_moves_is_not_evicted() -> None:
    rehearsed = cluster("postgres-never-switches")

    played = rehearsed.play()

    assert played.exit is Exit.GATE
    assert "primary" in played.said
    truth = rehearsed.world.truth
    assert [node.name for node in truth.kube_nodes() if node.unschedulable] == []


@pytest.mark.parametrize("seed", range(5))
def test_an_api_that_flaps_delays_but_does_not_stop(seed: int) -> None:
    rehearsed = cluster("api-flaps", seed=seed)

    played = rehearsed.play()

    assert played.exit is Exit.DONE, played.said
    assert rehearsed.world.truth.max_down_at_once == 1


@pytest.mark.parametrize("fault", ["install-fails@w-1", "silent-rollback@w-1", "exit-zero-not-upgraded@w-1"])
def test_after_a_fault_is_mended_the_next_run_finishes(fault: str) -> None:
    rehearsed = cluster(fault)
    rehearsed.play()
    rehearsed.world.mend()

    again = rehearsed.play()

    assert again.exit is Exit.DONE, again.said
    assert {str(node.version) for node in rehearsed.world.truth.nodes.values()} == {"v1.13.1"}
