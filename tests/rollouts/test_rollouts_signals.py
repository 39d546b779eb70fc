"""Ctrl-C once finishes the step in flight; twice stops waiting; SIGTERM has a deadline (law 10)."""

import pytest
from play import Rehearsed, cluster

from talops.domain.event import Event, NodeState, Step, StepStarted
from talops.errors import Exit


def interrupt_in(rehearsed: Rehearsed, hostname: str, step: Step, *signals: str, after: float = 1.0) -> None:
    """Arrange for signals to come a second after a step began."""

    def watch(event: Event) -> None:
        if isinstance(event, StepStarted) and (event.hostname, event.step) == (hostname, step) and not armed:
            armed.append(True)
            for number, signal in enumerate(signals):
                rehearsed.world.interrupt_at(event.at + after + number * 3, signal)

    armed: list[bool] = []
    rehearsed.watch = watch


@pytest.mark.parametrize("step", [Step.GATES, Step.DATABASES, Step.DRAIN])
@pytest.mark.parametrize("signal", ["INT", "TERM"])
def test_before_the_node_is_down_one_ctrl_c_puts_everything_back(step: Step, signal: str) -> None:
    rehearsed = cluster()
    interrupt_in(rehearsed, "w-1", step, signal, after=0.5)

    played = rehearsed.play()

    assert played.exit is Exit.STOPPED, played.said
    assert "w-1, w-2, w-3" in played.said
    truth = rehearsed.world.truth
    assert [node.name for node in truth.kube_nodes() if node.unschedulable] == []
    assert "w-1" not in truth.went_down
    assert truth.lease_holder is None


@pytest.mark.parametrize("step", [Step.UPGRADE, Step.BOOT])
def test_once_it_is_down_one_ctrl_c_sees_it_through(step: Step) -> None:
    rehearsed = cluster()
    interrupt_in(rehearsed, "w-1", step, "INT")

    played = rehearsed.play()

    assert played.exit is Exit.STOPPED, played.said
    assert played.ended.left == ("w-2", "w-3")
    assert str(rehearsed.world.truth.nodes["w-1"].version) == "v1.13.1"
    assert [node.name for node in rehearsed.world.truth.kube_nodes() if node.unschedulable] == []


@pytest.mark.parametrize("step", [Step.UPGRADE, Step.BOOT])
def test_twice_stops_waiting_and_the_next_run_settles_it(step: Step) -> None:
    rehearsed = cluster()
    interrupt_in(rehearsed, "w-1", step, "INT", "INT")

    played = rehearsed.play()
    rehearsed.watch = lambda _event: None
    rehearsed.restart()
    again = rehearsed.play()

    assert played.exit is Exit.INTERRUPTED
    assert "kubectl uncordon w-1" in played.said
    assert played.left("w-1") is NodeState.INTERRUPTED
    assert again.exit is Exit.DONE, again.said
    assert rehearsed.world.truth.max_down_at_once == 1


def test_sigterm_in_an_upgrade_has_a_deadline() -> None:
    rehearsed = cluster("never-returns@w-1")
    interrupt_in(rehearsed, "w-1", Step.UPGRADE, "TERM")

    played = rehearsed.play()

    assert played.exit is Exit.TERMINATED
    assert "w-1 was in flight" in played.said


def test_twice_in_a_drain_still_puts_the_cordon_back() -> None:
    rehearsed = cluster("pdb-blocks@w-1")
    interrupt_in(rehearsed, "w-1", Step.DRAIN, "INT", "INT", after=0.5)

    played = rehearsed.play()

    assert played.exit in {Exit.STOPPED, Exit.INTERRUPTED}
    assert [node.name for node in rehearsed.world.truth.kube_nodes() if node.unschedulable] == []
