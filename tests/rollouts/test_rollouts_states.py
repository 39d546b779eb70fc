"""The states in which a node can be left: what the operator is told, and how the cluster is then."""

from dataclasses import dataclass

import pytest
from play import annotate, cluster, cordoned, marked, versions

from talops.domain.event import NodeState
from talops.errors import Exit

UNTIL_BACK = "nothing else is taken down until it is back"


@dataclass(frozen=True)
class Left:
    """`says`: state, meaning, next command. `kept`: it stays cordoned and marked, and the Lease is held."""

    state: NodeState
    says: tuple[str, ...]
    kept: bool = False
    exit: Exit = Exit.FAILED


STATES = {
    "install-fails@w-1": Left(
        NodeState.NOT_INSTALLED,
        (
            "was not changed and did not reboot",
            "exit code 1",
            "It is up, and not cordoned",
            "then run `talops upgrade all`",
        ),
    ),
    "pull-fails@w-1": Left(
        NodeState.NOT_INSTALLED, ("was not changed", "failed to pull image", "It is up, and not cordoned", "dmesg")
    ),
    "installer-hangs@w-1": Left(
        NodeState.NOT_INSTALLED,
        ("was not changed", "talosctl was killed at its deadline", "It is up, and not"),
    ),
    "exit-zero-not-upgraded@w-1": Left(
        NodeState.NOT_INSTALLED, ("rebooted, but without anything installed", "talosctl said it succeeded")
    ),
    "reboot-refused@w-1": Left(
        NodeState.INSTALLED,
        ("has the new version installed", "its next reboot will", "run `talops upgrade all` again"),
    ),
    "hangs-rebooting@w-1": Left(
        NodeState.HUNG,
        ("began to upgrade and hangs", UNTIL_BACK, "kubectl uncordon w-1", "reboot -m powercycle"),
        kept=True,
    ),
    "hangs-rebooting@cp-2": Left(
        NodeState.HUNG,
        ("etcd has 2 of 3 voters, which is just a quorum: nothing else may go down", "kubectl uncordon cp-2"),
        kept=True,
    ),
    "silent-rollback@w-1": Left(
        NodeState.ROLLED_BACK,
        ("it booted v1.13.0, not v1.13.1", "undone by the node itself", "It is up, and not cordoned", "dmesg"),
    ),
    "extension-lost@w-1": Left(
        NodeState.OTHER_IMAGE,
        ("rebooted, but it booted with schematic none", "is not what the files describe", "talops rollback w-1"),
    ),
    "stays-booting@w-1": Left(
        NodeState.NOT_READY,
        ("booted, but is not ready", "stage booting", UNTIL_BACK, "talosctl -n 10.1.0.4 services", "uncordon w-1"),
        kept=True,
    ),
    "kubelet-stays-down@cp-2": Left(
        NodeState.NOT_READY,
        ("booted, but is not ready", "nodeReady", "etcd has 3 of 3 voters", "kubectl describe node cp-2"),
        kept=True,
    ),
    "never-returns@w-1": Left(
        NodeState.UNREACHABLE, ("does not answer", UNTIL_BACK, "power it on", "kubectl uncordon w-1"), kept=True
    ),
    "never-returns@cp-2": Left(
        NodeState.UNREACHABLE,
        ("does not answer", "etcd has 2 of 3 voters, which is just a quorum", "kubectl uncordon cp-2"),
        kept=True,
    ),
    "ceph-stays-degraded@w-1": Left(
        NodeState.GATE_SHUT, ("a gate is not open: ceph shut", "PG_DEGRADED", "`talops status`"), exit=Exit.GATE
    ),
}


@pytest.mark.parametrize("fault", STATES)
def test_what_the_operator_is_told_and_how_the_cluster_is_left(fault: str) -> None:
    hostname = fault.partition("@")[2]
    expected = STATES[fault]
    rehearsed = cluster(fault)

    played = rehearsed.play()

    assert (played.exit, played.left(hostname)) == (expected.exit, expected.state), played.said
    assert [word for word in expected.says if word not in played.said] == []
    kept = [hostname] if expected.kept else []
    assert (cordoned(rehearsed), marked(rehearsed)) == (kept, kept)
    assert (rehearsed.world.truth.lease_holder is not None) is expected.kept
    assert rehearsed.world.truth.max_down_at_once == 1


@pytest.mark.parametrize("fault", STATES)
def test_another_run_takes_nothing_else_down_before_that_node_is_well(fault: str) -> None:
    hostname = fault.partition("@")[2]
    rehearsed = cluster(fault)
    rehearsed.play()
    went = len(rehearsed.world.truth.went_down)
    rehearsed.restart()

    again = rehearsed.play()

    others = [name for name in rehearsed.world.truth.went_down[went:] if name != hostname]
    assert again.exit is not Exit.DONE
    assert others == []
    assert again.said.strip().count("\n") >= 1, "what happened, and what to type"


@pytest.mark.parametrize("fault", STATES)
def test_once_it_is_mended_another_run_finishes(fault: str) -> None:
    rehearsed = cluster(fault)
    rehearsed.play()
    rehearsed.restart()
    rehearsed.world.mend()
    rehearsed.world.advance(600)

    again = rehearsed.play()

    if fault == "extension-lost@w-1":
        assert again.exit is Exit.DONE or "schematic" in again.said
        return
    assert again.exit is Exit.DONE, again.said
    assert versions(rehearsed) == {"v1.13.1"}
    assert cordoned(rehearsed) == marked(rehearsed) == []


def test_the_name_of_the_deadline_is_what_a_person_would_say() -> None:
    said = cluster("postgres-never-switches").play().said

    assert "after 5 minutes" in said
    assert "0:05" not in said


def test_a_mark_of_another_run_is_told_of_whatever_stops_this_one() -> None:
    rehearsed = cluster("foreign-kured")
    annotate(rehearsed, "w-1", {"talops.dev/cordoned-by": "dead"})
    rehearsed.world.truth.cordon("w-1")

    played = rehearsed.play()

    assert played.exit is Exit.LOCKED
    assert "kubectl uncordon w-1" in played.said
