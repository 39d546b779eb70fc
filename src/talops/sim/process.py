"""The argv door: one talosctl that runs, which takes virtual time and can be killed."""

from collections.abc import Callable

from talops.domain.process import End, Result
from talops.sim.cluster import Cluster
from talops.sim.commandline import Command


class Process:
    """`poll` is None until it ended; `kill` stops the client, not what a node goes on with."""

    def __init__(self, cluster: Cluster, command: Command) -> None:
        self._cluster = cluster
        self._stdout: list[str] = []
        self._stderr: list[str] = []
        self._result: Result | None = None
        self.on_end: Callable[[], None] = lambda: None
        self.began = cluster.timeline.now
        self.nodes, self.words = command.nodes, command.words
        self._node = command.nodes[0] if command.nodes else ""
        machine = cluster.by_address(self._node)
        self.hostname = machine.hostname if machine is not None else ""
        cluster.clients.append(self)

    def poll(self) -> Result | None:
        return self._result

    def output(self) -> bytes:
        """What is on its stdout by now."""
        return self._result.stdout if self._result is not None else _lines(self._stdout)

    def kill(self) -> None:
        self._end(self._now(End.KILLED, -9))

    def timed_out(self) -> None:
        self._end(self._now(End.TIMED_OUT, -9))

    def break_off(self) -> None:
        """Its connection is lost."""

    @property
    def alive(self) -> bool:
        return self._result is None

    def exit(self, code: int, *errors: str) -> None:
        self._stderr += errors
        self._end(self._now(End.EXITED, code))

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """`seconds` are the wall's. It does not happen when the client has ended by then."""
        timeline = self._cluster.timeline
        timeline.at(timeline.now + seconds, lambda: action() if self.alive else None)

    def _now(self, end: End, code: int) -> Result:
        return Result(end=end, exit=code, stdout=_lines(self._stdout), stderr=_lines(self._stderr))

    def _end(self, result: Result) -> None:
        if not self.alive:
            return
        self._result = result
        self._over()
        self.on_end()

    def _over(self) -> None:
        """It holds nothing any more."""


def _lines(words: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in words).encode()
