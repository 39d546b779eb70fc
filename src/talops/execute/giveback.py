"""Giving a node back as it was: a cordon of ours is lifted only where the node is proven to be up (law 6)."""

from dataclasses import dataclass
from datetime import timedelta

from talops.domain.cluster import DesiredNode, ObservedNode
from talops.domain.event import Step
from talops.domain.kubernetes import CORDONED_BY, IN_FLIGHT, KubeNode
from talops.domain.talos import TalosNode, Unknown
from talops.execute import marks
from talops.execute.failure import NodeStopped, StopNow
from talops.execute.session import Session
from talops.observe import observe_node

GIVE_BACK_WITHIN = timedelta(minutes=2)
"""How long a node may take to be seen up before its cordon is left to the next run, or to a person."""
LOOK_EVERY = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A node that carries our mark. `ours` is False when somebody had cordoned it before us."""

    node: DesiredNode
    kube_name: str
    ours: bool

    def by_hand(self) -> str:
        """What a person types to give it back."""
        if not self.ours:
            return f"kubectl annotate node {self.kube_name} {IN_FLIGHT}-"
        gone = f"{IN_FLIGHT}- {CORDONED_BY}-"
        return f"kubectl uncordon {self.kube_name} && kubectl annotate node {self.kube_name} {gone}"


def lacks(node: ObservedNode) -> str:
    """What is missing before a node counts as up: Talos ready, and Kubernetes Ready for this very boot."""
    talos, kube = node.talos, node.kube
    if not isinstance(talos, TalosNode) or isinstance(node.boot_id, Unknown):
        return "its Talos API to answer"
    if talos.stage != "running" or talos.ready is not True:
        return f"Talos to be ready (stage {talos.stage or 'unknown'})"
    if isinstance(kube, Unknown):
        return "the Kubernetes API to tell of its node"
    if not isinstance(kube, KubeNode) or kube.ready is not True or kube.boot_id != node.boot_id:
        return "Kubernetes to say Ready for this boot"
    return ""


def give_back(session: Session, held: Held) -> bool:
    """Take our mark and our cordon away once the node is seen up.

    False when they had to stay, which is then said, and when the node is no longer in Kubernetes, so carries nothing.
    """
    with session.restoring():
        try:
            missing = _wait_until_up(session, held.node)
            if missing is None:
                return False
            if not missing:
                hostname = held.node.hostname
                marks.clear(session, held.kube_name, run=session.run, hostname=hostname, step=Step.UNCORDON)
                return True
        except StopNow:
            missing = "a look at it: there was no time left"
        except NodeStopped as stopped:
            missing = f"a change of its Kubernetes node ({stopped.what})"
    leave(session, held, missing)
    return False


def leave(session: Session, held: Held, missing: str) -> None:
    """Say why the mark and the cordon stay, and how a person ends that."""
    stays = "stays cordoned" if held.ours else "keeps the mark of this run"
    session.stays = (
        f"{held.node.hostname} {stays}, waiting for {missing}. The next run settles that; by hand, once the node is "
        f"up: {held.by_hand()}"
    )
    session.note(session.stays, hostname=held.node.hostname, warning=True)


def _wait_until_up(session: Session, node: DesiredNode) -> str | None:
    """What it lacks at last, empty when it is up; None when it is not in Kubernetes, so carries nothing of ours."""
    start = session.now()
    deadline = start + GIVE_BACK_WITHIN.total_seconds()
    while True:
        observed = observe_node(node, session.tools)
        missing = lacks(observed)
        if observed.kube is None:
            return None
        if not missing or session.now() >= deadline:
            return missing
        session.waits(node.hostname, Step.UNCORDON, missing, deadline)
        session.look_again(start, at_most=LOOK_EVERY)
