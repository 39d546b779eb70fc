"""The rollout: observe, plan, take one node through, and again, until nothing is left or something says stop."""

from collections.abc import Callable
from dataclasses import dataclass, field

from talops.domain.cluster import Observed
from talops.domain.event import NodeState, Planned, Step
from talops.domain.plan import ApplyNode, Plan, PlannedStep, goes_down
from talops.domain.process import Instant
from talops.domain.talos import Unknown
from talops.domain.words import count
from talops.errors import Exit, Refused, TalopsError
from talops.execute.boots import Boots
from talops.execute.configs import Configs
from talops.execute.contradicted import not_agreed, undone
from talops.execute.ending import Ending
from talops.execute.failure import NodeStopped, StopNow, StopRequested
from talops.execute.gatewait import ONE_MORE_SAMPLE, after_node, before_first, live_policy, wait_for_gates
from talops.execute.kubernetes import KubernetesHop
from talops.execute.last_words import all_done, nothing_left, refusal_lines
from talops.execute.lease import LeaseKeeper
from talops.execute.others import start
from talops.execute.reach import refuse_silence
from talops.execute.session import Session
from talops.execute.settle import has_leftovers, say_leftovers, settle_leftovers, unwell
from talops.execute.steps import Steps
from talops.execute.streak import Stability

FIRST_PATIENCE = 60.0
"""Seconds. An API that is just moving to another control plane is back within them."""
NEXT_PATIENCE = 120.0
LOOK_AGAIN = 5.0
STALE = 30.0
"""An observation that is older when the operator has said yes is made again."""


