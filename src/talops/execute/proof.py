"""The last look before a node goes down, and the mark that announces it (laws 1 and 3)."""

from collections.abc import Callable
from dataclasses import dataclass

from talops.domain.cluster import DesiredNode, Observed, ObservedNode
from talops.domain.event import NodeState, Step
from talops.domain.kubernetes import KubeNode
from talops.domain.process import Instant
from talops.domain.talos import TalosNode, Unknown
from talops.errors import Exit
from talops.execute import marks
from talops.execute.disrupt import Disruption, boot_id_of
from talops.execute.drain import drain_list
from talops.execute.failure import NodeStopped
from talops.execute.gatewait import SAMPLE_AGE
from talops.execute.lease import LeaseKeeper
from talops.execute.session import Session
from talops.gates import last_proof
from talops.observe import observe_gates, observe_node, observe_pods

PROVE_WITHIN = 90.0
LOOK_EVERY = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Proves that one node may go down now. `already_down`: it is not Ready, so nothing was drained from it."""

    session: Session
    lease: LeaseKeeper
    node: DesiredNode
    kube_name: str
    already_down: bool
    before: Observed
    """What was there when its drain began."""

    def prove_and_mark(self, last: Observed, make: Callable[[ObservedNode], Disruption]) -> Disruption:
        """The disruption, marked on the node, with a proof that is younger than 10 s. Raises NodeStopped.

        Writing the mark may have to wait for the API: then everything is proven again.
        """
        session, hostname = self.session, self.node.hostname
        deadline = session.now() + PROVE_WITHIN
        while True:
            session.step(hostname, Step.PROOF)
            before, asked = self._prove(last, deadline)
            disruption = make(before)
            session.step(hostname, Step.MARK)
            marks.mark(
                session,
                self.kube_name,
                action=disruption.verb,
                boot_id=boot_id_of(before),
                lasts=disruption.call.deadline,
                cordon=False,
                hostname=hostname,
                step=Step.MARK,
            )
            if session.now() - asked <= SAMPLE_AGE and self.lease.held:
                return disruption
            # at least one more look, however much time the mark has taken
            deadline = max(deadline, session.now() + SAMPLE_AGE)

    def _prove(self, last: Observed, deadline: Instant) -> tuple[ObservedNode, Instant]:
        """Law 3: Lease held, quorum without this node, no primary on it, samples younger than 10 s."""
        session, hostname = self.session, self.node.hostname
        while True:
            asked = session.now()
            self.lease.renew()
            last = observe_gates(session.desired, session.tools, last)
            before = observe_node(self.node, session.tools)
            reasons = _told_once([*self._of_the_node(before), *self._of_the_cluster(last)], before)
            if session.now() - asked > SAMPLE_AGE:
                reasons.append("the answers took longer than 10 s: they prove nothing any more")
            if not reasons:
                return before, asked
            if session.now() >= deadline or self.lease.lost:
                raise NodeStopped(
                    hostname,
                    NodeState.GATE_SHUT,
                    f"{hostname} was not taken down: {'; '.join(reasons)}",
                    hint=f"`talops status` shows the gates; run `{session.again}` again when they are open",
                    exit=Exit.LOCKED if self.lease.lost else Exit.GATE,
                )
            session.waits(hostname, Step.PROOF, "; ".join(reasons), deadline)
            session.pause(LOOK_EVERY)

    def _of_the_cluster(self, last: Observed) -> list[str]:
        session = self.session
        verdict = last_proof(
            last,
            session.desired,
            session.policy,
            going=self.node.hostname,
            before=self.before,
            already_down=self.already_down,
        )
        reasons = [] if verdict.passes else list(verdict.reasons)
        if not self.lease.held:
            reasons.append(self.lease.lost or "the Lease could not be renewed in time")
        return reasons

    def _of_the_node(self, before: ObservedNode) -> list[str]:
        """It answers, nobody else is at work on it, and what was drained from it has not come back."""
        if isinstance(before.talos, Unknown):
            return [f"its Talos API does not answer: {before.talos.reason}"]
        if isinstance(before.boot_id, Unknown):
            return [f"its boot ID cannot be read: {before.boot_id.reason}"]
        if isinstance(before.kube, Unknown):
            return [f"its Kubernetes node cannot be read: {before.kube.reason}"]
        if before.kube is None:
            return ["it is no longer in Kubernetes"]
        if self.already_down:
            return []
        if before.kube.boot_id != before.boot_id:
            return ["Talos and Kubernetes name different boot IDs: it has rebooted, which was not our doing"]
        return self._of_the_drained(before.talos, before.kube)

    def _of_the_drained(self, talos: TalosNode, kube: KubeNode) -> list[str]:
        reasons = []
        if talos.stage not in {"running", ""}:
            reasons.append(f"Talos is {talos.stage}, which was not our doing")
        if not kube.unschedulable:
            reasons.append(f"somebody lifted the cordon of {kube.name}")
        pods = observe_pods(kube.name, self.session.tools)
        if isinstance(pods, Unknown):
            reasons.append(f"what runs on it is not known: {pods.reason}")
            return reasons
        listed = drain_list(pods, self.session.policy.bare_pods)
        back = [*listed.evict, *listed.bare]
        if back:
            more = f" and {len(back) - 1} more" if len(back) > 1 else ""
            reasons.append(f"pods have come back to it since the drain: {back[0].namespace}/{back[0].name}{more}")
        return reasons


def _told_once(reasons: list[str], before: ObservedNode) -> list[str]:
    """Why the Kubernetes API tells nothing is said for the node, and not for every gate again."""
    if not isinstance(before.kube, Unknown):
        return reasons
    same = [reason for reason in reasons if reason.endswith(before.kube.reason)]
    return [reason for reason in reasons if reason not in same[1:]]
