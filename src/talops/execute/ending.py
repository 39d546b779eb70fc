"""How a run ends: what is said, what exit code it has, and whether the Lease may go (law 8)."""

from dataclasses import dataclass, field
from datetime import timedelta

from talops.domain.event import Ended, NodeState
from talops.domain.process import Instant
from talops.errors import Exit, TalopsError
from talops.execute.failure import NodeStopped, StopNow, StopRequested
from talops.execute.lease import LeaseKeeper
from talops.execute.session import Session

MAY_STILL_GO_DOWN = {NodeState.HUNG, NodeState.UNREACHABLE}


@dataclass(slots=True, kw_only=True)
class Ending:
    """Knows what was done and what is left. `again` is the command that goes on where this run stopped."""

    session: Session
    lease: LeaseKeeper
    began: Instant
    journal: str
    again: str
    done: list[str] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)

    def stopped(self, stop: TalopsError | StopRequested | StopNow) -> Exit:
        """Turn what stopped the run into its last event. The Lease stays while a node of ours may still go down."""
        match stop:
            case StopRequested():
                self.lease.release()
                if not self.todo and not self.done:
                    return self.end(Exit.STOPPED, "Stopped as asked, before anything was planned.", self.again)
                left = ", ".join(self.todo) or "nothing"
                return self.end(Exit.STOPPED, f"Stopped as asked, between two steps. Left to do: {left}.", self.again)
            case StopNow():
                return self.end(stop.exit, self._interrupted(), f"talops status   # then {self.again}")
            case NodeStopped() if stop.state in MAY_STILL_GO_DOWN:
                return self.end(stop.exit, stop.what, stop.hint)
        self.lease.release()
        return self.end(stop.exit, stop.what, stop.hint)

    def _interrupted(self) -> str:
        flying = self.session.flying
        if not flying:
            self.lease.release()
            return "Interrupted. No node was in flight, and what talops had changed was put back."
        return (
            f"Interrupted while {flying} was in flight. Its talosctl was killed; the node may still be rebooting. It "
            f"stays cordoned and carries the mark talops.dev/in-flight: the next run settles it first. By hand, once "
            f"it is up: "
            f"kubectl uncordon {flying}"
        )

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
            )
        )
        return exit
