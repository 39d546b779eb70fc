"""One family of errors: what happened, what to type next, which exit code. Prints nothing."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of talops; documented in the README and tested. A cause beats STOPPED."""

    DONE = 0
    BUG = 1
    USAGE = 2
    PENDING = 3
    GATE = 4
    FAILED = 5
    FILES = 6
    LOCKED = 7
    STOPPED = 8
    REFUSED = 9
    INTERRUPTED = 130
    TERMINATED = 143


class TalopsError(Exception):
    """Anything a user, a tool or a cluster can cause. `hint` is the next command to type or thing to do."""

    exit = Exit.FAILED

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class UsageError(TalopsError):
    """The command line is wrong, or a question has nobody to answer it."""

    exit = Exit.USAGE


class FilesInvalid(TalopsError):
    """A cluster file is missing or wrong. `where` is `file:line:column` as far as it is known."""

    exit = Exit.FILES

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(f"{where}: {what}" if where else what, hint=hint)
        self.where = where


class ToolMissing(TalopsError):
    """An external tool that the command needs is not to be had, or not in the version that is locked."""


class ToolFailed(TalopsError):
    """An external tool failed, or printed what cannot be understood."""


class Unreachable(TalopsError):
    """The cluster (or the one API that the command cannot do without) does not answer."""


class WebFailed(TalopsError):
    """A server of the web (not of the cluster) cannot be reached, or does not give what was asked for.

    `status` is the HTTP status, 0 where none came. `passing`: the same may succeed a moment later.
    """

    def __init__(self, what: str, *, hint: str = "", status: int = 0, passing: bool = False) -> None:
        super().__init__(what, hint=hint)
        self.status = status
        self.passing = passing


class Locked(TalopsError):
    """Another rollout, or another tool that takes nodes down, is at work in this cluster."""

    exit = Exit.LOCKED


class Refused(TalopsError):
    """Going on would break a law of a rollout."""

    exit = Exit.REFUSED


class GateTimeout(TalopsError):
    """A gate stayed shut or unknown until its deadline."""

    exit = Exit.GATE
