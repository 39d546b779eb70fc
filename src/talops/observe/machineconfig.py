"""The machine configs of nodes, and what they run: what the cluster's files are compared with."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.talos import TalosNode, Unknown
from talops.observe.asking import Asks, Batch, ask
from talops.observe.edges import Files, Tools
from talops.observe.talos import TalosFacts
from talops.tools import kubernetes, requests
from talops.tools.answers import for_admins
from talops.tools.nodeconfig import NodeConfigs, configs


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One node. `kubelet` is the version that Kubernetes reports of it, "" where it knows no such node."""

    configs: NodeConfigs | Unknown
    talos: TalosNode | Unknown
    kubelet: str | Unknown


def read_configs(nodes: Collection[DesiredNode], tools: Tools) -> Mapping[str, NodeConfigs | Unknown]:
    """By hostname, what each of these nodes runs with, and what its next boot takes. One process while all answer."""
    batch = _question(nodes, tools)
    ask(tools.runner, [batch])
    return {node.hostname: for_admins(batch.about(node.addresses[0])) for node in nodes}


def observe_running(nodes: Collection[DesiredNode], desired: Desired, tools: Tools) -> Mapping[str, Running]:
    """By hostname. As many processes for one node as for a hundred, while all answer."""
    batch = _question(nodes, tools)
    facts = TalosFacts(tools, tuple(node.addresses[0] for node in nodes), boot_ids=False, network=False)
    questions: list[Asks] = [*facts.questions(), batch]
    ask(tools.runner, questions)
    kubelets = _kubelets(desired, tools)
    return {
        node.hostname: Running(
            configs=for_admins(batch.about(node.addresses[0])),
            talos=facts.node(node.addresses[0]),
            kubelet=kubelets if isinstance(kubelets, Unknown) else kubelets.get(node.hostname, ""),
        )
        for node in nodes
    }


def _question(nodes: Collection[DesiredNode], tools: Tools) -> Batch[NodeConfigs]:
    return Batch(tools.talosctl.machineconfig, configs, tuple(node.addresses[0] for node in nodes))


def _kubelets(desired: Desired, tools: Tools) -> Mapping[str, str] | Unknown:
    found = kubernetes.nodes(tools.kube.gather((requests.nodes(),))[0])
    if isinstance(found, Unknown):
        return found
    files = Files(desired)
    owned = ((files.of_kube(node), node) for node in found)
    return {node.hostname: kube.kubelet_version for node, kube in owned if node is not None}
