"""The argv door: how talosctl follows a node through a reboot, by its events and then by its boot ID.

What looks odd is what the real one does. Source: real-tools.md 3, and the contract tests.
"""

from collections.abc import Callable
from typing import Protocol

from talops.sim.cluster import Cluster
from talops.sim.events import Event, MachineStatusEvent, PhaseEvent, Published, SequenceEvent, TaskEvent, Watcher
from talops.sim.machine import Machine
from talops.sim.served import Accepted, Ended, Reply
from talops.sim.talosctl import SILENT_SECONDS

RETRY_SECONDS = 1.0
_LOST = "unavailable, retrying..."
_ALL = -1


class Process(Protocol):
    """The talosctl that the tracker is a part of."""

    @property
    def alive(self) -> bool: ...

    def track(self, line: str) -> None: ...

    def exit(self, code: int) -> None: ...

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """`seconds` are the wall's."""
        ...


class Tracker:
    """`act` makes the call, whose replies come to `hear`. It ends its process."""

    def __init__(self, process: Process, cluster: Cluster, machine: Machine) -> None:
        self._process, self._cluster, self._machine = process, cluster, machine
        self._boot_id = machine.boot_id
        self._tail = 0
        self._actor: str | None = None
        self._early: list[Published] = []
        self._watcher: Watcher | None = None

    def begin(self, timeout: float) -> None:
        # when it gives up, it says nothing about time
        self._process.later(timeout, lambda: self._process.exit(1))
        self._open()
        self._process.track("waiting for actor ID")

    def close(self) -> None:
        """The process is gone."""
        if self._watcher is not None:
            self._machine.events.unwatch(self._watcher)
            self._watcher = None

    def hear(self, reply: Reply) -> None:
        """What the machine answers to the call."""
        if isinstance(reply, Accepted):
            self._actor = reply.actor
            self._process.track(f"actor ID: {reply.actor}")
            early, self._early = self._early, []
            for published in early:
                self._handle(published)
        elif isinstance(reply, Ended) and reply.status is not None:
            self._process.track(str(reply.status))
            self._process.exit(1)

    def _open(self) -> None:
        if not self._machine.up:
            self._cluster.timeline.after(SILENT_SECONDS, self._lost)
            return
        past = self._machine.events.tail(self._tail)
        self._watcher = self._machine.events.watch(self._handle, self._lost)
        for published in past:
            self._handle(published)

    def _lost(self) -> None:
        """From here on whose events these are does not matter any more, and all of them are asked for."""
        self._watcher = None
        if self._process.alive:
            self._process.track(_LOST)
            self._tail, self._actor = _ALL, ""
            self._process.later(RETRY_SECONDS, self._open)

    def _handle(self, published: Published) -> None:
        if self._watcher is None:
            return
        if self._actor is None:
            self._early.append(published)
        elif _ready(published.event):
            self.close()
            self._process.track("events check condition met")
            self._compare()
        elif published.actor == self._actor:
            self._tell(published.event)

    def _tell(self, event: Event) -> None:
        match event:
            case SequenceEvent():
                self._sequence(event)
            case PhaseEvent(phase=phase, action=action):
                self._process.track(f"phase: {phase} action: {action}")
            case TaskEvent(task=task, action=action):
                self._process.track(f"task: {task} action: {action}")
                if task == "stopAllServices":
                    self._again("stopAllServices task")
            case MachineStatusEvent(stage=stage, ready=ready):
                self._process.track(f"stage: {stage.upper()} ready: {str(ready).lower()} unmetCond: []")

    def _sequence(self, event: SequenceEvent) -> None:
        # it prints code and message of an error the wrong way round
        error = f" error: [code: {event.error} message: {event.code}]" if event.error else ""
        self._process.track(f"sequence: {event.sequence} action: {event.action}{error}")
        if event.sequence == "reboot":
            self._again("reboot sequence")
        elif event.error:
            self.close()
            self._process.track(f"error: sequence error: {event.error}")
            self._process.track(f"1 error(s) occurred:\n\tsequence error: {event.error}")
            self._process.exit(1)

    def _again(self, what: str) -> None:
        """It takes this for an error that a retry can mend, and misses what happens in the meantime."""
        self.close()
        self._process.track(f"error: {what} completed")
        self._process.later(RETRY_SECONDS, self._open)

    def _compare(self) -> None:
        if not self._machine.up:
            self._process.track(_LOST)
        elif self._machine.boot_id != self._boot_id:
            self._process.track("post check passed")
            self._process.exit(0)
            return
        self._process.later(RETRY_SECONDS, self._compare)


def _ready(event: Event) -> bool:
    """Whoever it came from."""
    return isinstance(event, MachineStatusEvent) and event.ready and event.stage == "running"
