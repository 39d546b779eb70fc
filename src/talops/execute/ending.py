"""How a run ends: what is said, what exit code it has, and whether the Lease may go (law 8)."""

from dataclasses import dataclass, field
from datetime import timedelta

from talops.domain.event import Ended
from talops.domain.process import Instant
from talops.errors import Exit, TalopsError
from talops.execute.failure import StopNow, StopRequested
from talops.execute.lease import LeaseKeeper
from talops.execute.session import Session


@dataclass(slots=True, kw_only=True)
class Ending:
    """Knows what was done and what is left."""

    session: Session
    lease: LeaseKeeper
    began: Instant
    journal: str
    done: list[str] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)
    planned: bool = False
    counted: bool = True
    """What was done is counted in nodes."""

    def stopped(self, stop: TalopsError | StopRequested | StopNow) -> Exit:
        """Turn what stopped the run into its last event. The Lease stays while a node of ours may still go down."""
        flying = self.session.flying
        if not flying:
            self.lease.release()
        match stop:
            case StopRequested():
                return self.end(Exit.STOPPED, self._as_asked(), self.session.again)
            case StopNow():
                return self.end(stop.exit, self._interrupted(flying), f"talops status   # then {self.session.again}")
        return self.end(stop.exit, self._with_what_stays(stop.what), stop.hint)

    def _as_asked(self) -> str:
        if not self.planned:
            return self._with_what_stays("Stopped as asked, before a node was taken down.")
        if not self.todo:
            return self._with_what_stays(
                "Stopped as asked: everything is done, and the gates after it were not waited for."
            )
        return self._with_what_stays(f"Stopped as asked, between two steps. Left to do: {', '.join(self.todo)}.")

    def _interrupted(self, flying: str) -> str:
        if self.session.interrupted:
            return self._with_what_stays(self.session.interrupted)
        if not flying:
            put_back = "" if self.session.stays else " What talops had changed was put back."
            return self._with_what_stays(f"Interrupted. No node was in flight.{put_back}")
        seen = self.session.flying_seen or "the node may still have been rebooting"
        cordoned = "stays cordoned and " if self.session.flying_cordoned else ""
        return (
            f"Interrupted while {flying} was in flight. Its talosctl was killed; when last seen, {seen}. It "
            f"{cordoned}carries the mark talops.dev/in-flight: the next run settles it first. By hand, once "
            f"it is up: {self.session.flying_by_hand}"
        )

    def _with_what_stays(self, what: str) -> str:
        stays = self.session.stays
        return f"{what.rstrip('.')}. {stays}" if stays and stays not in what else what

    def end(self, exit: Exit, what: str, hint: str = "") -> Exit:
        now, wall = self.session.now(), self.session.tools.clock.wall()
        self.session.emit(
            Ended(
                at=now,
                wall=wall,
                exit=exit,
                what=what,
                hint=hint,
                upgraded=tuple(self.done),
                left=tuple(self.todo),
                took=timedelta(seconds=now - self.began),
                journal=self.journal,
                counted=self.counted,
            )
        )
        return exit
