"""A talosctl that upgrades Kubernetes and has outlived its talops: it is over when nothing moves any more (law 1)."""

from datetime import timedelta

from talops.domain.components import KubernetesNow
from talops.domain.event import Step
from talops.domain.talos import Unknown, Version
from talops.domain.words import span
from talops.execute.marks import InFlight
from talops.execute.session import Session
from talops.observe import observe_components

KUBERNETES = "upgrade-k8s"
"""How the action of its mark begins; the release follows."""
QUIET = timedelta(minutes=1)
"""talosctl writes a line before and after each change, and the first one that it writes when its talops is gone ends it
(SIGPIPE; seen with 1.13.0). So at most one change is still on its way."""
LOOK_EVERY = 5.0


def wait_until_still(session: Session, hostname: str, mark: InFlight) -> None:
    """Until every component runs what it goes to, or none has changed for long, or its time is up."""
    target, quiet = _target(mark), min(QUIET, session.policy.boot_timeout)
    left = max(0.0, (mark.deadline - session.tools.clock.wall()).total_seconds())
    until, seen, since = session.now() + left, None, session.now()
    while session.now() < until:
        now = observe_components(session.desired, session.tools)
        if isinstance(now, KubernetesNow) and target is not None and not now.behind(target):
            return
        runs = None if isinstance(now, Unknown) else tuple(dict(node.runs) for node in now.nodes)
        if runs is None or runs != seen:
            seen, since = runs, session.now()
        quiet_at = since + quiet.total_seconds()
        if session.now() >= quiet_at:
            return
        what = f"the talosctl of run {mark.run} to end, which may still upgrade Kubernetes: nothing may move for "
        session.waits(hostname, Step.BOOT, f"{what}{span(quiet)}", min(until, quiet_at))
        session.pause(LOOK_EVERY)


def _target(mark: InFlight) -> Version | None:
    try:
        return Version.parse(mark.action.partition(" ")[2])
    except ValueError:
        return None
