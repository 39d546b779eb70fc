"""One call that a machine is answering: it takes time, and it ends early when its client or the machine goes away."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from talops.sim.machine import Machine
from talops.sim.refusals import BROKEN_OFF
from talops.sim.timeline import Timeline


class Code(StrEnum):
    """The gRPC status codes that a machine answers with."""

    UNKNOWN = "Unknown"
    INVALID_ARGUMENT = "InvalidArgument"
    NOT_FOUND = "NotFound"
    PERMISSION_DENIED = "PermissionDenied"
    FAILED_PRECONDITION = "FailedPrecondition"
    UNIMPLEMENTED = "Unimplemented"
    UNAVAILABLE = "Unavailable"


@dataclass(frozen=True, slots=True)
class Status:
    """Why a call failed."""

    code: Code
    text: str

    def __str__(self) -> str:
        return f"rpc error: code = {self.code} desc = {self.text}"


class Refused(Exception):
    """The machine does not do what the call asks for."""

    def __init__(self, status: Status) -> None:
        super().__init__(str(status))
        self.status = status


@dataclass(frozen=True, slots=True)
class Pulling:
    """A layer of an image, in bytes."""

    layer: str
    offset: int
    total: int


@dataclass(frozen=True, slots=True)
class Pulled:
    image: str


@dataclass(frozen=True, slots=True)
class Message:
    """A line of the installer."""

    text: str


@dataclass(frozen=True, slots=True)
class ExitCode:
    """The installer's."""

    code: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The actor ID that the events of the sequence carry."""

    actor: str


@dataclass(frozen=True, slots=True)
class Ended:
    """`status` is None for a call that ended well, whatever was said before."""

    status: Status | None = None


Reply = Pulling | Pulled | Message | ExitCode | Accepted | Ended


class Served:
    """`tell` gets each reply; `Ended` is the last one, and nothing follows it."""

    def __init__(self, machine: Machine, timeline: Timeline, tell: Callable[[Reply], None]) -> None:
        self._machine, self._timeline, self._tell = machine, timeline, tell
        self.alive = True
        self.on_end: Callable[[], None] = lambda: None
        machine.on_power.append(self._went_off)

    def cancel(self) -> None:
        """Its client is gone: what has not happened yet does not happen."""
        if self.alive:
            self.alive = False
            self._machine.on_power.remove(self._went_off)
            self.on_end()

    def say(self, *replies: Reply) -> None:
        for reply in replies:
            if self.alive:
                self._tell(reply)

    def end(self, code: Code | None = None, text: str = "") -> None:
        if self.alive:
            self.cancel()
            self._tell(Ended(None if code is None else Status(code, text)))

    def _went_off(self) -> None:
        self.end(Code.UNAVAILABLE, BROKEN_OFF)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """`seconds` are the cluster's."""
        self._timeline.after(seconds, self.unless_gone(action))

    def unless_gone(self, action: Callable[[], None]) -> Callable[[], None]:
        return lambda: action() if self.alive else None
