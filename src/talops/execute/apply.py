"""A config for a node's next boot, and the reboot that takes it."""

from collections.abc import Callable
from dataclasses import dataclass

from talops.domain.cluster import DesiredNode, Observed, ObservedNode
from talops.domain.event import NodeState, Step
from talops.domain.talos import TalosNode, Unknown, Version
from talops.execute.configs import Configs
from talops.execute.disrupt import Disruption, boot_id_of
from talops.execute.lease import LeaseKeeper
from talops.execute.outcome import hold_lease, outcome_of
from talops.execute.session import Session
from talops.execute.staging import stage
from talops.execute.watchboot import Wanted
from talops.plan.draft import version_of


def reboot_into_config(session: Session, node: DesiredNode) -> Callable[[ObservedNode], Disruption]:
    """The reboot that takes a staged config, as a disruption."""

    def make(before: ObservedNode) -> Disruption:
        schematic = before.talos.schematic if isinstance(before.talos, TalosNode) else None
        version = before.talos.version if isinstance(before.talos, TalosNode) else None
        wanted = Wanted(
            boot_id=boot_id_of(before),
            version=None if isinstance(version, Unknown) else version,
            schematic=schematic if isinstance(schematic, str) else None,
            extensions=frozenset(),
        )
        return Disruption(
            call=session.tools.talosctl.for_version(version_of(before)).reboot(node.addresses[0]),
            wanted=wanted,
            verb="reboot",
            unmoved=NodeState.STAGED,
            step=Step.REBOOT,
        )

    return make


@dataclass(slots=True, kw_only=True)
class Staging:
    """One node gets its config for the next boot. It does not go down, so no gate is asked."""

    session: Session
    lease: LeaseKeeper
    node: DesiredNode
    configs: Configs
    release: Version | Unknown
    """The Talos that it runs."""
    through: bool = False

    def run(self, last: Observed) -> Observed:
        """Raises NodeStopped, StopRequested or StopNow."""
        with outcome_of(self.session, self.node.hostname, lambda: self.through):
            hold_lease(self.session, self.lease, self.node.hostname)
            stage(self.session, self.node, self.configs, self.release)
            self.through = True
        return last
