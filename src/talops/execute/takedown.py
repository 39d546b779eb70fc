"""One node, from open gates to open gates: the table of steps that every disruption goes through."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from talops.domain.cluster import DesiredNode, Observed, ObservedNode
from talops.domain.event import NodeEnded, NodeState, Step
from talops.domain.kubernetes import KubeNode
from talops.domain.process import Instant
from talops.errors import Exit
from talops.execute import marks
from talops.execute.disrupt import Disruption, boot_id_of, run_call, wait_until_back
from talops.execute.drain import drain, move_databases, wait_detached
from talops.execute.failure import NodeStopped, StopNow, StopRequested
from talops.execute.gatewait import after_node, before_first, wait_for_gates
from talops.execute.lease import LeaseKeeper
from talops.execute.marks import InFlight
from talops.execute.session import Session
from talops.gates import last_proof
from talops.observe import observe_gates, observe_node

PROVE_WITHIN = 90.0
SAMPLE_AGE = 10.0


@dataclass(slots=True, kw_only=True)
class TakeDown:
    """Takes one node through. `make` builds the disruption from the node as observed right before it."""

    session: Session
    lease: LeaseKeeper
    node: DesiredNode
    make: Callable[[ObservedNode], Disruption]
    baseline: Observed | None
    first: bool
    already_down: bool = False
    """It is not Ready: there is nothing to wait for or to drain before it is helped."""
    through: bool = False
    """It went down and came back as it was wanted; only the gates after it may still be shut."""

    def run(self, last: Observed) -> Observed:
        """Raises NodeStopped, StopRequested or StopNow, each with the cluster left as the messages say."""
        began = self.session.now()
        try:
            return self._run(last, began)
        except NodeStopped as stopped:
            if stopped.hostname == self.node.hostname:
                self._ended(stopped.state, began, stopped.what)
            raise
        except (StopRequested, StopNow):
            if self.through:
                self._ended(NodeState.DONE, began, "the gates after it were not waited for")
            else:
                self._ended(NodeState.INTERRUPTED, began)
            raise

    def _run(self, last: Observed, began: Instant) -> Observed:
        if not self.already_down:
            last = self._gates(last)
        try:
            last = self._empty(last)
            before = self._prove(last)
        except (NodeStopped, StopRequested, StopNow):
            self._restore()
            raise
        with self.session.in_flight(self.node.hostname):
            self._disrupt(before)
        self.through = True
        last = wait_for_gates(
            self.session,
            last,
            hostname=self.node.hostname,
            step=self._say(Step.SETTLE),
            stability=after_node(self.session.policy),
            state=NodeState.GATE_SHUT,
            baseline=self.baseline,
        )
        self._ended(NodeState.DONE, began)
        return last

    def _gates(self, last: Observed) -> Observed:
        """The gates after one node are the gates before the next: then one more sample is enough."""
        policy = self.session.policy
        stability = before_first(policy)
        if not self.first:
            stability = stability.__class__(samples=1, window=timedelta(0), news=0)
        return wait_for_gates(
            self.session,
            last,
            hostname=self.node.hostname,
            step=self._say(Step.GATES),
            stability=stability,
            state=NodeState.NOT_STARTED,
            baseline=self.baseline,
            going=self.node.hostname,
        )

    def _empty(self, last: Observed) -> Observed:
        """Mark, cordon, move databases, drain, detach."""
        session, hostname = self.session, self.node.hostname
        kube = self._kube(last.nodes[hostname])
        boot_id = boot_id_of(last.nodes[hostname])
        deadline = session.tools.clock.wall() + session.policy.drain_timeout
        self._say(Step.CORDON)
        in_flight = InFlight(run=session.run, action="drain", boot_id=boot_id, deadline=deadline)
        marks.mark(session, kube.name, in_flight, cordon=True, hostname=hostname, step=Step.CORDON)
        if self.already_down:
            return last
        self._say(Step.DATABASES)
        last = move_databases(session, last, hostname, kube.name)
        self._say(Step.DRAIN)
        drain(session, hostname, kube.name)
        self._say(Step.DETACH)
        wait_detached(session, hostname, kube.name)
        return last

    def _prove(self, last: Observed) -> ObservedNode:
        """Law 3: Lease held, quorum without this node, no primary on it, samples younger than 10 s."""
        session, hostname = self.session, self.node.hostname
        self._say(Step.PROOF)
        deadline = session.now() + PROVE_WITHIN
        while True:
            asked = session.now()
            last = observe_gates(session.desired, session.tools, last)
            before = observe_node(self.node, session.tools)
            verdict = last_proof(last, session.desired, session.policy, going=hostname)
            reasons = [] if verdict.passes or self.already_down else list(verdict.reasons)
            if not self.lease.held:
                reasons.append(self.lease.lost or "the Lease could not be renewed in time")
            if session.now() - asked > SAMPLE_AGE:
                reasons.append("the answers took longer than 10 s: they prove nothing any more")
            if not reasons:
                return before
            if session.now() >= deadline or self.lease.lost:
                raise NodeStopped(
                    hostname,
                    NodeState.GATE_SHUT,
                    f"{hostname} was not taken down: {'; '.join(reasons)}",
                    hint="`talops status` shows the gates; run the command again when they are open",
                    exit=Exit.LOCKED if self.lease.lost else Exit.GATE,
                )
            session.waits(hostname, Step.PROOF, "; ".join(reasons), deadline)
            session.pause(3)

    def _disrupt(self, before: ObservedNode) -> None:
        session, hostname = self.session, self.node.hostname
        disruption = self.make(before)
        kube = self._kube(before)
        self._say(Step.MARK)
        deadline = session.tools.clock.wall() + disruption.call.deadline
        in_flight = InFlight(run=session.run, action=disruption.verb, boot_id=boot_id_of(before), deadline=deadline)
        marks.mark(session, kube.name, in_flight, cordon=False, hostname=hostname, step=Step.MARK)
        self._say(Step.UPGRADE, disruption.verb)
        try:
            result = run_call(session, self.node, disruption)
            self._say(Step.BOOT)
            wait_until_back(session, self.node, disruption, result)
        except NodeStopped as stopped:
            self._restore_if_quiet(stopped)
            raise
        self._say(Step.UNCORDON)
        marks.clear(session, kube.name, hostname=hostname, step=Step.UNCORDON)

    def _restore(self) -> None:
        """The node was not taken down: give it back as it was. What cannot be restored is said as a command."""
        name = self._kube_name
        if not name:
            return
        session = self.session
        with session.restoring():
            try:
                marks.clear(session, name, hostname=self.node.hostname, step=Step.UNCORDON)
            except (NodeStopped, StopNow):
                session.note(
                    f"{self.node.hostname} stays cordoned. When the API answers again: kubectl uncordon {name} && "
                    f"kubectl annotate node {name} {marks.IN_FLIGHT}- {marks.CORDONED_BY}-",
                    hostname=self.node.hostname,
                    warning=True,
                )

    def _restore_if_quiet(self, stopped: NodeStopped) -> None:
        """Law 6: only a node that is up, settled and has nothing in flight gets its cordon lifted."""
        if stopped.state in {NodeState.NOT_INSTALLED, NodeState.INSTALLED, NodeState.ROLLED_BACK}:
            self._restore()
            return
        name = self._kube_name
        self.session.note(
            f"{self.node.hostname} stays cordoned: it is not proven to be up. When it is: kubectl uncordon {name}",
            hostname=self.node.hostname,
            warning=True,
        )

    _kube_name: str = ""

    def _kube(self, observed: ObservedNode) -> KubeNode:
        if not isinstance(observed.kube, KubeNode):
            raise NodeStopped(
                observed.hostname,
                NodeState.NOT_STARTED,
                f"{observed.hostname}: its Kubernetes node cannot be read",
                hint="kubectl get nodes -o wide",
            )
        self._kube_name = observed.kube.name
        return observed.kube

    def _say(self, step: Step, text: str = "") -> Step:
        self.session.step(self.node.hostname, step, text)
        return step

    def _ended(self, state: NodeState, began: Instant, text: str = "") -> None:
        now = self.session.now()
        wall = self.session.tools.clock.wall()
        took = timedelta(seconds=now - began)
        self.session.emit(NodeEnded(at=now, wall=wall, hostname=self.node.hostname, state=state, took=took, text=text))
