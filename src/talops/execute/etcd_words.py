"""The last words of a run that changed etcd, or was stopped before it did."""

from collections.abc import Sequence
from dataclasses import dataclass

from talops.domain.plan import Refusal
from talops.errors import Exit, Refused, TalopsError
from talops.execute.failure import StopNow, StopRequested
from talops.execute.session import Session
from talops.plan.etcd_removal import refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The last words of a run that was not stopped."""

    what: str
    hint: str = ""
    exit: Exit = Exit.DONE


def said_of(stop: TalopsError | StopRequested | StopNow, session: Session, *, done: Sequence[str], kept: str) -> Said:
    """What stopped it. `done` and `kept` are what is there now all the same."""
    match stop:
        case StopRequested():
            what, hint, exit = "Stopped as asked", session.again, Exit.STOPPED
        case StopNow() if session.flying:
            what = f"Interrupted while {session.flying}: its talosctl was killed, and whether it was done is not known"
            hint, exit = "talops etcd status", stop.exit
        case StopNow():
            what, hint, exit = "Interrupted, with nothing under way", session.again, stop.exit
        case _:
            what, hint, exit = stop.what.rstrip("."), stop.hint, stop.exit
    before = f" Done before that: {', '.join(done)}." if done else ""
    return Said(what=f"{what}.{before}{f' {kept}' if kept else ''}", hint=hint, exit=exit)


def must_be_allowed(refusals: Sequence[Refusal]) -> None:
    """Raises Refused with every reason."""
    if refusals:
        raise Refused(refused(refusals), hint=refusals[0].hint)
