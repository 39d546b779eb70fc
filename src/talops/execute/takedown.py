"""One node, from open gates to open gates: the table of steps that every disruption goes through."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from talops.domain.cluster import DesiredNode, Observed, ObservedNode
from talops.domain.event import NodeState, Step
from talops.domain.kubernetes import CORDONED_BY, KubeNode
from talops.execute import marks
from talops.execute.disrupt import Disruption, boot_id_of, disrupt, glance, wait_until_back
from talops.execute.drain import drain, move_databases, wait_detached
from talops.execute.failure import NodeStopped, StopNow, StopRequested
from talops.execute.gatewait import ONE_MORE_SAMPLE, after_node, before_first, wait_for_gates
from talops.execute.giveback import Held, give_back, leave
from talops.execute.lease import LeaseKeeper
from talops.execute.outcome import hold_lease, outcome_of
from talops.execute.proof import Proof
from talops.execute.session import Session

UP = {
    NodeState.NOT_INSTALLED,
    NodeState.INSTALLED,
    NodeState.ROLLED_BACK,
    NodeState.OTHER_IMAGE,
    NodeState.STAGED,
    NodeState.NOT_TAKEN,
}
"""In these the node runs, though not what was wanted."""
NOT_UPGRADED = {NodeState.NOT_INSTALLED, NodeState.INSTALLED}


@dataclass(slots=True, kw_only=True)
class TakeDown:
    """Takes one node through. `make` builds the disruption from the node as observed right before it."""

    session: Session
    lease: LeaseKeeper
    node: DesiredNode
    make: Callable[[ObservedNode], Disruption]
    baseline: Observed | None
    first: bool
    """Nothing has just proven that the gates are open and stable."""
    already_down: bool = False
    """It is not Ready: there is nothing to wait for or to drain before it is helped."""
    prepare: Callable[[], None] = lambda: None
    """What is done to the node once it is empty, and does not take it down. Raises NodeStopped."""
    untouched: str = "Nothing was installed"
    """Said of a node that was not taken down after all."""
    staged: Callable[[], str] = lambda: ""
    """What is on its disk by now and waits for its next boot."""
    on_back: Callable[[ObservedNode], None] = lambda _node: None
    """Hears how the node came back."""
    through: bool = False
    """It went down and came back as it was wanted; only the gates after it may still be shut."""

    def run(self, last: Observed) -> Observed:
        """`last` is the whole cluster as it was seen just now.

        Raises NodeStopped, StopRequested or StopNow, each with the cluster left as the messages say.
        """
        with outcome_of(self.session, self.node.hostname, lambda: self.through):
            return self._run(last)

    def _run(self, last: Observed) -> Observed:
        if not self.already_down:
            last = self._gates(last)
        held, disruption = self._make_ready(last)
        with self.session.in_flight(self.node.hostname, held.by_hand()):
            self._disrupt(disruption, held)
        self.through = True
        return wait_for_gates(
            self.session,
            last,
            hostname=self.node.hostname,
            step=self._say(Step.SETTLE),
            stability=after_node(self.session.policy),
            state=NodeState.GATE_SHUT,
            baseline=self.baseline,
        )

    def _make_ready(self, last: Observed) -> tuple[Held, Disruption]:
        """Cordon, drain, prove, mark. Whatever stops that, the node is given back as it was."""
        session, hostname = self.session, self.node.hostname
        kube, boot_id = self._kube(last.nodes[hostname]), boot_id_of(last.nodes[hostname])
        hold_lease(self.session, self.lease, self.node.hostname)
        held, cordoned = Held(node=self.node, kube_name=kube.name, ours=True), False
        try:
            cordoned = self._cordon(kube.name, boot_id)
            held = replace(held, ours=cordoned)
            if not self.already_down:
                self._empty(kube.name)
            self.prepare()
            proof = Proof(
                session=session,
                lease=self.lease,
                node=self.node,
                kube_name=kube.name,
                already_down=self.already_down,
                before=last,
            )
            return held, proof.prove_and_mark(last, self.make)
        except (NodeStopped, StopRequested, StopNow) as stop:
            if give_back(session, held) and isinstance(stop, NodeStopped):
                left = f"the cordon that talops had put on {hostname} was taken back" if cordoned else "it is as it was"
                stop.what += f". {self.staged() or self.untouched}, and {left}"
            raise

    def _gates(self, last: Observed) -> Observed:
        """The gates after one node are the gates before the next: then one more sample is enough."""
        return wait_for_gates(
            self.session,
            last,
            hostname=self.node.hostname,
            step=self._say(Step.GATES),
            stability=before_first(self.session.policy) if self.first else ONE_MORE_SAMPLE,
            state=NodeState.NOT_STARTED,
            baseline=self.baseline,
            going=self.node.hostname,
            just_seen=True,
        )

    def _cordon(self, kube_name: str, boot_id: str) -> bool:
        """Mark it and cordon it. Returns whether the cordon is ours."""
        self._say(Step.CORDON)
        written = marks.mark(
            self.session,
            kube_name,
            action="drain",
            boot_id=boot_id,
            lasts=self.session.policy.drain_timeout,
            cordon=True,
            hostname=self.node.hostname,
            step=Step.CORDON,
        )
        return CORDONED_BY in written.annotations

    def _empty(self, kube_name: str) -> None:
        """Move databases, drain, detach."""
        session, hostname = self.session, self.node.hostname
        self._say(Step.DATABASES)
        move_databases(session, hostname, kube_name)
        hold_lease(self.session, self.lease, self.node.hostname)
        self._say(Step.DRAIN)
        drain(session, hostname, kube_name)
        self._say(Step.DETACH)
        wait_detached(session, hostname, kube_name)

    def _disrupt(self, disruption: Disruption, held: Held) -> None:
        session, hostname = self.session, self.node.hostname
        self._say(disruption.step, disruption.verb)
        try:
            result = disrupt(session, self.node, disruption)
            self._say(Step.BOOT)
            self.on_back(wait_until_back(session, self.node, disruption, result))
        except NodeStopped as stopped:
            if stopped.state in NOT_UPGRADED and self.staged():
                stopped.what += f". {self.staged()}"
            self._restore_if_quiet(stopped, held)
            raise
        except StopNow:
            session.flying_seen = glance(session, self.node, disruption)
            raise
        self._say(Step.UNCORDON)
        try:
            marks.clear(session, held.kube_name, run=session.run, hostname=hostname, step=Step.UNCORDON)
        except NodeStopped as stopped:
            session.flying = ""
            stopped.state = NodeState.NOT_READY
            leave(session, held, f"a change of its Kubernetes node ({stopped.what})")
            raise

    def _restore_if_quiet(self, stopped: NodeStopped, held: Held) -> None:
        """Law 6: only a node that is up, settled and has nothing in flight gets its cordon lifted."""
        if stopped.state in UP:
            if give_back(self.session, held):
                self.session.flying = ""
                stopped.what += ". It is up" + (", and not cordoned any more" if held.ours else "")
            return
        leave(self.session, held, "proof that it is up")

    def _kube(self, observed: ObservedNode) -> KubeNode:
        if not isinstance(observed.kube, KubeNode):
            raise NodeStopped(
                observed.hostname,
                NodeState.NOT_STARTED,
                f"{observed.hostname}: its Kubernetes node cannot be read",
                hint="kubectl get nodes -o wide",
            )
        return observed.kube

    def _say(self, step: Step, text: str = "") -> Step:
        self.session.step(self.node.hostname, step, text)
        return step
