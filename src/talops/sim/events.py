"""What a machine tells of itself: sequences, phases, tasks, its stage. It remembers that until it goes down."""

import base64
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

KEPT = 990
"""How many past events a node can still tell. Source: talos.md 2.3."""


class Action(StrEnum):
    START = "START"
    STOP = "STOP"
    NOOP = "NOOP"


class ErrorCode(StrEnum):
    FATAL = "FATAL"
    LOCKED = "LOCKED"
    CANCELED = "CANCELED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceEvent:
    """`error` is empty when nothing went wrong; `code` says of what kind it is."""

    sequence: str
    action: Action
    error: str = ""
    code: ErrorCode = ErrorCode.FATAL


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseEvent:
    phase: str
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEvent:
    task: str
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineStatusEvent:
    """`stage` in the words of a MachineStatus: running, booting, rebooting, upgrading."""

    stage: str
    ready: bool


Event = SequenceEvent | PhaseEvent | TaskEvent | MachineStatusEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """`id` sorts by time. `actor` is the ID of the API call behind it; empty for what the node does by itself."""

    id: str
    at: datetime
    actor: str
    event: Event


Hear = Callable[[Published], None]


@dataclass(slots=True, eq=False)
class Watcher:
    """Somebody who listens. `gone` is called when the machine goes down."""

    hear: Hear
    gone: Callable[[], None]


@dataclass(slots=True)
class EventLog:
    """The events of one boot."""

    _past: deque[Published] = field(default_factory=lambda: deque(maxlen=KEPT))
    _watchers: list[Watcher] = field(default_factory=list)
    _count: int = 0

    def publish(self, event: Event, at: datetime, actor: str = "") -> None:
        self._count += 1
        published = Published(id=_xid(at, self._count), at=at, actor=actor, event=event)
        self._past.append(published)
        for watcher in tuple(self._watchers):
            watcher.hear(published)

    def tail(self, count: int) -> tuple[Published, ...]:
        """The last so many; all that are kept if below zero."""
        past = tuple(self._past)
        return past if count < 0 else past[max(len(past) - count, 0) :]

    def watch(self, hear: Hear, gone: Callable[[], None]) -> Watcher:
        """What is published from now on."""
        watcher = Watcher(hear, gone)
        self._watchers.append(watcher)
        return watcher

    def unwatch(self, watcher: Watcher) -> None:
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def close(self) -> None:
        """The machine goes down: nobody hears more of it, and what it remembers is lost."""
        watchers, self._watchers = self._watchers, []
        self._past.clear()
        for watcher in watchers:
            watcher.gone()


def _xid(at: datetime, count: int) -> str:
    """Twenty letters, as Talos names its events: seconds, a machine, a process and a counter."""
    number = int(at.timestamp()).to_bytes(4, "big") + b"talos" + count.to_bytes(3, "big")
    return base64.b32hexencode(number).decode().lower().rstrip("=")
