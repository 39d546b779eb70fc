"""Virtual time: one heap of things that will happen. Nothing happens between them, so nothing is computed there."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

EPOCH = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
BOOT_OFFSET = 1000.0


class Timeline:
    """`now` is in seconds. Actions run in order of time, and of arrival when the time is the same.

    `speed` divides what the cluster takes for something, and not what the wall says.
    """

    def __init__(self, epoch: datetime = EPOCH, *, speed: float = 1.0) -> None:
        self.now = BOOT_OFFSET
        self.speed = speed
        self.on_sooner: Callable[[], None] = lambda: None
        """Called when something was added that comes before everything else."""
        self._epoch = epoch
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def wall(self) -> datetime:
        return self._epoch + timedelta(seconds=self.now - BOOT_OFFSET)

    def at(self, when: float, action: Callable[[], None]) -> None:
        due = self.next_due()
        heapq.heappush(self._heap, (max(when, self.now), next(self._order), action))
        if due is None or when < due:
            self.on_sooner()

    def after(self, seconds: float, action: Callable[[], None], *, at_least: float = 0.0) -> None:
        """`seconds` are the cluster's; however fast it lives, it takes `at_least` so many of the wall's."""
        self.at(self.now + max(seconds / self.speed, at_least), action)

    def next_due(self) -> float | None:
        return self._heap[0][0] if self._heap else None

    def step(self, until: float) -> bool:
        """Run the next action if it is due by then. False when there is none; time is then `until`."""
        if not self._heap or self._heap[0][0] > until:
            self.now = max(self.now, until)
            return False
        when, _, action = heapq.heappop(self._heap)
        self.now = when
        action()
        return True

    def run_until(self, until: float) -> None:
        while self.step(until):
            pass
