"""The nodes gate: every node of the files is up, on the Talos API and in Kubernetes."""

from collections.abc import Mapping

from talops.domain.cluster import Desired, Observed, ObservedNode, Policy
from talops.domain.kubernetes import KubeNode
from talops.domain.talos import TalosNode, Unknown, most_telling
from talops.domain.verdict import Verdict
from talops.domain.words import count
from talops.gates.findings import Findings, disabled, few

GATE = "nodes"
RUNNING = "running"


def judge_nodes(
    observed: Observed, desired: Desired, policy: Policy, *, going: str = "", baseline: Observed | None = None
) -> Verdict:
    """Open when every node of the files is Ready for its present boot and its Talos API answers.

    A cordon is only noted: it is somebody's wish, and takes room away, but no redundancy. Live nodes that the files do
    not know are only noted too: they are not ours to wait for.
    """
    if not policy.nodes_gate.enabled:
        return disabled(GATE)
    found = Findings()
    if isinstance(observed.kube_nodes, Unknown):
        found.do_not_know("Kubernetes nodes", observed.kube_nodes)
    elif not observed.kube_nodes:
        found.unknown.append("Kubernetes lists no node at all")
    if not desired.nodes:
        found.unknown.append("the files name no node")
    silent = _all_silent(observed, desired)
    if silent is not None:
        found.do_not_know("no node's Talos API answers", silent)
    before: Mapping[str, ObservedNode] = baseline.nodes if baseline is not None else {}
    owners: dict[str, str] = {}
    for wanted in desired.nodes:
        node = observed.nodes.get(wanted.hostname)
        if node is None:
            found.unknown.append(f"{wanted.hostname} was not looked at")
            continue
        if silent is None:
            _look_at_talos(node, found)
        if not isinstance(observed.kube_nodes, Unknown):
            _look_at_kube(node, before.get(wanted.hostname), owners, found)
    _note_cordons(observed, going, found)
    _note_strangers(observed, owners, found)
    return found.verdict(GATE, f"{count(len(desired.nodes), 'node')} Ready")


def _all_silent(observed: Observed, desired: Desired) -> Unknown | None:
    """When not one of several nodes answers, that is one thing to say."""
    nodes = [observed.nodes.get(wanted.hostname) for wanted in desired.nodes]
    gaps = [node.talos for node in nodes if node is not None and isinstance(node.talos, Unknown)]
    return most_telling(gaps) if 1 < len(gaps) == len(nodes) else None


def _look_at_talos(node: ObservedNode, found: Findings) -> None:
    talos, host = node.talos, node.hostname
    if isinstance(talos, Unknown):
        found.do_not_know(f"{host}: its Talos API does not answer", talos)
    elif isinstance(talos.version, Unknown):
        found.do_not_know(f"{host}: its Talos version is not known", talos.version)
    elif not talos.stage:
        found.unknown.append(f"{host}: its machine status is not known")
    elif talos.stage != RUNNING:
        found.shut.append(f"{host} is {talos.stage}")
    elif talos.ready is None:
        found.unknown.append(f"{host}: Talos does not say whether it is ready")
    elif not talos.ready:
        found.shut.append(f"{host}: Talos is not ready{_unmet(talos)}")


def _unmet(talos: TalosNode) -> str:
    return f" ({few(talos.unmet)})" if talos.unmet else ""


def _look_at_kube(node: ObservedNode, before: ObservedNode | None, owners: dict[str, str], found: Findings) -> None:
    kube, host = node.kube, node.hostname
    if isinstance(kube, Unknown):
        found.do_not_know(f"{host}: its Kubernetes node", kube)
        return
    if kube is None:
        found.shut.append(f"{host} is not in Kubernetes: no node there has one of its addresses")
        return
    other = owners.setdefault(kube.name, host)
    if other != host:
        found.unknown.append(f"{host} and {other} are the same Kubernetes node {kube.name}")
    if kube.ready is None:
        found.unknown.append(f"{host}: Kubernetes hears nothing from its kubelet{_said(kube)}")
    elif not kube.ready:
        found.shut.append(f"{host} is NotReady{_said(kube)}")
    elif _speaks_of_an_old_boot(node, kube, before):
        found.unknown.append(f"{host}: Kubernetes calls it Ready, but still speaks of its previous boot")


def _said(kube: KubeNode) -> str:
    return f" ({kube.ready_message})" if kube.ready_message else ""


def _speaks_of_an_old_boot(node: ObservedNode, kube: KubeNode, before: ObservedNode | None) -> bool:
    """Whether Kubernetes lags behind Talos. The other way round Talos was asked earlier, which is no lag of Kubernetes.

    Where no baseline tells which of the two boot IDs is the older, they have to agree.
    """
    if isinstance(node.boot_id, Unknown) or not kube.boot_id or node.boot_id == kube.boot_id:
        return False
    if before is None or not isinstance(before.kube, KubeNode):
        return True
    return kube.boot_id == before.kube.boot_id


def _note_cordons(observed: Observed, going: str, found: Findings) -> None:
    cordoned = [
        node.hostname
        for node in observed.nodes.values()
        if isinstance(node.kube, KubeNode) and node.kube.unschedulable and node.hostname != going
    ]
    if cordoned:
        found.notes.append(f"cordoned, so there is less room for what moves: {few(cordoned)}")


def _note_strangers(observed: Observed, owners: Mapping[str, str], found: Findings) -> None:
    if isinstance(observed.kube_nodes, Unknown):
        return
    down = [kube.name for kube in observed.kube_nodes if kube.name not in owners and kube.ready is not True]
    if down:
        found.notes.append(f"not in the files and not Ready: {few(down)}")
