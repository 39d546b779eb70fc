"""One cluster (law 13): files, talosconfig and kubeconfig must speak of the same machines, proven by boot IDs."""

from collections.abc import Collection, Iterator

from talops.domain.cluster import Desired, DesiredNode, Observed, ObservedNode
from talops.domain.kubernetes import KubeNode
from talops.domain.plan import Refusal
from talops.domain.talos import TalosNode, Unknown

LAW = 13
FAIL_CLOSED = 2
WHICH = "compare `talosctl config info` with `kubectl config view --minify`"


def two_clusters(desired: Desired, observed: Observed, touched: Collection[str]) -> list[Refusal]:
    """Contradictions between Talos and Kubernetes. `touched` are the nodes that a step will take down.

    A single contradiction with nothing to compare it with may be a node that has just rebooted, as the only one does.
    """
    if isinstance(observed.kube_nodes, Unknown):
        gap = observed.kube_nodes
        if not touched:
            return []
        what = f"Kubernetes does not say which nodes it has: {gap.reason}"
        return [_refuse(FAIL_CLOSED, "", what, gap.hint or "kubectl get nodes", transient=not gap.forbidden)]
    kubes = {node.hostname: node.kube for node in observed.nodes.values() if isinstance(node.kube, KubeNode)}
    if not kubes:
        what = f"none of the {len(observed.kube_nodes)} nodes in Kubernetes has an address of the files"
        return [_refuse(LAW, "", f"{what}: kubeconfig and talconfig are two clusters", WHICH)]
    contradicted = _contradicted(observed)
    if len(contradicted) > 1 and not _some_agree(observed):
        what = "the boot IDs that Talos tells are not those that Kubernetes tells, on any node"
        return [_refuse(LAW, "", f"{what}: talosconfig and kubeconfig are two clusters", WHICH)]
    return [*_disagreements(contradicted), *_mix_ups(desired, kubes), *_unproven(desired, observed, touched)]


def _boot_ids(node: ObservedNode) -> tuple[str, str] | None:
    """Talos' and Kubernetes' word on it, when both are known."""
    if isinstance(node.boot_id, Unknown) or not isinstance(node.kube, KubeNode) or not node.kube.boot_id:
        return None
    return node.boot_id, node.kube.boot_id


def _contradicted(observed: Observed) -> list[str]:
    pairs = ((node.hostname, _boot_ids(node)) for node in observed.nodes.values())
    return [hostname for hostname, ids in pairs if ids is not None and ids[0] != ids[1]]


def _some_agree(observed: Observed) -> bool:
    return any(ids is not None and ids[0] == ids[1] for ids in map(_boot_ids, observed.nodes.values()))


def proven_one(observed: Observed) -> bool:
    """Whether Talos and Kubernetes tell the same boot ID of a node, so that both speak of one cluster."""
    return _some_agree(observed)


def _disagreements(hostnames: list[str]) -> Iterator[Refusal]:
    for hostname in hostnames:
        what = "Talos and Kubernetes name different boot IDs: it has just rebooted, or is not the same machine"
        yield _refuse(LAW, hostname, what, "wait until it is Ready and run the command again", transient=True)


def _mix_ups(desired: Desired, kubes: dict[str, KubeNode]) -> Iterator[Refusal]:
    """Two nodes of the files that are one in Kubernetes, and a node whose address belongs to another's name."""
    hostnames = {node.hostname for node in desired.nodes}
    owner: dict[str, str] = {}
    for hostname, kube in kubes.items():
        other = owner.setdefault(kube.name, hostname)
        if other != hostname:
            what = f"it and {other} are the same Kubernetes node {kube.name}"
            yield _refuse(LAW, hostname, what, "correct their addresses in talconfig.yaml")
        elif kube.name != hostname and kube.name in hostnames:
            what = f"its address belongs to the Kubernetes node {kube.name}, which is another node of the files"
            yield _refuse(LAW, hostname, what, "correct their addresses in talconfig.yaml")


def _unproven(desired: Desired, observed: Observed, touched: Collection[str]) -> Iterator[Refusal]:
    """Nodes to be taken down of which nothing proves yet that both sides mean the same machine."""
    for node in desired.nodes:
        live = observed.nodes.get(node.hostname)
        if node.hostname not in touched or live is None or not isinstance(live.talos, TalosNode):
            continue
        if isinstance(live.kube, Unknown):
            what = f"its Kubernetes node is not known: {live.kube.reason}"
            yield _refuse(FAIL_CLOSED, node.hostname, what, "kubectl get nodes", transient=not live.kube.forbidden)
        elif live.kube is None:
            what = f"no node in Kubernetes has its address {node.addresses[0]}"
            yield _refuse(LAW, node.hostname, what, "kubectl get nodes -o wide")
        elif isinstance(live.boot_id, Unknown):
            yield _no_boot_id(node, live.boot_id)
        elif not live.kube.boot_id:
            what = "Kubernetes does not tell its boot ID, so nothing proves that it is the same machine"
            yield _refuse(LAW, node.hostname, what, f"kubectl describe node {live.kube.name}", transient=True)


def _no_boot_id(node: DesiredNode, gap: Unknown) -> Refusal:
    what = f"its boot ID cannot be read, so nothing proves that it is the same machine: {gap.reason}"
    hint = f"talosctl -n {node.addresses[0]} read /proc/sys/kernel/random/boot_id   # needs the role os:admin"
    return _refuse(LAW, node.hostname, what, hint, transient=not gap.forbidden)


def _refuse(law: int, hostname: str, what: str, hint: str, *, transient: bool = False) -> Refusal:
    return Refusal(law=law, hostname=hostname, what=what, hint=hint, transient=transient)
