"""In which release each component of Kubernetes runs, on each node of the files."""

from collections.abc import Iterable

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.components import Component, ComponentPod, KubernetesNow, NodeComponents
from talops.domain.kubernetes import UNFINISHED, KubeNode
from talops.domain.talos import Unknown, Version
from talops.observe.edges import Files, Tools
from talops.tools import components, kubernetes, requests
from talops.tools.talosctl import read_version


def observe_components(desired: Desired, tools: Tools) -> KubernetesNow | Unknown:
    """Two lists, asked side by side. A node that Kubernetes does not have runs nothing."""
    asked = (requests.nodes(), requests.pods_labelled(components.SELECTOR))
    nodes_reply, pods_reply = tools.kube.gather(asked)
    nodes, pods = kubernetes.nodes(nodes_reply), components.component_pods(pods_reply)
    if isinstance(nodes, Unknown):
        return nodes
    if isinstance(pods, Unknown):
        return pods
    found = tuple(pod for pod in pods if pod is not None)
    known = {kube.name for kube in nodes}
    kubes = _by_hostname(tools.memory.of(desired), nodes)
    return KubernetesNow(
        nodes=tuple(_node(node, kubes.get(node.hostname), found) for node in desired.nodes),
        strays=tuple(pod for pod in found if pod.node not in known),
        unfinished=tuple(kube.annotations[UNFINISHED] for kube in nodes if UNFINISHED in kube.annotations),
        elsewhere=tuple(sorted({p.repository for p in found if p.repository != components.OURS[p.component]})),
    )


def _by_hostname(files: Files, nodes: Iterable[KubeNode]) -> dict[str, KubeNode]:
    owned = ((files.of_kube(kube), kube) for kube in nodes)
    return {node.hostname: kube for node, kube in owned if node is not None}


def _node(node: DesiredNode, kube: KubeNode | None, pods: Iterable[ComponentPod]) -> NodeComponents:
    here = [pod for pod in pods if kube is not None and pod.node == kube.name]
    runs = {
        component: _oldest(versions)
        for component in Component
        if (versions := [pod.version for pod in here if pod.component is component])
    }
    if kube is not None:
        runs[Component.KUBELET] = read_version(kube.kubelet_version)
    return NodeComponents(hostname=node.hostname, role=node.role, address=node.addresses[0], runs=runs)


def _oldest(versions: list[Version | Unknown]) -> Version | Unknown:
    unknown = next((version for version in versions if isinstance(version, Unknown)), None)
    return unknown or min(version for version in versions if isinstance(version, Version))
