"""The one loop: whatever waits, waits here, and so the Lease is renewed, signals are heard and the screen repaints."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from talops.domain.cluster import Desired, Policy
from talops.domain.event import Event, Noted, Step, StepStarted, StepWaits
from talops.domain.process import Instant, Stop, Wake
from talops.errors import Exit
from talops.execute.failure import StopNow, StopRequested
from talops.observe import Tools

TERMINATE_WITHIN = timedelta(seconds=60)
"""How long a step in flight may go on after SIGTERM; systemd and CI runners send SIGKILL after 90 s or later."""
RESTORE_WITHIN = timedelta(seconds=20)
"""How long restoring may take after an interrupt."""
SOONEST = 0.5
"""Seconds between two looks at the least."""
LATENESS = 1 / 3
"""What has taken a while may be noticed later by so much of it: short waits stay short, long ones cost few looks."""


class Heartbeat(Protocol):
    def beat(self) -> None:
        """Renew the Lease when that is due. Raises nothing."""


@dataclass(slots=True, kw_only=True)
class Session:
    """One rollout's tools, its voice, and its patience. The only mutable thing that all steps share."""

    tools: Tools
    desired: Desired
    policy: Policy
    run: str
    again: str = "talops upgrade all"
    """The command that goes on where this run stopped; for hints."""
    emit: Callable[[Event], None]
    tick: Callable[[Instant], None] = lambda _now: None
    repaint_every: float | None = None
    """Seconds between repaints while waiting; None when time is virtual."""
    heartbeat: Heartbeat | None = None
    flying: str = ""
    """The node that may still go down because of us, and so the reason to keep the Lease."""
    flying_by_hand: str = ""
    """What a person types to give that node back, once it is up."""
    flying_cordoned: bool = True
    """Whether it is cordoned meanwhile."""
    flying_seen: str = ""
    """How it was when we stopped waiting for it."""
    interrupted: str = ""
    """What is said when a step was broken off, where that step knows it best."""
    stays: str = ""
    """What of ours had to stay on the cluster, why, and what to type."""
    _restore_until: Instant | None = None
    _terminate_at: Instant | None = None
    _said_stop: bool = False
    _said: dict[str, str] = field(default_factory=dict)

    def now(self) -> Instant:
        return self.tools.clock.now()

    def note(self, text: str, *, hostname: str = "", warning: bool = False) -> None:
        self.emit(Noted(at=self.now(), wall=self.tools.clock.wall(), text=text, hostname=hostname, warning=warning))

    def step(self, hostname: str, step: Step, text: str = "") -> None:
        self._said.pop(hostname, None)
        self.emit(StepStarted(at=self.now(), wall=self.tools.clock.wall(), hostname=hostname, step=step, text=text))

    def waits(self, hostname: str, step: Step, reason: str, deadline: Instant) -> None:
        """Say what a step waits for, when that has changed."""
        if self._said.get(hostname) == reason:
            return
        self._said[hostname] = reason
        wall = self.tools.clock.wall()
        self.emit(StepWaits(at=self.now(), wall=wall, hostname=hostname, step=step, reason=reason, deadline=deadline))

    def pause(self, seconds: float) -> Wake:
        """Let time pass, at most so long; less when a started call ends. Raises StopRequested and StopNow."""
        clock = self.tools.clock
        until = clock.now() + seconds
        while True:
            self.heed()
            if self.heartbeat is not None:
                self.heartbeat.beat()
            now = clock.now()
            if now >= until:
                return Wake.DUE
            slice_end = until if self.repaint_every is None else min(until, now + self.repaint_every)
            wake = clock.wait(slice_end)
            self.tick(clock.now())
            if wake is Wake.CHILD:
                return wake

    def look_again(self, since: Instant, *, at_most: float) -> Wake:
        """Let time pass until the next look at what has been waited for since then. Raises as `pause` does."""
        return self.pause(min(at_most, max(SOONEST, (self.now() - since) * LATENESS)))

    def heed(self) -> None:
        """Act on signals that came. Raises StopRequested while nothing is in flight, StopNow when told twice."""
        stop = self.tools.clock.stop()
        if stop is Stop.NO:
            return
        now = self.now()
        if self._restore_until is not None:
            if now > self._restore_until:
                raise StopNow(Exit.INTERRUPTED)
            return
        if stop is Stop.NOW:
            raise StopNow(Exit.INTERRUPTED)
        if stop is Stop.TERMINATE and self._terminate_at is None:
            self._terminate_at = now + TERMINATE_WITHIN.total_seconds()
        if self._terminate_at is not None and now > self._terminate_at:
            raise StopNow(Exit.TERMINATED)
        if not self.flying:
            raise StopRequested
        if not self._said_stop:
            self._said_stop = True
            self.note(
                f"Asked to stop: {self.flying} is in flight and is seen through first. Ctrl-C again stops waiting."
            )

    @contextmanager
    def in_flight(self, hostname: str, by_hand: str, *, cordoned: bool = True) -> Iterator[None]:
        """While this node may go down, one Ctrl-C does not stop us: half an upgrade is worse than a whole one.

        `flying` stays set when the block raises, so that the last message can name the node; unless it was given back.
        """
        self.flying, self.flying_by_hand, self.flying_cordoned = hostname, by_hand, cordoned
        yield
        self.flying = ""

    @contextmanager
    def restoring(self) -> Iterator[None]:
        """While we put back what is ours, signals only shorten the time that we take for it."""
        self._restore_until = self.now() + RESTORE_WITHIN.total_seconds()
        try:
            yield
        finally:
            self._restore_until = None
