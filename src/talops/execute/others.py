"""Before anything is written: is another tool at work in this cluster, and is the Lease ours? (law 8)."""

from datetime import timedelta

from talops.domain.cluster import Observed
from talops.domain.event import Step
from talops.domain.talos import Unknown
from talops.errors import Locked, Refused
from talops.execute.lease import LeaseKeeper
from talops.execute.session import Session
from talops.observe import observe

KNOW_WITHIN = timedelta(minutes=1)


def start(session: Session, lease: LeaseKeeper, observed: Observed) -> None:
    """Refuse foreign actors, take the Lease, and keep it renewed from now on. Raises Locked and ToolFailed.

    `observed` is of now: what was seen before a question was answered may be hours old.
    """
    refuse_others(session, observed)
    lease.acquire()
    session.heartbeat = lease


def refuse_others(session: Session, observed: Observed) -> None:
    """Foreign actors stop us before we start. Not knowing about them is no permission. Raises Locked and Refused."""
    deadline = session.now() + KNOW_WITHIN.total_seconds()
    while isinstance(observed.foreign, Unknown):
        if observed.foreign.forbidden or session.now() >= deadline:
            raise Refused(
                f"refused: whether another tool takes nodes down in this cluster cannot be seen: "
                f"{observed.foreign.reason}",
                hint="nothing was changed; `talops status` shows what can be seen",
            )
        session.waits("", Step.GATES, f"to see other tools at work: {observed.foreign.reason}", deadline)
        session.pause(3)
        observed = observe(session.desired, session.tools, boot_ids=False)
    if observed.foreign:
        others = "; ".join(f"{actor.tool}: {actor.what}" for actor in observed.foreign)
        raise Locked(
            f"another tool takes nodes down in this cluster right now: {others}",
            hint=f"let it end or suspend it, then run `{session.again}` again",
        )
