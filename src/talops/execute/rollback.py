"""`talops rollback NODE`: back to the other boot slot, with the same care as an upgrade."""

from collections.abc import Callable
from dataclasses import replace

from talops.domain.cluster import DesiredNode, ObservedNode
from talops.domain.kubernetes import KubeNode
from talops.domain.talos import TalosNode, Version
from talops.errors import Exit, TalopsError
from talops.execute.disrupt import Disruption, boot_id_of
from talops.execute.ending import Ending
from talops.execute.failure import StopNow, StopRequested
from talops.execute.lease import LeaseKeeper
from talops.execute.others import start
from talops.execute.session import Session
from talops.execute.settle import settle_leftovers
from talops.execute.takedown import TakeDown
from talops.execute.watchboot import Wanted
from talops.observe import observe


def rollback_disruption(session: Session, node: DesiredNode) -> Callable[[ObservedNode], Disruption]:
    """`talosctl rollback` swaps the default slot and reboots; it does not wait, prints nothing, and names no target."""

    def make(before: ObservedNode) -> Disruption:
        version = before.talos.version if isinstance(before.talos, TalosNode) else None
        call = replace(session.tools.talosctl.rollback(node.addresses[0]), deadline=session.policy.upgrade_timeout)
        wanted = Wanted(
            boot_id=boot_id_of(before),
            version=None,
            schematic=None,
            extensions=frozenset(),
            left=version if isinstance(version, Version) else None,
        )
        return Disruption(call=call, wanted=wanted, verb="rollback")

    return make


def roll_back(
    session: Session, hostname: str, *, holder: str, confirm: Callable[[str], bool], journal: str = ""
) -> Exit:
    """Roll one node back. A node that is not Ready is down already: gates that it shuts itself do not hold it up.

    Raises TalopsError for what stops it before anything was changed.
    """
    node = session.desired.node(hostname)
    observed = observe(session.desired, session.tools, boot_ids=True)
    kube = observed.nodes[hostname].kube
    already_down = not (isinstance(kube, KubeNode) and kube.ready is True)
    version = _version_of(observed.nodes[hostname])
    lease = LeaseKeeper(session=session, holder=holder)
    ending = Ending(
        session=session, lease=lease, began=session.now(), journal=journal, again=f"talops rollback {hostname}"
    )
    ending.todo = [hostname]
    if not confirm(f"{hostname} runs {version}. Roll it back to what its other boot slot holds?"):
        return ending.end(Exit.STOPPED, f"Not confirmed; {hostname} was left as it is.", ending.again)
    try:
        start(session, lease, observed)
        if settle_leftovers(session, observed, besides=hostname):
            observed = observe(session.desired, session.tools, boot_ids=True)
        TakeDown(
            session=session,
            lease=lease,
            node=node,
            make=rollback_disruption(session, node),
            baseline=None if already_down else observed,
            first=True,
            already_down=already_down,
        ).run(observed)
    except (TalopsError, StopRequested, StopNow) as stop:
        return ending.stopped(stop)
    ending.done, ending.todo = [hostname], []
    lease.release()
    after = _version_of(observe(session.desired, session.tools, boot_ids=False).nodes[hostname])
    return ending.end(Exit.DONE, f"{hostname} was rolled back from {version} to {after}; every gate is open.")


def _version_of(observed: ObservedNode) -> str:
    return str(observed.talos.version) if isinstance(observed.talos, TalosNode) else "an unknown version"
