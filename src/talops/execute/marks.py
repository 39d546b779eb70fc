"""What talops writes on a Kubernetes node: the in-flight mark, its own cordon, and taking both away (laws 1 and 6)."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from talops.domain.event import NodeState, Step
from talops.domain.kubernetes import CORDONED_BY, IN_FLIGHT, UNFINISHED, KubeNode
from talops.domain.process import Request
from talops.domain.talos import Unknown
from talops.execute.failure import NodeStopped
from talops.execute.session import Session
from talops.tools import kubernetes, requests

WRITE_WITHIN = timedelta(minutes=3)
"""How long one write to a node may be tried: longer than an API server's restart, shorter than anyone's patience."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """The mark on a node that talops works on. `action` is `drain` while no tool that can take it down was started."""

    run: str
    action: str
    boot_id: str
    deadline: datetime

    def text(self) -> str:
        return json.dumps(
            {"run": self.run, "action": self.action, "bootID": self.boot_id, "deadline": self.deadline.isoformat()}
        )


def read_mark(node: KubeNode) -> InFlight | Unknown | None:
    """The in-flight mark of a node, None without one, Unknown when it cannot be understood."""
    text = node.annotations.get(IN_FLIGHT)
    if text is None:
        return None
    try:
        raw = json.loads(text)
        deadline = datetime.fromisoformat(str(raw["deadline"]))
        if deadline.tzinfo is None:
            raise ValueError("no time zone")
        return InFlight(run=str(raw["run"]), action=str(raw["action"]), boot_id=str(raw["bootID"]), deadline=deadline)
    except (ValueError, KeyError, TypeError):
        return Unknown(f"{node.name}: the annotation {IN_FLIGHT} cannot be read: {text[:80]!r}")


def mark(
    session: Session,
    node_name: str,
    *,
    action: str,
    boot_id: str,
    lasts: timedelta,
    cordon: bool,
    hostname: str,
    step: Step,
    unfinished: str = "",
) -> KubeNode:
    """Write the mark, and our cordon with it unless somebody cordoned the node already. Raises NodeStopped.

    What it announces lasts so long from the write on, however long the API made us wait for that. A cordon that an
    earlier run of talops left behind becomes ours. `unfinished` stays when the mark goes, until `finished`.
    """

    def change(node: KubeNode) -> Request:
        deadline = session.tools.clock.wall() + lasts
        in_flight = InFlight(run=session.run, action=action, boot_id=boot_id, deadline=deadline)
        ours = cordon and not node.unschedulable
        annotations: dict[str, str | None] = {IN_FLIGHT: in_flight.text()}
        if ours or CORDONED_BY in node.annotations:
            annotations[CORDONED_BY] = session.run
        if unfinished:
            annotations[UNFINISHED] = unfinished
        return requests.node_patch(node, annotations=annotations, unschedulable=True if ours else None)

    return _write(session, node_name, change, hostname=hostname, step=step)


def clear(session: Session, node_name: str, *, run: str, hostname: str, step: Step) -> KubeNode:
    """Take away the mark of `run`, and its cordon if it is talops'. Raises NodeStopped.

    A node that carries another run's mark by now is that run's to give back.
    """

    def change(node: KubeNode) -> Request | None:
        found = read_mark(node)
        annotations: dict[str, str | None] = {key: None for key in (IN_FLIGHT, CORDONED_BY) if key in node.annotations}
        if not annotations or (isinstance(found, InFlight) and found.run != run):
            return None
        ours = CORDONED_BY in node.annotations
        return requests.node_patch(node, annotations=annotations, unschedulable=False if ours else None)

    return _write(session, node_name, change, hostname=hostname, step=step)


def finished(session: Session, node_names: Iterable[str], *, hostname: str, step: Step) -> None:
    """Nothing of an upgrade of Kubernetes is left to do on these nodes. Raises NodeStopped."""

    def change(node: KubeNode) -> Request | None:
        there = UNFINISHED in node.annotations
        return requests.node_patch(node, annotations={UNFINISHED: None}) if there else None

    for name in node_names:
        _write(session, name, change, hostname=hostname, step=step)


def _write(
    session: Session, node_name: str, change: Callable[[KubeNode], Request | None], *, hostname: str, step: Step
) -> KubeNode:
    """Read the node, change it under its resourceVersion, again on conflict or while the API is away."""
    deadline = session.now() + WRITE_WITHIN.total_seconds()
    while True:
        (reply,) = session.tools.kube.gather([requests.node(node_name)])
        node = kubernetes.node(reply)
        if isinstance(node, KubeNode):
            request = change(node)
            if request is None:
                return node
            (reply,) = session.tools.kube.gather([request])
            if reply.status == 200:
                written = kubernetes.node(reply)
                return written if isinstance(written, KubeNode) else node
        problem = kubernetes.complaint(reply)
        if reply.status in {401, 403, 404, 422} or session.now() >= deadline:
            raise NodeStopped(
                hostname,
                NodeState.NOT_STARTED,
                f"{hostname}: cannot write to the Kubernetes node {node_name}: {problem}",
                hint=f"check `kubectl get node {node_name}` and that you may patch nodes, then run "
                f"`{session.again}` again",
            )
        session.waits(hostname, step, f"the Kubernetes API to take a change of {node_name}: {problem}", deadline)
        session.pause(0.5 if reply.status == 409 else 3)
