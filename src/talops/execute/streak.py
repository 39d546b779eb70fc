"""When open is open enough: a run of passing samples, long enough, each resting on news. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from talops.domain.process import Instant
from talops.domain.verdict import Verdict

MAX_GAP = timedelta(seconds=60)
"""Longer between two samples means that we slept: what was seen before proves nothing now."""
MAX_CLOCK_JUMP = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """`news` is how often each freshness stamp (Ceph's lastChecked) must have changed during the run of samples."""

    samples: int
    window: timedelta
    news: int


@dataclass(slots=True, kw_only=True)
class Streak:
    """Samples that passed without a break. `add` one after the other, then ask `lacks`."""

    wanted: Stability
    samples: int = 0
    began: Instant = 0.0
    last: tuple[Instant, datetime] | None = None
    stamps: dict[str, str] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)

    def add(self, now: Instant, wall: datetime, verdicts: Sequence[Verdict]) -> None:
        """Count one sample. Starts over when a verdict does not pass, when a clock jumped or when we slept."""
        if self._broken(now, wall) or not all(verdict.passes for verdict in verdicts):
            self._restart()
        self.last = (now, wall)
        if not all(verdict.passes for verdict in verdicts):
            return
        if self.samples == 0:
            self.began = now
        self.samples += 1
        self._note_news({source: stamp for verdict in verdicts for source, stamp in verdict.freshness.items()})

    @property
    def stable(self) -> bool:
        """Whether the run is long enough; news may still be missing."""
        return self.samples >= self.wanted.samples and self._span() >= self.wanted.window

    def _span(self) -> timedelta:
        return timedelta(seconds=self.last[0] - self.began) if self.samples and self.last else timedelta(0)

    def lacks(self) -> str:
        """What is missing to being stable, in words; empty when it is."""
        if self.samples == 0:
            return "no passing sample yet"
        stale = [source for source in self.stamps if self.changes.get(source, 0) < self.wanted.news]
        if not self.stable:
            return f"open; stable for {self._span().total_seconds():.0f}s of {self.wanted.window.total_seconds():.0f}s"
        if stale:
            return f"open; waiting for a newer status of {', '.join(stale)} (last checked {self.stamps[stale[0]]})"
        return ""

    def _note_news(self, freshness: Mapping[str, str]) -> None:
        # a source that is no longer asked to show news has shown what was wanted of it
        self.stamps = {source: stamp for source, stamp in self.stamps.items() if source in freshness}
        for source, stamp in freshness.items():
            if self.stamps.get(source, stamp) != stamp:
                self.changes[source] = self.changes.get(source, 0) + 1
            self.stamps[source] = stamp

    def _broken(self, now: Instant, wall: datetime) -> bool:
        if self.last is None:
            return False
        gone = timedelta(seconds=now - self.last[0])
        return gone > MAX_GAP or abs((wall - self.last[1]) - gone) > MAX_CLOCK_JUMP

    def _restart(self) -> None:
        self.samples = 0
        self.stamps.clear()
        self.changes.clear()
