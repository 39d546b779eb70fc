"""What an upgrade does to a node, as a disruption."""

from talops.domain.cluster import ObservedNode
from talops.domain.plan import UpgradeNode
from talops.domain.talos import TalosNode, Unknown, Version
from talops.execute.disrupt import Disruption, boot_id_of
from talops.execute.session import Session
from talops.execute.watchboot import Wanted
from talops.plan.quorum import NEW_CALL

DRAIN_FLAG_SINCE = Version.parse("v1.13.0")
"""The first talosctl that drains by itself unless told not to (facts, talos.md 1.5)."""


def upgrade_disruption(
    session: Session, step: UpgradeNode, before: ObservedNode, talosctl: Version | Unknown
) -> Disruption:
    """The call for this step, and what must be true of the node afterwards.

    `talosctl` is the version of the one that reads; the node's own release may have another.
    """
    version = before.talos.version if isinstance(before.talos, TalosNode) else before.talos
    chosen = session.tools.talosctl.for_version(version)
    talosctl = chosen.release or talosctl
    drains = isinstance(talosctl, Unknown) or talosctl >= DRAIN_FLAG_SINCE
    within = session.policy.upgrade_timeout
    call = chosen.upgrade(step.address, step.image, within=within, drain_flag=drains)
    extensions = before.talos.extensions if isinstance(before.talos, TalosNode) else ()
    schematic = before.talos.schematic if isinstance(before.talos, TalosNode) else None
    wanted = Wanted(
        boot_id=boot_id_of(before),
        version=step.version,
        schematic=step.schematic,
        extensions=frozenset(extensions),
        # without a schematic nothing tells the old system of a release from the new one of the same
        left=version if isinstance(version, Version) and isinstance(schematic, str) else None,
        left_schematic=schematic if isinstance(schematic, str) else None,
    )
    return Disruption(
        call=call,
        wanted=wanted,
        verb="upgrade",
        legacy=_is_older(talosctl) or _is_older(version),
    )


def _is_older(version: Version | Unknown) -> bool:
    """Before 1.13 neither side knows the new way: then the node goes on by itself once it was told."""
    return isinstance(version, Unknown) or version < NEW_CALL
