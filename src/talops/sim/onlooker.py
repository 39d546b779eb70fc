"""What a rehearsal owes the person who watches it: time to see something, and an ear for Ctrl-C."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from talops.domain.process import Clock, Instant, Stop, Wake
from talops.sim.world import World

SHOWN_BY = 1 / 1200
"""Real seconds for each virtual one: a node that takes five minutes is seen for a quarter of a second."""
SHOWN_FOR = 1.5
"""Real seconds that all of it may cost, however large the cluster."""

_NAMES: Mapping[int, str] = {signal.SIGINT: "INT", signal.SIGTERM: "TERM"}


class ShownClock:
    """Implements Clock: virtual time, slowed down until `SHOWN_FOR` is used up."""

    def __init__(self, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> None:
        self._clock, self._sleep, self._left = clock, sleep, SHOWN_FOR

    def now(self) -> Instant:
        return self._clock.now()

    def wall(self) -> datetime:
        return self._clock.wall()

    def stop(self) -> Stop:
        return self._clock.stop()

    def wait(self, until: Instant) -> Wake:
        before = self._clock.now()
        wake = self._clock.wait(until)
        shown = min(self._left, (self._clock.now() - before) * SHOWN_BY)
        if shown > 0:
            self._left -= shown
            self._sleep(shown)
        return wake


@contextmanager
def listening(world: World) -> Iterator[None]:
    """SIGINT and SIGTERM reach the rehearsed talops as they would reach a real one. Only from the main thread."""
    old = {number: signal.signal(number, lambda got, _frame: world.send(_NAMES[got])) for number in _NAMES}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
