"""What carries out each kind of step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from talops.domain.cluster import DesiredNode, Observed, ObservedNode
from talops.domain.machineconfig import ApplyMode
from talops.domain.plan import ApplyNode, Carries, PlannedStep, UpgradeKubernetes, UpgradeNode
from talops.domain.talos import Unknown, Version
from talops.execute.apply import Staging, reboot_into_config
from talops.execute.configs import Configs
from talops.execute.disrupt import Disruption
from talops.execute.kubernetes import KubernetesHop
from talops.execute.lease import LeaseKeeper
from talops.execute.live import LiveApply
from talops.execute.session import Session
from talops.execute.staging import and_configured, stage
from talops.execute.takedown import TakeDown
from talops.execute.upgrade import upgrade_disruption
from talops.plan.draft import version_of

STAGED = "Its new config is on its disk: its next boot takes it, whoever asks for that"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """`on_back` hears how a node came back. `configs` are those of the files, None where no step is about them."""

    session: Session
    lease: LeaseKeeper
    configs: Configs | None
    on_back: Callable[[ObservedNode], None]

    def of(
        self, step: PlannedStep, observed: Observed, baseline: Observed | None, *, first: bool, unwell: bool
    ) -> TakeDown | LiveApply | Staging | KubernetesHop:
        """`first`: nothing has just proven that the gates are open. `unwell`: the node itself is what shuts them."""
        node = self.session.desired.node(step.hostname)
        match step:
            case UpgradeNode():
                return self._upgrade(step, node, observed.talosctl, baseline, first=first)
            case ApplyNode():
                release = version_of(observed.nodes[step.hostname])
                return self._apply(step, node, release, baseline, first=first, unwell=unwell)
            case UpgradeKubernetes():
                return KubernetesHop(session=self.session, lease=self.lease, step=step, baseline=baseline, first=first)
            case _:
                assert_never(step)

    def _upgrade(
        self,
        step: UpgradeNode,
        node: DesiredNode,
        talosctl: Version | Unknown,
        baseline: Observed | None,
        *,
        first: bool,
    ) -> TakeDown:
        def make(before: ObservedNode) -> Disruption:
            return upgrade_disruption(self.session, step, before, talosctl)

        if step.carries is Carries.STAGED:
            both = and_configured(make, self.session, node, self._wanted)
            return self._with_config(node, both, baseline, release=step.from_version, first=first)
        return TakeDown(
            session=self.session,
            lease=self.lease,
            node=node,
            make=make,
            baseline=baseline,
            first=first,
            on_back=self.on_back,
        )

    def _apply(
        self,
        step: ApplyNode,
        node: DesiredNode,
        release: Version | Unknown,
        baseline: Observed | None,
        *,
        first: bool,
        unwell: bool,
    ) -> TakeDown | LiveApply | Staging:
        session, configs = self.session, self._wanted
        if step.mode is ApplyMode.STAGED:
            return Staging(session=session, lease=self.lease, node=node, configs=configs, release=release)
        if step.mode is ApplyMode.NO_REBOOT:
            return LiveApply(
                session=session,
                lease=self.lease,
                node=node,
                configs=configs,
                release=release,
                baseline=baseline,
                first=first,
                unwell=unwell,
            )
        make = and_configured(reboot_into_config(session, node), session, node, configs)
        return self._with_config(node, make, baseline, release=release, first=first, unwell=unwell)

    def _with_config(
        self,
        node: DesiredNode,
        make: Callable[[ObservedNode], Disruption],
        baseline: Observed | None,
        *,
        release: Version | Unknown,
        first: bool,
        unwell: bool = False,
    ) -> TakeDown:
        """The config is staged once the node is empty, so that nothing of ours is on one that could not be drained."""
        staged: list[bool] = []

        def prepare() -> None:
            stage(self.session, node, self._wanted, release)
            staged.append(True)

        return TakeDown(
            session=self.session,
            lease=self.lease,
            node=node,
            make=make,
            baseline=None if unwell else baseline,
            first=first,
            already_down=unwell,
            prepare=prepare,
            untouched="Its config was not touched",
            staged=lambda: STAGED if staged else "",
            on_back=self.on_back,
        )

    @property
    def _wanted(self) -> Configs:
        if self.configs is None:
            raise ValueError("a plan about configs was made without them")
        return self.configs