@dataclass(slots=True, kw_only=True)
class Rollout:
    """Carries out a plan, step by step. `confirm` asks about the plan that was shown, before any write.

    `make_plan` changes nothing. `configs` are those of the files, None where no step is about them. `alone` is the only
    node that was asked for: then its being unwell is what is to be mended, and holds nothing up. Without `gated` no
    node is disturbed, and no gate asked.
    """

    session: Session
    lease: LeaseKeeper
    make_plan: Callable[[Observed], Plan]
    confirm: Callable[[Plan], bool]
    ending: Ending
    configs: Configs | None = None
    alone: str = ""
    gated: bool = True
    _boots: Boots = field(init=False)
    _steps: Steps = field(init=False)
    _baseline: Observed | None = None
    _proven: bool = False
    """Gates were proven open and stable just now, and nothing has happened since."""
    _proven_live: bool = False
    """Those were that a node needs which keeps running."""
    _went_down: bool = False
    _shown: list[tuple[str, bool]] = field(default_factory=list)
    _agreed: list[tuple[str, bool]] = field(default_factory=list)
    """Which nodes (or hops) take part, and which of them go down, in the plan shown and in the one agreed to."""
    _done: set[tuple[str, type[PlannedStep]]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._boots = Boots(session=self.session)
        self._steps = Steps(session=self.session, lease=self.lease, configs=self.configs, on_back=self._boots.learn)

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
            if not plan.steps:
                return self._nothing_to_do(plan, observed, settled)
            if not self._confirmed(plan):
                return self._not_confirmed()
            if self.session.now() - observed.at > STALE:
                observed = self._boots.look()
        start(self.session, self.lease, observed)
        # under the Lease: the one that we took it from may have died with a node in flight since we looked
        observed, left = self._settled_look()
        plan, observed = self._planned(observed, self._until(observed, FIRST_PATIENCE))
        settled = settled or left
        if not plan.steps:
            return self._nothing_to_do(plan, observed, settled)
        if settled or self._shown != self._agreed:
            if not self._confirmed(plan):
                return self._not_confirmed()
            plan, observed = self._planned(self._settled_look()[0], self.session.now() + FIRST_PATIENCE)
        self._nodes(plan, observed)
        self.lease.release()
        live = not self._went_down
        said = all_done(self.ending.done, plan, settled=settled, gated=self.gated, live=live)
        return self.ending.end(Exit.DONE, said)

    def _confirmed(self, plan: Plan) -> bool:
        self._agreed = _shape(plan)
        return self.confirm(plan)

    def _not_confirmed(self) -> Exit:
        self.lease.release()
        untouched = "no node was taken down" if self.gated else "nothing was changed"
        return self.ending.end(Exit.STOPPED, f"Not confirmed; {untouched}.", self.session.again)

    def _nothing_to_do(self, plan: Plan, observed: Observed, settled: bool) -> Exit:
        """Every node being at the target is not the end of it: the last one may have been left with its gates shut."""
        if isinstance(gap := observed.kube_nodes, Unknown):
            # a node in flight keeps gates shut: they would be waited for in vain
            what = f"{nothing_left(plan)}, but whether an earlier run left a node in flight is not known"
            raise Refused(f"{what}: {gap.reason}", hint="kubectl get nodes")
        stability = after_node(self.session.policy) if settled else before_first(self.session.policy)
        try:
            self._gates(observed, stability, live=False)
        except NodeStopped as stopped:
            stopped.what = f"{nothing_left(plan)}, but {stopped.what}"
            raise
        self.lease.release()
        return self.ending.end(Exit.DONE, all_done((), plan, settled=settled, gated=self.gated))

    def _settled_look(self) -> tuple[Observed, bool]:
        """What is now, with nothing in flight; and whether something was."""
        found = False
        observed = self._patient_look()
        while settle_leftovers(self.session, observed, besides=self._unwell_alone(observed)):
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
        shape = _shape(plan)
        if shape != self._shown:
            now, wall, name = self.session.now(), self.session.tools.clock.wall(), self.session.desired.cluster_name
            self.session.emit(Planned(at=now, wall=wall, run=self.session.run, cluster=name, plan=plan))
            self._shown = shape
            self.ending.todo = [step.name for step in plan.steps]
        return plan, observed

    def _nodes(self, plan: Plan, observed: Observed) -> None:
        """One node after the other, each time with a new plan from what is observed then."""
        while plan.steps:
            step = plan.steps[0]
            if (step.name, type(step)) in self._done:
                raise undone(step)
            if isinstance(step, ApplyNode) and goes_down(step) and (step.hostname, True) not in self._agreed:
                raise not_agreed(step, self.session.again)
            self._baseline = self._baseline or observed
            self._do(step, observed)
            opened, self._went_down = self.session.now(), self._went_down or goes_down(step)
            observed, _ = self._settled_look()
            plan, observed = self._planned(observed, self._until(observed, NEXT_PATIENCE))
            self._proven_live = self.session.now() - opened < STALE
            self._proven = self._proven_live and goes_down(step)
        # the Talos side of the last look is newer than what the gates after the last node had of it
        proven = self._proven if self._went_down else self._proven_live
        stability = ONE_MORE_SAMPLE if proven else before_first(self.session.policy)
        self._gates(observed, stability, live=not self._went_down)

    def _do(self, step: PlannedStep, observed: Observed) -> None:
        alone, proven = bool(self._unwell_alone(observed)), self._proven if goes_down(step) else self._proven_live
        doing = self._steps.of(step, observed, self._baseline, first=not proven, unwell=alone)
        try:
            doing.run(observed)
        finally:
            # whatever came after: a node that went through is not left to do
            done = doing.done if isinstance(doing, KubernetesHop) else [step.hostname] * doing.through
            self.ending.done += [hostname for hostname in done if hostname not in self.ending.done]
            if doing.through:
                self._done.add((step.name, type(step)))
                self.ending.todo.remove(step.name)
                self._shown = [shown for shown in self._shown if shown[0] != step.name]

    def _unwell_alone(self, observed: Observed) -> str:
        return self.alone if unwell(self.session, observed, self.alone) else ""

    def _gates(self, observed: Observed, stability: Stability, *, live: bool) -> None:
        """`live`: no node has gone down."""
        if not self.gated:
            return
        wait_for_gates(
            self.session,
            observed,
            hostname="",
            step=Step.SETTLE,
            stability=stability,
            state=NodeState.GATE_SHUT,
            baseline=self._baseline,
            just_seen=True,
            policy=live_policy(self.session.policy) if live else None,
        )


def _shape(plan: Plan) -> list[tuple[str, bool]]:
    return [(step.name, goes_down(step)) for step in plan.steps]
