"""The laws of a rollout, for the commands that change etcd: the Lease, signals, a killed talops."""

from pathlib import Path

import pytest
from etcdplay import FILE, Silent, at, defrag, hand_over, members, mend, order, remove, three, without_kubernetes
from play import annotate

from talops.domain.event import Step
from talops.domain.process import Response
from talops.errors import Exit
from talops.sim.world import World

DEAD = "dead-node@cp-2"


def test_law_8_the_lease_is_held_while_something_is_changed(tmp_path: Path) -> None:
    rehearsed = three(DEAD)
    held: list[str | None] = []
    at(rehearsed, Step.REMOVE, lambda: held.append(rehearsed.world.truth.lease_holder))

    played = remove(rehearsed, "cp-2", tmp_path)

    assert played.exit is Exit.DONE, played.said
    assert held == ["tester/run-1"]
    assert rehearsed.world.truth.lease_holder is None


@pytest.mark.parametrize("fault", ["lease-held", "foreign-kured"])
def test_law_8_while_somebody_else_is_at_work_nothing_is_changed(fault: str, tmp_path: Path) -> None:
    rehearsed = three(DEAD, fault)

    played = remove(rehearsed, "cp-2", tmp_path)
    other = defrag(three(fault))

    assert (played.exit, other.exit) == (Exit.LOCKED, Exit.LOCKED), played.said
    assert "cp-2" in members(rehearsed)
    assert list(tmp_path.iterdir()) == []


def test_law_8_a_lease_that_is_taken_away_stops_it_before_the_change(tmp_path: Path) -> None:
    rehearsed = three(DEAD)
    at(rehearsed, Step.SNAPSHOT, lambda: rehearsed.world.truth.take_lease("somebody/else"))

    played = remove(rehearsed, "cp-2", tmp_path)

    assert played.exit is Exit.LOCKED, played.said
    assert "cp-2" in members(rehearsed)
    assert rehearsed.world.truth.lease_holder == "somebody/else"
    assert str(tmp_path / FILE) in played.said


def test_without_kubernetes_it_goes_on_and_says_that_there_is_no_lease(tmp_path: Path) -> None:
    rehearsed = without_kubernetes(three("control-plane-replaced@cp-2"))

    played = mend(rehearsed, tmp_path)

    assert played.exit is Exit.DONE, played.said
    assert "No Lease" in played.notes
    assert members(rehearsed) == ["cp-1", "cp-2", "cp-3"]


def test_a_kubernetes_that_does_not_take_the_kubeconfig_is_there_and_may_have_given_the_lease_to_somebody() -> None:
    rehearsed = three()
    rehearsed.kube_of = lambda _world: Silent(Response(status=401))

    played = defrag(rehearsed)

    assert played.exit is Exit.FAILED, played.said
    assert "does not accept these credentials" in played.said
    assert "kubectl config view --minify" in played.said
    assert order(played, Step.DEFRAGMENT) == []


def test_law_13_the_lease_of_another_cluster_keeps_nobody_out() -> None:
    played = defrag(three("two-clusters"))

    assert played.exit is Exit.REFUSED, played.said
    assert "talosconfig and kubeconfig are two clusters" in played.said


def test_law_1_a_node_in_flight_is_about_to_come_back_and_stays_a_member(tmp_path: Path) -> None:
    rehearsed = three(DEAD)
    annotate(rehearsed, "cp-2", {"talops.dev/in-flight": "{}"})

    played = remove(rehearsed, "cp-2", tmp_path)

    assert (played.exit, "in flight" in played.said) == (Exit.REFUSED, True)
    assert "cp-2" in members(rehearsed)


def test_law_1_while_a_control_plane_is_in_flight_no_other_is_defragmented() -> None:
    rehearsed = three()
    annotate(rehearsed, "cp-2", {"talops.dev/in-flight": "{}"})

    played = defrag(rehearsed, "cp-1")

    assert (played.exit, "in flight" in played.said) == (Exit.REFUSED, True)


@pytest.mark.parametrize("signal", ["INT", "TERM"])
def test_law_10_one_signal_before_the_change_stops_it(signal: str, tmp_path: Path) -> None:
    rehearsed = three(DEAD)
    rehearsed.world.interrupt_at(rehearsed.world.clock.now() + 15, signal)

    played = remove(rehearsed, "cp-2", tmp_path)

    assert played.exit is Exit.STOPPED, played.said
    assert "cp-2" in members(rehearsed)
    assert rehearsed.world.truth.lease_holder is None
    assert "talops etcd remove-member cp-2" in played.said


def test_law_10_one_ctrl_c_lets_the_member_in_flight_finish_and_says_what_is_left() -> None:
    rehearsed = three()
    at(rehearsed, Step.DEFRAGMENT, lambda: rehearsed.world.send("INT"), after=0.01)

    played = defrag(rehearsed)

    assert played.exit is Exit.STOPPED, played.said
    assert len(played.ended.left) == 2
    assert rehearsed.world.truth.lease_holder is None


def test_law_10_twice_stops_waiting_and_does_not_claim_to_know(tmp_path: Path) -> None:
    rehearsed = three(DEAD)

    def twice() -> None:
        rehearsed.world.send("INT")
        rehearsed.world.send("INT")

    at(rehearsed, Step.REMOVE, twice, after=0.01)
    played = remove(rehearsed, "cp-2", tmp_path)

    assert played.exit is Exit.INTERRUPTED, played.said
    assert "whether it was done is not known" in played.said
    assert "talops etcd status" in played.said


@pytest.mark.parametrize("calls", range(5, 60, 6))
def test_law_1_a_talops_that_is_killed_anywhere_leaves_what_another_finishes(calls: int, tmp_path: Path) -> None:
    rehearsed = three("control-plane-replaced@cp-2")
    rehearsed.world.kill_talops_after_calls(calls)
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()

    killed = mend(rehearsed, tmp_path / "first")
    rehearsed.restart()
    rehearsed.world.advance(90)
    again = mend(rehearsed, tmp_path / "second")

    assert killed.exit is None
    assert again.exit is Exit.DONE, again.said
    assert members(rehearsed) == ["cp-1", "cp-2", "cp-3"]


def quorate(world: World) -> bool:
    return world.truth.etcd.quorate


@pytest.mark.parametrize("leader", ["cp-1", "cp-2", "cp-3"])
def test_law_4_there_is_a_quorum_whatever_is_done(leader: str, tmp_path: Path) -> None:
    rehearsed = three(DEAD if leader != "cp-2" else "dead-node@cp-1")
    dead = "cp-2" if leader != "cp-2" else "cp-1"
    hand_over(rehearsed, rehearsed.world.truth.etcd.leader_hostname)
    lost: list[str] = []
    rehearsed.watch = lambda event: None if quorate(rehearsed.world) else lost.append(type(event).__name__)

    played = remove(rehearsed, dead, tmp_path)
    (tmp_path / FILE).unlink()
    remove(rehearsed, leader, tmp_path)

    assert played.exit is Exit.DONE, played.said
    assert lost == []
    assert len(members(rehearsed)) == 2
