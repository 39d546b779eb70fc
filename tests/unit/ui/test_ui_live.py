"""What a person sees at a terminal: the screen itself, read back through a terminal emulator."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from play import cluster

from builders import desired_cluster, healthy_observed
from talops.domain.cluster import Policy
from talops.domain.components import Component
from talops.domain.event import (
    Commanded,
    ComponentMoved,
    Ended,
    Event,
    GatesJudged,
    Move,
    NodeEnded,
    NodeState,
    Noted,
    Planned,
    Step,
    StepStarted,
    StepWaits,
)
from talops.domain.verdict import GateState, Verdict
from talops.plan import upgrade_plan
from talops.ui.board import Board
from talops.ui.screen import screen, shortened
from terminal import Terminal

WALL = datetime(2026, 3, 1, 3, 5, 51, tzinfo=UTC)
Golden = Callable[[str, str], None]
STUCK = "pdb-blocks@w-1"


def until(events: Sequence[Event], last: Callable[[Event], bool]) -> list[Event]:
    """The events up to the first that is so."""
    return list(events[: 1 + next(number for number, event in enumerate(events) if last(event))])


def at_the_drain(event: Event) -> bool:
    return isinstance(event, StepWaits) and event.hostname == "w-1" and event.step is Step.DRAIN


def behind_ceph(event: Event) -> bool:
    return isinstance(event, StepWaits) and event.reason.startswith("ceph shut")


@pytest.mark.parametrize("width", [100, 60])
def test_the_screen_while_a_drain_is_held_up_and_at_the_end(width: int, golden: Golden) -> None:
    played = cluster(STUCK)
    events = played.play().events
    terminal = Terminal(played.desired, width=width)
    before = until(events, at_the_drain)
    terminal.play(before)
    golden(f"live-{width}-drain.txt", terminal.seen())
    terminal.play(events[len(before) :])
    golden(f"live-{width}-stuck.txt", terminal.seen())


@pytest.mark.parametrize("width", [100, 60])
def test_the_screen_while_ceph_recovers_and_after_success(width: int, golden: Golden) -> None:
    played = cluster()
    events = played.play().events
    terminal = Terminal(played.desired, width=width)
    before = until(events, behind_ceph)
    terminal.play(before)
    golden(f"live-{width}-gate.txt", terminal.seen())
    terminal.play(events[len(before) :])
    terminal.live.close()
    golden(f"live-{width}-success.txt", terminal.seen())


@pytest.mark.parametrize("width", [100, 60])
def test_the_screen_while_kubernetes_is_upgraded_and_when_a_kubelet_does_not_restart(
    width: int, golden: Golden
) -> None:
    played = cluster("kubelet-does-not-restart@w-1", target="v1.13.0", kubernetes="v1.35.2")
    events = played.upgrade_k8s().events
    terminal = Terminal(played.desired, width=width)
    before = until(events, lambda event: isinstance(event, ComponentMoved) and at_the_scheduler(event))
    terminal.play(before)
    golden(f"live-{width}-kubernetes.txt", terminal.seen())
    terminal.play(events[len(before) :])
    golden(f"live-{width}-kubernetes-stuck.txt", terminal.seen())


def at_the_scheduler(event: ComponentMoved) -> bool:
    return (event.hostname, event.component, event.move) == ("cp-2", Component.SCHEDULER, Move.WAITS)


def test_the_table_does_not_begin_before_the_question_about_the_plan() -> None:
    played = cluster()
    events = played.play().events
    terminal = Terminal(played.desired, width=80)
    terminal.play(until(events, lambda event: isinstance(event, Planned)))
    assert "6 nodes will reboot" in terminal.seen()
    assert "waiting" not in terminal.seen()
    assert "\x1b[?25l" not in terminal.written.getvalue()  # the cursor is still there for the answer


def test_a_new_plan_takes_the_table_off_the_screen_and_says_what_is_left() -> None:
    played = cluster()
    events = played.play().events
    planned = next(event for event in events if isinstance(event, Planned))
    terminal = Terminal(played.desired, width=80)
    terminal.play([*until(events, lambda event: isinstance(event, StepStarted)), planned])
    assert "> cp-2" not in terminal.seen()
    assert terminal.seen().count("6 nodes will reboot") == 1
    assert "a new plan, still to upgrade: cp-2, cp-1, cp-3, w-1, w-2, w-3" in terminal.seen()


def test_markup_of_a_text_from_the_cluster_is_shown_as_it_is() -> None:
    played = cluster()
    events = until(played.play().events, lambda event: isinstance(event, StepWaits))
    waits = events[-1]
    assert isinstance(waits, StepWaits)
    reason = "[bold]pod[/bold] [red]:boom: \x1b[2J"
    terminal = Terminal(played.desired, width=100, commands=True)
    terminal.play(
        [
            *events,
            StepWaits(
                at=waits.at, wall=waits.wall, hostname="cp-2", step=Step.DRAIN, reason=reason, deadline=waits.deadline
            ),
            Noted(at=waits.at, wall=waits.wall, text="[/nothing] closed", warning=True),
            Commanded(at=waits.at, wall=waits.wall, command="kubectl get '[blink]'", mutating=False),
        ]
    )
    assert "waits: [bold]pod[/bold] [red]:boom:  [2J" in terminal.seen()
    assert "warning: [/nothing] closed" in terminal.seen()
    assert "$ kubectl get '[blink]'" in terminal.seen()


def test_notes_stand_above_the_table_which_stays_whole() -> None:
    played = cluster()
    events = until(played.play().events, lambda event: isinstance(event, StepWaits))
    last = events[-1]
    terminal = Terminal(played.desired, width=100)
    terminal.play([*events, *(Noted(at=last.at, wall=last.wall, text=f"note {n}") for n in range(5))])
    lines = terminal.seen().splitlines()
    assert [line for line in lines if line.startswith("note")] == [f"note {n}" for n in range(5)]
    assert sum(line.startswith("test to v1.13.1 ") for line in lines) == 1


def test_what_concerns_the_whole_cluster_stands_beneath_the_table() -> None:
    events = until(cluster().play().events, lambda event: isinstance(event, StepStarted))
    last = events[-1]
    board = Board(title="test")
    for event in events:
        board.apply(event)
    board.apply(
        StepWaits(
            at=last.at, wall=last.wall, hostname="", step=Step.GATES, reason="the API to answer", deadline=last.at + 60
        )
    )
    assert screen(board, last.at + 5, width=80, height=24)[-1].text == (
        "cluster: gates  5s  waits: the API to answer (gives up in 55s)"
    )


def test_a_row_shows_the_newest_words_of_the_gate_that_it_waits_for() -> None:
    events = until(cluster().play().events, lambda event: isinstance(event, StepStarted))
    last = events[-1]
    board = Board(title="test")

    def judge(percent: str) -> Verdict:
        verdict = Verdict(gate="ceph", state=GateState.SHUT, reasons=(f"{percent} degraded",))
        board.apply(GatesJudged(at=last.at, wall=last.wall, hostname="cp-2", verdicts=(verdict,)))
        return verdict

    for event in events:
        board.apply(event)
    reason = str(judge("5%"))
    board.apply(
        StepWaits(at=last.at, wall=last.wall, hostname="cp-2", step=Step.GATES, reason=reason, deadline=last.at + 60)
    )
    judge("4%")
    lines = "\n".join(line.text for line in screen(board, last.at, width=80, height=24))
    assert "waits: ceph shut: 4% degraded" in lines
    assert "5%" not in lines


@pytest.mark.parametrize(("width", "height"), [(100, 24), (60, 24), (40, 10), (200, 50), (60, 12)])
def test_with_300_nodes_the_working_one_is_on_the_screen_with_its_reason(width: int, height: int) -> None:
    desired = desired_cluster(workers=297)
    plan = upgrade_plan(desired, healthy_observed(desired, version="v1.13.0"), Policy())
    waits = StepWaits(at=5.0, wall=WALL, hostname="w-150", step=Step.DRAIN, reason="8 pods to end", deadline=905.0)
    board = Board(title="test")
    board.apply(Planned(at=0.0, wall=WALL, run="run-1", cluster="test", plan=plan))
    for node in plan.upgrades[:100]:
        board.apply(
            NodeEnded(at=1.0, wall=WALL, hostname=node.hostname, state=NodeState.DONE, took=timedelta(minutes=4))
        )
    board.apply(waits)
    lines = screen(board, waits.at, width=width, height=height)
    assert len(lines) <= height
    assert all(len(line.text) <= width for line in lines)
    text = " ".join(" ".join(line.text for line in lines).split())
    assert "100 done, 1 working, 199 waiting" in text
    assert "> w-150" in text
    assert "waits: 8 pods to end (gives up in 15m00s)" in text


def test_a_rehearsal_paints_four_times_a_second_and_not_more() -> None:
    """Time is virtual, so events and ticks come by the thousand in a second of real time."""
    played = cluster(workers=30)
    events = played.play().events
    terminal = Terminal(played.desired, width=100, height=24, commands=True)
    paints = 0

    def counted() -> None:
        nonlocal paints
        paints += 1
        paint()

    paint, terminal.live._paint = terminal.live._paint, counted  # type: ignore[method-assign]
    for number, event in enumerate(events):
        terminal.time = number / len(events) * 2  # two real seconds in all
        terminal.live.handle(event)
        for tick in range(5):
            terminal.live.tick(event.at + tick)
    assert paints <= 10


def test_showing_a_rehearsal_costs_less_than_5_ms_a_node() -> None:
    played = cluster(workers=30)
    events = played.play().events
    terminal = Terminal(played.desired, width=100, height=24)
    began = time.process_time()
    for number, event in enumerate(events):
        terminal.time = number / len(events) * 2
        terminal.live.handle(event)
    assert (time.process_time() - began) / len(played.desired.nodes) < 0.005


def test_the_summary_lists_each_node_when_the_table_could_not_show_them_all() -> None:
    played = cluster(workers=20)
    events = played.play().events
    tall = Terminal(played.desired, width=100, height=200)
    tall.play(events)
    low = Terminal(played.desired, width=100, height=15)
    low.play(events)
    ended = [event for event in events if isinstance(event, NodeEnded)]
    assert isinstance(events[-1], Ended)
    assert tall.written.getvalue().rpartition("were upgraded")[2].count("w-") == 0
    assert low.written.getvalue().rpartition("were upgraded")[2].count("\n  ") == len(ended)


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    played = cluster()
    terminal = Terminal(played.desired, width=100)
    terminal.play(played.play().events)
    assert "\x1b[32m" not in terminal.written.getvalue()


def test_the_cursor_is_back_after_close_in_the_midst_of_it() -> None:
    played = cluster()
    terminal = Terminal(played.desired, width=100)
    terminal.play(until(played.play().events, at_the_drain))
    terminal.live.close()
    written = terminal.written.getvalue()
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
    assert "> w-1" in terminal.seen()


def test_a_long_hostname_keeps_both_ends() -> None:
    assert shortened("talos-control-plane-eu-west-1a", 16) == "talos-co…west-1a"
    assert shortened("w-1", 16) == "w-1"
