"""Leftovers of an earlier run: a node that may still go down is waited for before anything else does (law 1)."""

from collections.abc import Iterator

from talops.domain.cluster import Observed, ObservedNode
from talops.domain.event import NodeState, Step
from talops.domain.kubernetes import CORDONED_BY, IN_FLIGHT, KubeNode
from talops.domain.talos import TalosNode, Unknown
from talops.errors import Refused
from talops.execute import marks
from talops.execute.failure import NodeStopped
from talops.execute.giveback import Held, lacks
from talops.execute.marks import InFlight, read_mark
from talops.execute.meaning import what_is_left
from talops.execute.session import Session
from talops.execute.still import KUBERNETES, wait_until_still
from talops.execute.watchboot import LEAVING
from talops.observe import observe_node

POLL = 5.0
QUIET_SAMPLES = 2


def has_leftovers(observed: Observed) -> bool:
    """Whether any node of the cluster carries a mark or a cordon of talops, be it in the files or not."""
    return any(True for _ in _marked(observed))


def say_leftovers(session: Session, observed: Observed, *, only: str = "") -> None:
    """Until they are settled, whatever ends the run must say what is still there, and how to end that by hand."""
    words = []
    for node in observed.nodes.values():
        if only in {"", node.hostname} and isinstance(node.kube, KubeNode) and node.kube in _marked(observed):
            held = _held(session, node, node.kube)
            stays = "stays cordoned" if held.ours else "keeps the mark of an earlier run"
            words.append(f"{node.hostname} {stays} until a run settles that; by hand, once it is up: {held.by_hand()}")
    session.stays = ". ".join(words)


def settle_leftovers(session: Session, observed: Observed, *, besides: str = "") -> bool:
    """Settle each node that carries a mark. Returns whether there was one, so that the caller looks again.

    `besides` is a node that is left as it is: the one that a rollback is about to take in hand.
    Raises NodeStopped when a node is not back by the deadline that its mark names, and Refused for a mark that we
    cannot judge: nothing else goes down while that node may.
    """
    say_leftovers(session, observed)
    owners = {node.kube.name: node for node in observed.nodes.values() if isinstance(node.kube, KubeNode)}
    found = False
    for kube in _marked(observed):
        node = owners.get(kube.name)
        if node is not None and node.hostname == besides:
            continue
        mark = read_mark(kube)
        if isinstance(mark, Unknown) or node is None:
            what = mark.reason if isinstance(mark, Unknown) else f"{kube.name} is not in the files, and carries a mark"
            raise Refused(
                f"{what}: whether that node may still go down is not known",
                hint=f"when it is up and quiet: kubectl annotate node {kube.name} {IN_FLIGHT}- "
                f"{CORDONED_BY}-   # and `kubectl uncordon {kube.name}` if talops had cordoned it",
            )
        # a cordon of ours without a mark: somebody took that away, and the node may be anything
        _settle(session, node, kube, mark or _without_mark(session, kube))
        found = True
    session.stays = ""
    if besides:
        say_leftovers(session, observed, only=besides)
    return found


def unwell(session: Session, observed: Observed, hostname: str) -> bool:
    """Whether this node is up and not well, so that it can be mended alone. Nothing of an earlier run acts on it."""
    node = observed.nodes.get(hostname)
    if node is None or not isinstance(node.talos, TalosNode) or not isinstance(node.kube, KubeNode) or not lacks(node):
        return False
    mark = read_mark(node.kube)
    return mark is None or (isinstance(mark, InFlight) and mark.deadline <= session.tools.clock.wall())


def _marked(observed: Observed) -> Iterator[KubeNode]:
    kubes = observed.kube_nodes if isinstance(observed.kube_nodes, tuple) else ()
    return (kube for kube in kubes if IN_FLIGHT in kube.annotations or CORDONED_BY in kube.annotations)


def _held(session: Session, node: ObservedNode, kube: KubeNode) -> Held:
    ours = CORDONED_BY in kube.annotations
    return Held(node=session.desired.node(node.hostname), kube_name=kube.name, ours=ours)


def _without_mark(session: Session, kube: KubeNode) -> InFlight:
    run = kube.annotations.get(CORDONED_BY, "")
    return InFlight(run=run, action="drain", boot_id="", deadline=session.tools.clock.wall())


def _settle(session: Session, node: ObservedNode, kube: KubeNode, mark: InFlight) -> None:
    session.note(
        f"{node.hostname} carries the mark of run {mark.run} ({mark.action}): settling that first.",
        hostname=node.hostname,
        warning=True,
    )
    session.step(node.hostname, Step.BOOT, "left in flight by an earlier run")
    if mark.action.startswith(KUBERNETES):
        wait_until_still(session, node.hostname, mark)
    left = max(0.0, (mark.deadline - session.tools.clock.wall()).total_seconds())
    over = mark.action == "drain" or mark.action.startswith(KUBERNETES)
    may_go_down_until = session.now() + (0.0 if over else left)
    deadline = may_go_down_until + session.policy.boot_timeout.total_seconds()
    desired, quiet = session.desired.node(node.hostname), 0
    while quiet < QUIET_SAMPLES:
        latest = observe_node(desired, session.tools)
        missing = _lacks(latest, mark, session.now() < may_go_down_until)
        quiet = 0 if missing else quiet + 1
        if missing and session.now() >= deadline:
            raise NodeStopped(
                node.hostname,
                _state(latest, mark),
                f"{node.hostname} was left in flight by run {mark.run} and is not back: still waiting for {missing}. "
                f"{what_is_left(session, desired)}",
                hint=f"look at the node; when it is up and Ready: {_held(session, node, kube).by_hand()}",
            )
        session.waits(node.hostname, Step.BOOT, missing or "a second quiet look at it", deadline)
        session.pause(POLL)
    marks.clear(session, kube.name, run=mark.run, hostname=node.hostname, step=Step.UNCORDON)
    session.note(f"{node.hostname} has settled.", hostname=node.hostname)


def _state(node: ObservedNode, mark: InFlight) -> NodeState:
    if isinstance(node.talos, Unknown):
        return NodeState.UNREACHABLE
    if node.boot_id == mark.boot_id:
        return NodeState.HUNG if node.talos.stage in LEAVING else NodeState.NOT_INSTALLED
    return NodeState.NOT_READY


def _lacks(node: ObservedNode, mark: InFlight, may_still_go_down: bool) -> str:
    """What is missing before the node counts as settled: up, Ready for this boot, and nothing that may take it down."""
    if node.boot_id == mark.boot_id and may_still_go_down:
        may = "change" if mark.action == "apply" else "reboot"
        return f"a talosctl of run {mark.run} to end, which may still {may} it (until {mark.deadline:%H:%M:%S} UTC)"
    return lacks(node)
