"""Whether a CNI is up, and what it lacks: its pods on every node, the nodes, and the kubelets' certificates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from talops.domain.cni import KubeObject
from talops.domain.kubernetes import KubeNode
from talops.domain.process import Kube
from talops.domain.talos import Unknown
from talops.domain.words import count
from talops.domain.workload import PodState, SigningRequest, Workload
from talops.execute.cni.kinds import Kinds
from talops.files.cni.known import APPROVERS, OPERATORS
from talops.tools import kubernetes, objects, requests, workloads

_SHOWN = 3
"""How many pods are named of one workload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look. What is not known is a reason that it is not up."""

    workloads: tuple[Workload | Unknown | str, ...]
    """A text: there is no such workload."""
    pods: tuple[PodState, ...] | Unknown
    nodes: tuple[KubeNode, ...] | Unknown
    signing: tuple[SigningRequest, ...] | Unknown


def look(kube: Kube, wanted: Sequence[KubeObject], kinds: Kinds) -> Seen:
    """Reads what runs now. Raises nothing."""
    found = [*(one for one in wanted if one.kind in workloads.KINDS), *_made_by_operators(wanted)]
    asked = [(one, kind) for one in found if (kind := kinds.of(one)) is not None]
    *replies, nodes, signing = kube.gather(
        [*(objects.read(kind, one) for one, kind in asked), requests.nodes(), objects.signing_requests()]
    )
    running: list[Workload | Unknown | str] = []
    for (one, _), reply in zip(asked, replies, strict=True):
        there = objects.live(reply)
        running.append(f"{one} is not there" if there is None else workloads.workload(reply))
    return Seen(
        workloads=tuple(running),
        pods=_pods(kube, running),
        nodes=kubernetes.nodes(nodes),
        signing=workloads.signing_requests(signing),
    )


def _made_by_operators(wanted: Sequence[KubeObject]) -> Iterator[KubeObject]:
    """The daemons that are not rendered, since an operator of the CNI makes them."""
    for one in wanted:
        if one.kind == "Deployment" and one.name in OPERATORS:
            namespace, name = OPERATORS[one.name]
            yield KubeObject(api_version="apps/v1", kind="DaemonSet", namespace=namespace, name=name, body={})


def _pods(kube: Kube, running: Sequence[Workload | Unknown | str]) -> tuple[PodState, ...] | Unknown:
    """Only of what is not up: nobody asks for the others."""
    troubled = [one for one in running if isinstance(one, Workload) and not one.up and one.selector]
    selectors = [",".join(f"{key}={value}" for key, value in one.selector.items()) for one in troubled]
    found: dict[tuple[str, str], PodState] = {}
    for reply in kube.gather([requests.pods_labelled(selector) for selector in dict.fromkeys(selectors)]):
        pods = workloads.pods(reply)
        if isinstance(pods, Unknown):
            return pods
        found |= {(pod.namespace, pod.name): pod for pod in pods}
    return tuple(found.values())


def lacks(seen: Seen) -> tuple[str, ...]:
    """Everything that is not as it should be, what comes first first. Empty: it is up."""
    return tuple(dict.fromkeys((*_workloads(seen), *_nodes(seen), *_certificates(seen))))


def _workloads(seen: Seen) -> Iterator[str]:
    for one in seen.workloads:
        if isinstance(one, str):
            yield one
        elif isinstance(one, Unknown):
            yield one.reason
        elif not one.up:
            yield from _of_workload(one, seen)


def _of_workload(one: Workload, seen: Seen) -> Iterator[str]:
    ready = "nobody has looked at it yet" if one.wanted is None else f"{one.ready} of {one.wanted} pods are ready"
    if one.wanted is not None and one.updated < one.wanted <= one.ready:
        ready = f"{one.updated} of {one.wanted} pods are of the new kind"
    pods = [pod for pod in seen.pods if pod.of(one)] if isinstance(seen.pods, tuple) else []
    stuck = [pod for pod in pods if not pod.ready]
    told = [f"{pod.name}{f' on {pod.node}' if pod.node else ''}: {pod.why}" for pod in stuck[:_SHOWN]]
    told += [f"and {count(len(stuck) - _SHOWN, 'pod')} more"] if len(stuck) > _SHOWN else []
    told += [_deadlock(one)] if _waits_for_network(one, stuck, seen) else []
    told += [f"its pods are not known: {seen.pods.reason}"] if isinstance(seen.pods, Unknown) else []
    yield f"{one}: {ready}" + (f" ({'; '.join(told)})" if told else "")


def _waits_for_network(one: Workload, stuck: Sequence[PodState], seen: Seen) -> bool:
    """What approves certificates, and runs in the network that is not there yet."""
    down = isinstance(seen.nodes, tuple) and any(node.ready is not True for node in seen.nodes)
    return one.name in APPROVERS and not one.host_network and down and (bool(stuck) or not one.ready)


def _deadlock(one: Workload) -> str:
    return f"{one.name} is not on the host's network, so it cannot run before the CNI does"


def _nodes(seen: Seen) -> Iterator[str]:
    if isinstance(seen.nodes, Unknown):
        yield f"the nodes are not known: {seen.nodes.reason}"
        return
    for node in seen.nodes:
        if node.ready is not True:
            yield f"{node.name} is not Ready{f': {node.ready_message}' if node.ready_message else ''}"


def _certificates(seen: Seen) -> Iterator[str]:
    """The newest request of each node counts: older ones are given up."""
    if isinstance(seen.signing, Unknown):
        if not seen.signing.forbidden:
            yield f"the kubelets' certificate requests are not known: {seen.signing.reason}"
        return
    newest: dict[str, SigningRequest] = {}
    for one in sorted(seen.signing, key=lambda one: one.created):
        newest[one.node] = one
    pending = [f"{node} ({one.name})" for node, one in sorted(newest.items()) if one.pending]
    if pending:
        kubelets = "their kubelets' certificates" if len(pending) > 1 else "its kubelet's certificate"
        wait = "wait" if len(pending) > 1 else "waits"
        yield f"{', '.join(pending)} {wait} for {kubelets}: {_approver(seen)}"
    for node, one in sorted(newest.items()):
        if one.denied:
            yield f"{node} has no certificate for its kubelet: {one.name} was denied"


def _approver(seen: Seen) -> str:
    found = [one for one in seen.workloads if isinstance(one, Workload) and one.name in APPROVERS]
    if not found:
        return "nothing here approves them"
    name = found[0].name
    return f"{name} runs, and does not approve them: see its logs" if found[0].up else f"{name} is not up"


def approvals(seen: Seen) -> str:
    """The command that approves every request that waits, empty when none does."""
    pending = [one.name for one in seen.signing if one.pending] if isinstance(seen.signing, tuple) else []
    return f"kubectl certificate approve {' '.join(pending)}" if pending else ""


def all_run(seen: Seen) -> bool:
    """Every workload is up."""
    return not any(_workloads(seen))


def only_unapproved(seen: Seen) -> bool:
    """Everything else is up, and nothing of what is installed approves certificates."""
    others = (*_workloads(seen), *_nodes(seen))
    return not others and not any(isinstance(one, Workload) and one.name in APPROVERS for one in seen.workloads)
