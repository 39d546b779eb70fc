"""`talops rollback NODE`: back to the other boot slot, with the same care as an upgrade."""

from collections.abc import Callable
from dataclasses import replace

from talops.domain.cluster import DesiredNode, Observed, ObservedNode
from talops.domain.kubernetes import KubeNode
from talops.domain.talos import TalosNode, Version
from talops.errors import Exit, Refused, TalopsError
from talops.execute.disrupt import Disruption, boot_id_of
from talops.execute.ending import Ending
from talops.execute.failure import StopNow, StopRequested
from talops.execute.lease import LeaseKeeper
from talops.execute.others import start
from talops.execute.reach import refuse_silence
from talops.execute.session import Session
from talops.execute.settle import say_leftovers, settle_leftovers
from talops.execute.takedown import TakeDown
from talops.execute.watchboot import Wanted
from talops.observe import observe
from talops.plan import two_clusters


def rollback_disruption(session: Session, node: DesiredNode) -> Callable[[ObservedNode], Disruption]:
    """`talosctl rollback` swaps the default slot and reboots; it does not wait, prints nothing, and names no target."""

    def make(before: ObservedNode) -> Disruption:
        version = before.talos.version if isinstance(before.talos, TalosNode) else before.talos
        schematic = before.talos.schematic if isinstance(before.talos, TalosNode) else None
        talosctl = session.tools.talosctl.for_version(version)
        call = replace(talosctl.rollback(node.addresses[0]), deadline=session.policy.upgrade_timeout)
        wanted = Wanted(
            boot_id=boot_id_of(before),
            version=None,
            schematic=None,
            extensions=frozenset(),
            left=version if isinstance(version, Version) else None,
            left_schematic=schematic if isinstance(schematic, str) else None,
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
    refuse_silence(observed)
    kube = observed.nodes[hostname].kube
    already_down = not (isinstance(kube, KubeNode) and kube.ready is True)
    version = _version_of(observed.nodes[hostname])
    lease = LeaseKeeper(session=session, holder=holder)
    ending = Ending(session=session, lease=lease, began=session.now(), journal=journal)
    ending.todo, ending.planned = [hostname], True
    if not confirm(f"{hostname} runs {version}. Roll it back to what its other boot slot holds?"):
        return ending.end(Exit.STOPPED, f"Not confirmed; {hostname} was left as it is.", session.again)
    try:
        say_leftovers(session, observed)
        _refuse_two_clusters(session, observed, hostname, already_down=already_down)
        start(session, lease, observed)
        # looked at again under the Lease: an earlier run may have left something since
        observed = observe(session.desired, session.tools, boot_ids=True)
        while settle_leftovers(session, observed, besides=hostname):
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


def _refuse_two_clusters(session: Session, observed: Observed, hostname: str, *, already_down: bool) -> None:
    """Law 13, as for an upgrade. Of a node that is not Ready, Kubernetes may still tell the boot before this one."""
    for refusal in two_clusters(session.desired, observed, [hostname]):
        if not (already_down and refusal.hostname == hostname and refusal.transient):
            who = f"{refusal.hostname}: " if refusal.hostname else ""
            raise Refused(f"refused: {who}{refusal.what}", hint=refusal.hint)


def _version_of(observed: ObservedNode) -> str:
    return str(observed.talos.version) if isinstance(observed.talos, TalosNode) else "an unknown version"
