"""Processes, Kubernetes requests and time, as the executor sees them. Implemented really in `tools`, and by `sim`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, IntEnum
from typing import Protocol

_TOO_MANY_REQUESTS = 429
Instant = float
"""Seconds of boot time: a clock that goes on while a laptop sleeps. Only differences mean anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One external command: the name of its template (`tools/calls.py`), its argv, and how long it may take."""

    template: str
    argv: tuple[str, ...]
    deadline: timedelta
    mutating: bool = False
    secret: bool = False
    """Its output must not be shown, logged or put into an error."""
    stdin: bytes = field(default=b"", repr=False)
    """What it reads, such as the plain text of a secret: at most what a pipe holds, 64 KiB."""


class End(Enum):
    EXITED = "exited"
    TIMED_OUT = "killed at its deadline"
    KILLED = "killed"
    NOT_FOUND = "not installed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a call ended. `exit` means nothing unless `end` is EXITED; output is whatever came out before."""

    end: End = End.EXITED
    exit: int = 0
    stdout: bytes = b""
    stderr: bytes = b""

    @property
    def ok(self) -> bool:
        return self.end is End.EXITED and self.exit == 0

    def complaint(self) -> str:
        """The last line of stderr, for a message; never call it on a secret call's result."""
        lines = self.stderr.decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else (self.end.value if self.end is not End.EXITED else f"exit {self.exit}")


class Running(Protocol):
    def poll(self) -> Result | None:
        """None while it runs. Never blocks. A call past its deadline is killed and says TIMED_OUT."""

    def output(self) -> bytes:
        """What it has written to stdout by now. Never blocks."""

    def kill(self) -> None:
        """SIGKILL to its whole process group; nothing gentler is safe for talosctl (facts: TERM rebooted the node)."""


class Runner(Protocol):
    def gather(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        """Reads, side by side, answers in the order asked. Exit codes, missing tools and deadlines are values."""

    def start(self, call: Call) -> Running:
        """A long or a mutating call, in a session of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One Kubernetes API request: the name of its template (`tools/requests.py`), and what goes over the wire.

    `path` carries the query. `content_type` matters for PATCH (merge or strategic merge). `command` is the kubectl
    command that a person would type for the same thing.
    """

    template: str
    method: str
    path: str
    body: bytes = b""
    content_type: str = "application/json"
    command: str = ""
    deadline: timedelta = field(default=timedelta(seconds=10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """`status` is None when no API server answered; `error` then says why."""

    status: int | None
    body: bytes = b""
    error: str = ""

    @staticmethod
    def of(status: int, body: bytes) -> "Response":
        """What came over HTTP.

        A body that is no JSON object is not the API server's: the proxy could not reach it, or something else
        answered. kubectl says so with status 500 or 502 and a text like `dial tcp …: connect: connection refused`; a
        path that the API server does not know gives 404 and `404 page not found`.
        """
        if body.lstrip()[:1] == b"{":
            return Response(status=status, body=body)
        words = " ".join(body[:300].decode("utf-8", "replace").split())
        if status == _TOO_MANY_REQUESTS:
            words = f"{words or 'it asks to come back later'} ({status})"
        return Response(status=None, body=body[:300], error=words or f"an empty answer with status {status}")


class Kube(Protocol):
    def gather(self, requests: Sequence[Request]) -> tuple[Response, ...]:
        """Send side by side, answers in the order asked. Never raises for anything that the cluster can do."""


class Wake(Enum):
    DUE = "due"
    CHILD = "child"
    SIGNAL = "signal"


class Stop(IntEnum):
    """What the person at the keyboard, or the system, has asked of us so far."""

    NO = 0
    FINISH = 1
    TERMINATE = 2
    NOW = 3


class Clock(Protocol):
    def now(self) -> Instant: ...

    def wall(self) -> datetime:
        """UTC, aware."""

    def wait(self, until: Instant) -> Wake:
        """Sleep until then, or until a started call has ended, or until a signal came."""

    def stop(self) -> Stop:
        """SIGINT once FINISH, SIGTERM TERMINATE, SIGINT twice NOW."""
