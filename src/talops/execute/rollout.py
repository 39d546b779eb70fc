"""The rollout: observe, plan, take one node through, and again, until nothing is left or something says stop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from talops.domain.cluster import Observed
from talops.domain.event import NodeState, Planned, Step
from talops.domain.plan import Plan, UpgradeNode, alike
from talops.domain.process import Instant
from talops.domain.talos import Unknown
from talops.domain.words import count
from talops.errors import Exit, Refused, TalopsError
from talops.execute.boots import Boots
from talops.execute.ending import Ending
from talops.execute.failure import NodeStopped, StopNow, StopRequested
from talops.execute.gatewait import ONE_MORE_SAMPLE, after_node, before_first, wait_for_gates
from talops.execute.lease import LeaseKeeper
from talops.execute.others import start
from talops.execute.reach import refuse_silence
from talops.execute.session import Session
from talops.execute.settle import has_leftovers, say_leftovers, settle_leftovers
from talops.execute.streak import Stability
from talops.execute.takedown import TakeDown
from talops.execute.upgrade import upgrade_disruption
from talops.plan import upgrade_plan
from talops.plan.names import check_names

FIRST_PATIENCE = 60.0
"""Seconds. An API that is just moving to another control plane is back within them."""
NEXT_PATIENCE = 120.0
LOOK_AGAIN = 5.0
STALE = 30.0
"""An observation that is older when the operator has said yes is made again."""


@dataclass(slots=True, kw_only=True)
class Rollout:
    """`talops upgrade all`. `make_plan` is pure; `confirm` asks about the plan that was shown, before any write."""

    session: Session
    lease: LeaseKeeper
    make_plan: Callable[[Observed], Plan]
    confirm: Callable[[Plan], bool]
    ending: Ending
    _boots: Boots = field(init=False)
    _baseline: Observed | None = None
    _proven: bool = False
    """Gates were proven open and stable just now, and nothing has happened since."""

    def __post_init__(self) -> None:
        self._boots = Boots(session=self.session)

    def run(self) -> Exit:
        """Carry it out. Whatever stops it becomes an Ended event and an exit code."""
        try:
            return self._run()
        except (TalopsError, StopRequested, StopNow) as stop:
            return self.ending.stopped(stop)

    def _run(self) -> Exit:
        """What an earlier run left in flight is settled first, without asking: until then no plan holds."""
        self.session.note(f"Looking at {count(len(self.session.desired.nodes), 'node')}.")
        observed = self._patient_look()
        settled = has_leftovers(observed)
        say_leftovers(self.session, observed)
        if not settled:
            plan, observed = self._planned(observed, self._until(observed, FIRST_PATIENCE))
            if not plan.upgrades:
                return self._nothing_to_do(plan, observed, settled)
            if not self.confirm(plan):
                return self._not_confirmed()
            if self.session.now() - observed.at > STALE:
                observed = self._boots.look()
        start(self.session, self.lease, observed)
        # under the Lease: the one that we took it from may have died with a node in flight since we looked
        observed, left = self._settled_look()
        asked_about = self.ending.todo
        plan, observed = self._planned(observed, self._until(observed, FIRST_PATIENCE))
        settled = settled or left
        if not plan.upgrades:
            return self._nothing_to_do(plan, observed, settled)
        if settled or self.ending.todo != asked_about:
            if not self.confirm(plan):
                return self._not_confirmed()
            plan, observed = self._planned(self._settled_look()[0], self.session.now() + FIRST_PATIENCE)
        self._nodes(plan, observed)
        self.lease.release()
        return self.ending.end(Exit.DONE, _all_done(self.ending.done, plan, settled))

    def _not_confirmed(self) -> Exit:
        self.lease.release()
        return self.ending.end(Exit.STOPPED, "Not confirmed; no node was taken down.", self.session.again)

    def _nothing_to_do(self, plan: Plan, observed: Observed, settled: bool) -> Exit:
        """Every node being at the target is not the end of it: the last one may have been left with its gates shut."""
        if isinstance(gap := observed.kube_nodes, Unknown):
            # a node in flight keeps gates shut: they would be waited for in vain
            what = "nothing is left to upgrade, but whether an earlier run left a node in flight is not known"
            raise Refused(f"{what}: {gap.reason}", hint="kubectl get nodes")
        stability = after_node(self.session.policy) if settled else before_first(self.session.policy)
        try:
            self._gates(observed, stability)
        except NodeStopped as stopped:
            stopped.what = f"nothing is left to upgrade, but {stopped.what}"
            raise
        self.lease.release()
        return self.ending.end(Exit.DONE, _all_done((), plan, settled))

    def _settled_look(self) -> tuple[Observed, bool]:
        """What is now, with nothing in flight; and whether something was."""
        found = False
        observed = self._patient_look()
        while settle_leftovers(self.session, observed):
            found = True
            observed = self._patient_look()
        return observed, found

    def _until(self, observed: Observed, patience: float) -> Instant:
        """How long a plan may take to become possible. A silent Kubernetes API has been waited for already."""
        return self.session.now() + (0.0 if isinstance(observed.kube_nodes, Unknown) else patience)

    def _patient_look(self) -> Observed:
        """Marks of an earlier run are on the Kubernetes nodes: while those cannot be read, look again for a while."""
        deadline = self.session.now() + FIRST_PATIENCE
        observed = self._boots.look()
        while isinstance(gap := observed.kube_nodes, Unknown) and not gap.forbidden and self.session.now() < deadline:
            self.session.waits("", Step.GATES, f"the Kubernetes API to answer: {gap.reason}", deadline)
            self.session.pause(LOOK_AGAIN)
            observed = self._boots.look()
        refuse_silence(observed)
        return observed

    def _planned(self, observed: Observed, until: Instant) -> tuple[Plan, Observed]:
        """Plan from what is now. While it is refused only for what may pass by itself, look again.

        Raises Refused with every reason. Says a plan again only when it changed.
        """
        plan = self.make_plan(observed)
        while plan.refusals and self.session.now() < until and all(refusal.transient for refusal in plan.refusals):
            refusal = plan.refusals[0]
            self.session.waits(refusal.hostname, Step.GATES, refusal.what, until)
            self.session.pause(LOOK_AGAIN)
            observed = self._boots.look()
            plan = self.make_plan(observed)
        if plan.refusals:
            raise Refused(refusal_lines(plan), hint=plan.refusals[0].hint)
        self.ending.planned = True
        todo = [step.hostname for step in plan.upgrades]
        if todo != self.ending.todo:
            now, wall, name = self.session.now(), self.session.tools.clock.wall(), self.session.desired.cluster_name
            self.session.emit(Planned(at=now, wall=wall, run=self.session.run, cluster=name, plan=plan))
            self.ending.todo = todo
        return plan, observed

    def _nodes(self, plan: Plan, observed: Observed) -> None:
        """One node after the other, each time with a new plan from what is observed then."""
        while plan.upgrades:
            step = plan.upgrades[0]
            if step.hostname in self.ending.done:
                raise NodeStopped(
                    step.hostname,
                    NodeState.ROLLED_BACK,
                    f"{step.hostname} was upgraded in this run and is no longer at the target",
                    hint=f"talosctl -n {step.address} dmesg | less",
                )
            self._baseline = self._baseline or observed
            self._take_down(step, observed)
            opened = self.session.now()
            observed, _ = self._settled_look()
            plan, observed = self._planned(observed, self._until(observed, NEXT_PATIENCE))
            self._proven = self.session.now() - opened < STALE
        # the Talos side of the last look is newer than what the gates after the last node had of it
        self._gates(observed, ONE_MORE_SAMPLE if self._proven else before_first(self.session.policy))

    def _take_down(self, step: UpgradeNode, observed: Observed) -> None:
        takedown = TakeDown(
            session=self.session,
            lease=self.lease,
            node=self.session.desired.node(step.hostname),
            make=lambda before: upgrade_disruption(self.session, step, before, observed.talosctl),
            baseline=self._baseline,
            first=not self._proven,
            on_back=self._boots.learn,
        )
        try:
            takedown.run(observed)
        finally:
            # whatever came after: a node that went through is not left to do
            if takedown.through:
                self.ending.done.append(step.hostname)
                self.ending.todo.remove(step.hostname)

    def _gates(self, observed: Observed, stability: Stability) -> None:
        wait_for_gates(
            self.session,
            observed,
            hostname="",
            step=Step.SETTLE,
            stability=stability,
            state=NodeState.GATE_SHUT,
            baseline=self._baseline,
            just_seen=True,
        )


def refusal_lines(plan: Plan) -> str:
    """Every reason on a line of its own, with the nodes that it holds for."""
    lines = [
        f"{', '.join(names)}: {refusal.what}" if names else refusal.what for names, refusal in alike(plan.refusals)
    ]
    if len(lines) == 1:
        return f"refused: {lines[0]}"
    return "refused, for these reasons:\n" + "\n".join(f"  - {line}" for line in lines)


def _all_done(done: Sequence[str], plan: Plan, settled: bool) -> str:
    if done:
        nodes = "1 node was" if len(done) == 1 else f"{len(done)} nodes were"
        return f"{nodes} upgraded to {plan.target}; every gate is open."
    nothing = _nothing_to_do(plan)
    return f"What an earlier run had left is settled. {nothing}" if settled else nothing


def _nothing_to_do(plan: Plan) -> str:
    """A node that was left out is not said to be at the target."""
    left_out = [kept.hostname for kept in plan.kept if not kept.why.startswith("runs ")]
    if left_out:
        return f"Nothing to do; left out: {', '.join(left_out)}."
    return f"Nothing to do: every node runs {plan.target}."


def upgrade_all(
    session: Session,
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    holder: str,
    confirm: Callable[[Plan], bool],
    journal: str = "",
) -> Exit:
    """Upgrade every node that needs it. Raises TalopsError for what stops it before anything was changed."""
    # a typo is told now, not when the cluster has answered
    check_names(session.desired, session.policy, only, skip)

    def make_plan(observed: Observed) -> Plan:
        return upgrade_plan(session.desired, observed, session.policy, only=only, skip=skip)

    lease = LeaseKeeper(session=session, holder=holder)
    ending = Ending(session=session, lease=lease, began=session.now(), journal=journal)
    return Rollout(session=session, lease=lease, make_plan=make_plan, confirm=confirm, ending=ending).run()
