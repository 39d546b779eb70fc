"""The embedded cluster in the time of the wall, inside one asyncio loop."""

import asyncio
import time
from collections.abc import Callable

from talops.sim.timeline import Timeline

_AT_MOST = 1.0
"""Seconds of sleep: a laptop that was closed is noticed."""


class Pulse:
    """Only the loop's own thread touches the cluster, and calls `advance` before it does."""

    def __init__(self, timeline: Timeline, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeline, self._clock = timeline, clock
        self._ahead = timeline.now - clock()
        self._sooner = asyncio.Event()
        self._beaten = asyncio.Event()
        self.on_advance: list[Callable[[], None]] = []
        """Called after every `advance`, whatever happened in it."""
        timeline.on_sooner = self._sooner.set

    def advance(self) -> None:
        """Let happen what is due by now."""
        self._timeline.run_until(self._clock() + self._ahead)
        for hear in self.on_advance:
            hear()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.advance()
            self._beaten.set()
            self._beaten = asyncio.Event()
            self._sooner.clear()
            due = self._timeline.next_due()
            sleep = _AT_MOST if due is None else min(max(due - self._clock() - self._ahead, 0.0), _AT_MOST)
            try:
                await asyncio.wait_for(self._sooner.wait(), sleep)
            except TimeoutError:
                continue

    def stir(self) -> None:
        """Something has changed: whoever waits for a beat is to look now."""
        self._sooner.set()

    async def beat(self) -> None:
        """Until the cluster may have changed: after whatever happens, and about once a second."""
        await self._beaten.wait()

    async def pause(self, seconds: float, *, at_least: float = 0.0) -> None:
        """So many of the cluster's seconds, and at least so many of the wall's."""
        await asyncio.sleep(max(seconds / self._timeline.speed, at_least))
