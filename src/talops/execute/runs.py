"""The commands that take nodes through a rollout: `talops upgrade all`, `talops apply` and `talops upgrade k8s`."""

from collections.abc import Callable, Sequence

from talops.domain.cluster import Desired, Observed, Policy
from talops.domain.plan import Plan
from talops.domain.talos import Version
from talops.errors import Exit
from talops.execute.configs import Configs
from talops.execute.ending import Ending
from talops.execute.lease import LeaseKeeper
from talops.execute.rollout import Rollout
from talops.execute.session import Session
from talops.observe import Tools, observe_components
from talops.plan import apply_plan, kubernetes_plan, upgrade_plan
from talops.plan.names import check_names, chosen


def upgrade_all(
    session: Session,
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    holder: str,
    confirm: Callable[[Plan], bool],
    configs: Configs | None = None,
    journal: str = "",
) -> Exit:
    """Upgrade every node that needs it, and with `configs` give each the config of the files.

    Raises TalopsError for what stops it before anything was changed.
    """
    # a typo is told now, not when the cluster has answered
    check_names(session.desired, session.policy, only, skip)

    def make_plan(observed: Observed) -> Plan:
        pending = None if configs is None else configs.pending(session.desired, observed, session.tools, touched)
        return upgrade_plan(session.desired, observed, session.policy, only=only, skip=skip, pending=pending)

    touched = chosen(session.desired, session.policy, only, skip)
    lease = LeaseKeeper(session=session, holder=holder)
    ending = Ending(session=session, lease=lease, began=session.now(), journal=journal)
    return Rollout(
        session=session, lease=lease, make_plan=make_plan, confirm=confirm, ending=ending, configs=configs
    ).run()


def apply_configs(
    session: Session,
    configs: Configs,
    *,
    nodes: Sequence[str] = (),
    skip: Sequence[str] = (),
    stage: bool = False,
    holder: str,
    confirm: Callable[[Plan], bool],
    journal: str = "",
) -> Exit:
    """Give each of these nodes, or every one, the config of the files. `stage`: for its next boot, whenever that is.

    Raises TalopsError for what stops it before anything was changed.
    """
    check_names(session.desired, session.policy, nodes, skip, by="NODE")
    touched = chosen(session.desired, session.policy, nodes, skip)

    def make_plan(observed: Observed) -> Plan:
        pending = configs.pending(session.desired, observed, session.tools, touched)
        return apply_plan(session.desired, observed, session.policy, pending, only=nodes, skip=skip, stage=stage)

    lease = LeaseKeeper(session=session, holder=holder)
    ending = Ending(session=session, lease=lease, began=session.now(), journal=journal)
    return Rollout(
        session=session,
        lease=lease,
        make_plan=make_plan,
        confirm=confirm,
        ending=ending,
        configs=configs,
        alone=nodes[0] if len(set(nodes)) == 1 else "",
        gated=not stage,
    ).run()


def upgrade_kubernetes(
    session: Session, target: Version, *, holder: str, confirm: Callable[[Plan], bool], journal: str = ""
) -> Exit:
    """Take every component of Kubernetes on every node to `target`.

    Raises TalopsError for what stops it before anything was changed.
    """

    def make_plan(observed: Observed) -> Plan:
        return plan_kubernetes(session.desired, observed, session.policy, session.tools, target)

    lease = LeaseKeeper(session=session, holder=holder)
    ending = Ending(session=session, lease=lease, began=session.now(), journal=journal)
    return Rollout(session=session, lease=lease, make_plan=make_plan, confirm=confirm, ending=ending).run()


def plan_kubernetes(desired: Desired, observed: Observed, policy: Policy, tools: Tools, target: Version) -> Plan:
    """From what is observed now, and what its components are, which is asked here."""
    now = observe_components(desired, tools)
    talosctls = [version for version, _ in tools.talosctl.others]
    return kubernetes_plan(desired, observed, policy, now, target=target, talosctls=talosctls)
