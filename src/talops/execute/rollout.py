"""The rollout: observe, plan, take one node through, and again, until nothing is left or something says stop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from talops.domain.cluster import Observed
from talops.domain.event import NodeState, Planned, Step
from talops.domain.plan import Plan, UpgradeNode
from talops.errors import Exit, Refused, TalopsError
from talops.execute.ending import Ending
from talops.execute.failure import NodeStopped, StopNow, StopRequested
from talops.execute.gatewait import after_node, wait_for_gates
from talops.execute.lease import LeaseKeeper
from talops.execute.others import start
from talops.execute.session import Session
from talops.execute.settle import has_leftovers, settle_leftovers
from talops.execute.takedown import TakeDown
from talops.execute.upgrade import upgrade_disruption
from talops.observe import observe
from talops.plan import upgrade_plan


@dataclass(slots=True, kw_only=True)
class Rollout:
    """`talops upgrade all`. `make_plan` is pure; `confirm` shows the first plan and asks, before any write."""

    session: Session
    lease: LeaseKeeper
    make_plan: Callable[[Observed], Plan]
    confirm: Callable[[Plan], bool]
    ending: Ending
    _plan: Plan | None = None
    _baseline: Observed | None = None

    def run(self) -> Exit:
        """Carry it out. What stops it becomes an Ended event and an exit code; errors before the start raise.

        What an earlier run left in flight is settled first, without asking: it is ours, and until then no plan holds.
        """
        observed = first_look(self.session)
        settled = has_leftovers(observed)
        try:
            if settled:
                start(self.session, self.lease, observed)
                settle_leftovers(self.session, observed)
                observed = observe(self.session.desired, self.session.tools, boot_ids=True)
            plan, observed = self._planned(observed, patience=FIRST_PATIENCE)
            if not plan.upgrades and not settled:
                return self.ending.end(Exit.DONE, f"Nothing to do: every node runs {plan.target}.")
            if plan.upgrades and not self.confirm(plan):
                self.lease.release()
                return self.ending.end(Exit.STOPPED, "Not confirmed; no node was taken down.", self.ending.again)
            start(self.session, self.lease, observed)
            self._nodes(observed, settled)
        except (TalopsError, StopRequested, StopNow) as stop:
            return self.ending.stopped(stop)
        self.lease.release()
        return self.ending.end(Exit.DONE, _all_done(self.ending.done, plan))

    def _planned(self, observed: Observed, *, patience: float) -> tuple[Plan, Observed]:
        """Plan from what is now. While that is refused for want of knowledge, look again for so many seconds.

        Raises Refused with every reason. Says a plan again only when it changed.
        """
        deadline = self.session.now() + patience
        plan = self.make_plan(observed)
        while plan.refusals and self.session.now() < deadline and _may_pass(plan, after_start=bool(self.ending.done)):
            self.session.waits("", Step.GATES, plan.refusals[0].what, deadline)
            self.session.pause(LOOK_AGAIN)
            observed = observe(self.session.desired, self.session.tools, boot_ids=True)
            plan = self.make_plan(observed)
        if plan.refusals:
            raise Refused(f"the upgrade is refused:\n{refusal_lines(plan)}", hint=plan.refusals[0].hint)
        if [step.hostname for step in plan.upgrades] != self.ending.todo or not self.ending.done:
            now, wall = self.session.now(), self.session.tools.clock.wall()
            name = self.session.desired.cluster_name
            self.session.emit(Planned(at=now, wall=wall, run=self.session.run, cluster=name, plan=plan))
        self.ending.todo = [step.hostname for step in plan.upgrades]
        return plan, observed

    def _nodes(self, observed: Observed, settled: bool) -> None:
        """One node after the other, each time with a new plan from what is observed then."""
        while self.ending.todo:
            plan, observed = self._planned(observed, patience=NEXT_PATIENCE) if self.ending.done else (None, observed)
            step = (plan or self.make_plan(observed)).upgrades[0] if self.ending.todo else None
            if step is None:
                return
            if step.hostname in self.ending.done:
                raise NodeStopped(
                    step.hostname,
                    NodeState.ROLLED_BACK,
                    f"{step.hostname} was upgraded in this run and is no longer at the target",
                    hint=f"talosctl -n {step.address} dmesg | less",
                )
            self._baseline = self._baseline or observed
            self._take_down(step, observed)
            observed = observe(self.session.desired, self.session.tools, boot_ids=True)
        if settled and not self.ending.done:
            self._gates_after_settling(observed)

    def _take_down(self, step: UpgradeNode, observed: Observed) -> None:
        takedown = TakeDown(
            session=self.session,
            lease=self.lease,
            node=self.session.desired.node(step.hostname),
            make=lambda before: upgrade_disruption(self.session, step, before, observed.talosctl),
            baseline=self._baseline,
            first=not self.ending.done,
        )
        try:
            takedown.run(observed)
        finally:
            # whatever came after: a node that went through is not left to do
            if takedown.through:
                self.ending.done.append(step.hostname)
                self.ending.todo.remove(step.hostname)

    def _gates_after_settling(self, observed: Observed) -> None:
        wait_for_gates(
            self.session,
            observed,
            hostname="",
            step=Step.SETTLE,
            stability=after_node(self.session.policy),
            state=NodeState.GATE_SHUT,
            baseline=None,
        )


def _all_done(done: Sequence[str], plan: Plan) -> str:
    if not done:
        return f"What an earlier run had left is settled; every node runs {plan.target}."
    return f"{len(done)} nodes were upgraded to {plan.target}; every gate is open."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator asked for on the command line."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


def upgrade_all(
    session: Session, wish: Wish, *, holder: str, confirm: Callable[[Plan], bool], journal: str = ""
) -> Exit:
    """Upgrade every node that needs it. Raises TalopsError for what stops it before anything was changed."""

    def make_plan(observed: Observed) -> Plan:
        return upgrade_plan(session.desired, observed, session.policy, only=wish.only, skip=wish.skip)

    lease = LeaseKeeper(session=session, holder=holder)
    ending = Ending(session=session, lease=lease, began=session.now(), journal=journal, again="talops upgrade all")
    return Rollout(session=session, lease=lease, make_plan=make_plan, confirm=confirm, ending=ending).run()
