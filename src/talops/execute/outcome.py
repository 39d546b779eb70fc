"""How one node's part of a run ends: said once, whatever ends it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from talops.domain.event import NodeEnded, NodeState
from talops.errors import Exit
from talops.execute.failure import NodeStopped, StopNow, StopRequested
from talops.execute.lease import LeaseKeeper
from talops.execute.session import Session


@contextmanager
def outcome_of(session: Session, hostname: str, through: Callable[[], bool]) -> Iterator[None]:
    """Tell how the node was left. `through`: it is as it was wanted, and only the gates after it may still be shut."""
    began = session.now()

    def ended(state: NodeState, text: str = "") -> None:
        now = session.now()
        wall, took = session.tools.clock.wall(), timedelta(seconds=now - began)
        session.emit(NodeEnded(at=now, wall=wall, hostname=hostname, state=state, took=took, text=text))

    try:
        yield
    except NodeStopped as stopped:
        if stopped.hostname == hostname:
            ended(stopped.state, stopped.what)
        raise
    except (StopRequested, StopNow):
        if through():
            ended(NodeState.DONE, "the gates after it were not waited for")
        else:
            ended(NodeState.INTERRUPTED)
        raise
    ended(NodeState.DONE)


def hold_lease(session: Session, lease: LeaseKeeper, hostname: str) -> None:
    """Who has lost the Lease does not even begin with a node (law 8). Raises NodeStopped."""
    lease.renew()
    if lease.lost:
        raise NodeStopped(
            hostname,
            NodeState.NOT_STARTED,
            f"{hostname} was left alone: {lease.lost}",
            hint=f"`talops status` shows who holds it; run `{session.again}` again when that run has ended",
            exit=Exit.LOCKED,
        )
