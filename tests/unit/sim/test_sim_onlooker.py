"""A rehearsal can be watched, and hears the keyboard as a real run does."""

import os
import signal

import pytest
from play import cluster

from talops.domain.process import Stop, Wake
from talops.errors import Exit
from talops.sim.onlooker import SHOWN_BY, SHOWN_FOR, ShownClock, listening


def test_virtual_minutes_cost_a_moment() -> None:
    slept: list[float] = []
    clock = ShownClock(cluster().world.clock, sleep=slept.append)
    start = clock.now()

    while clock.now() - start < 300:
        clock.wait(start + 300)

    assert sum(slept) == pytest.approx(300 * SHOWN_BY)


def test_however_long_it_goes_on_watching_costs_no_more_than_so_much() -> None:
    slept: list[float] = []
    clock = ShownClock(cluster().world.clock, sleep=slept.append)

    while clock.now() < 1e5:
        clock.wait(1e5)

    assert sum(slept) == pytest.approx(SHOWN_FOR)


def test_a_wait_says_what_the_clock_beneath_says() -> None:
    played = cluster()
    clock = ShownClock(played.world.clock, sleep=lambda _seconds: None)
    played.world.interrupt_at(clock.now() + 1, "INT")

    assert clock.wait(clock.now() + 30) is Wake.SIGNAL
    assert clock.stop() is Stop.FINISH
    assert clock.wall() == played.world.clock.wall()


@pytest.mark.parametrize(
    ("number", "times", "exit"),
    [
        (signal.SIGINT, 1, Exit.STOPPED),
        (signal.SIGINT, 2, Exit.INTERRUPTED),
        (signal.SIGTERM, 1, Exit.TERMINATED),  # an upgrade that is under way then takes longer than TERM's deadline
    ],
)
def test_signals_at_the_process_reach_the_rehearsed_rollout(number: int, times: int, exit: Exit) -> None:
    played = cluster()
    before = signal.getsignal(number)

    def press() -> None:
        for _ in range(times):
            os.kill(os.getpid(), number)

    played.world.at(played.world.clock.now() + 30, press)
    with listening(played.world):
        ended = played.play()

    assert ended.exit is exit
    assert signal.getsignal(number) is before
