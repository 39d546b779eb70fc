"""Leftovers of an earlier run: a node that may still go down is waited for before anything else does (law 1)."""

from talops.domain.cluster import Observed, ObservedNode
from talops.domain.event import NodeState, Step
from talops.domain.kubernetes import KubeNode
from talops.domain.talos import TalosNode, Unknown
from talops.errors import Refused
from talops.execute import marks
from talops.execute.failure import NodeStopped
from talops.execute.marks import InFlight, read_mark
from talops.execute.session import Session
from talops.observe import observe_node

POLL = 5.0
QUIET_SAMPLES = 2


def has_leftovers(observed: Observed) -> bool:
    """Whether a node of the files carries a mark or a cordon of talops."""
    kubes = [node.kube for node in observed.nodes.values() if isinstance(node.kube, KubeNode)]
    return any(marks.IN_FLIGHT in kube.annotations or marks.CORDONED_BY in kube.annotations for kube in kubes)


def settle_leftovers(session: Session, observed: Observed, *, besides: str = "") -> bool:
    """Settle each node of the files that carries a mark. Returns whether there was one, so that the caller looks again.

    `besides` is a node that is left as it is: the one that a rollback is about to take in hand.
    Raises NodeStopped when a node is not back by the deadline that its mark names.
    """
    found = False
    for node in observed.nodes.values():
        if not isinstance(node.kube, KubeNode) or node.hostname == besides:
            continue
        mark = read_mark(node.kube)
        if isinstance(mark, Unknown):
            raise Refused(
                f"{mark.reason}: whether that node may still go down is not known",
                hint=f"when it is up and quiet: kubectl annotate node {node.kube.name} {marks.IN_FLIGHT}-",
            )
        if mark is not None:
            found = True
            _settle(session, node, node.kube, mark)
        elif marks.CORDONED_BY in node.kube.annotations:
            found = True
            marks.clear(session, node.kube.name, hostname=node.hostname, step=Step.UNCORDON)
    return found


def _settle(session: Session, node: ObservedNode, kube: KubeNode, mark: InFlight) -> None:
    session.note(
        f"{node.hostname} carries the mark of run {mark.run} ({mark.action}): settling that first.",
        hostname=node.hostname,
        warning=True,
    )
    session.step(node.hostname, Step.BOOT, "left in flight by an earlier run")
    left = max(0.0, (mark.deadline - session.tools.clock.wall()).total_seconds())
    may_go_down_until = session.now() + (0.0 if mark.action == "drain" else left)
    deadline = may_go_down_until + session.policy.boot_timeout.total_seconds()
    quiet = 0
    while quiet < QUIET_SAMPLES:
        latest = observe_node(session.desired.node(node.hostname), session.tools)
        lacks = _lacks(latest, mark, session.now() < may_go_down_until)
        quiet = 0 if lacks else quiet + 1
        if lacks and session.now() >= deadline:
            raise NodeStopped(
                node.hostname,
                NodeState.UNREACHABLE if isinstance(latest.talos, Unknown) else NodeState.NOT_READY,
                f"{node.hostname} was left in flight by run {mark.run} and is not back: still waiting for {lacks}",
                hint=f"look at the node; when it is up and Ready: kubectl uncordon {kube.name}",
            )
        session.waits(node.hostname, Step.BOOT, lacks or "a second quiet look at it", deadline)
        session.pause(POLL)
    marks.clear(session, kube.name, hostname=node.hostname, step=Step.UNCORDON)
    session.note(f"{node.hostname} has settled.", hostname=node.hostname)


def _lacks(node: ObservedNode, mark: InFlight, may_still_go_down: bool) -> str:
    """What is missing before the node counts as settled: up, Ready for this boot, and nothing that may take it down."""
    talos, kube = node.talos, node.kube
    if not isinstance(talos, TalosNode) or isinstance(node.boot_id, Unknown):
        return "its Talos API to answer"
    if talos.stage != "running" or talos.ready is not True:
        return f"Talos to be ready (stage {talos.stage or 'unknown'})"
    if node.boot_id == mark.boot_id and may_still_go_down:
        return f"a talosctl of run {mark.run} to end, which may still reboot it (until {mark.deadline:%H:%M:%S} UTC)"
    if not isinstance(kube, KubeNode) or kube.ready is not True or kube.boot_id != node.boot_id:
        return "Kubernetes to say Ready for this boot"
    return ""
