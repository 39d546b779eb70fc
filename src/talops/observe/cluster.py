"""The whole cluster at one moment, or the part of it that gates look at, or one node."""

from collections.abc import Mapping

from talops.domain.cluster import Desired, DesiredNode, Observed, ObservedNode
from talops.domain.kubernetes import KubeNode
from talops.domain.talos import EtcdView, TalosNode, Unknown
from talops.observe.asking import ask, one_answer
from talops.observe.edges import Files, Tools
from talops.observe.etcd import EtcdFacts, etcd_views
from talops.observe.kubernetes import KubeFacts, foreign_actors, kube_facts
from talops.observe.talos import ClientVersion, TalosFacts, holds, machines_question
from talops.tools import kubernetes, requests, talosctl
from talops.tools.talosctl import UPGRADE_PENDING, Machine

KubeNodes = tuple[KubeNode, ...] | Unknown


def observe(desired: Desired, tools: Tools, *, boot_ids: bool = False) -> Observed:
    """Everything. `boot_ids` costs one more process a node.

    Waits two seconds, once a run, where the absence of an operator has to be proven by a second answer.
    """
    at = tools.clock.now()
    files = tools.memory.of(desired)
    facts = TalosFacts(tools, files.addresses, boot_ids=boot_ids)
    machines = machines_question(tools, [address for _, address in files.control_planes])
    client = ClientVersion(tools)
    etcd = EtcdFacts(tools, files)
    ask(tools.runner, [*facts.questions(), *etcd.questions(), machines, *client.questions()])
    kube = kube_facts(tools, everything=True)
    foreign, attachments = foreign_actors(tools, kube)
    by_host = _by_host(files, kube.nodes)
    return Observed(
        at=at,
        nodes={node.hostname: _node(node, facts, by_host, desired.virtual_ips) for node in desired.nodes},
        etcd=etcd.views(),
        kube_nodes=kube.nodes,
        ceph=kube.ceph,
        rook_pods=kube.rook_pods,
        postgres=kube.postgres,
        postgres_pods=kube.postgres_pods,
        budgets=kube.budgets,
        lease=kube.lease,
        foreign=foreign,
        attachments=attachments,
        strangers=_strangers(files, machines.answer, kube.nodes),
        talosctl=client.version(),
    )


def observe_gates(desired: Desired, tools: Tools, last: Observed) -> Observed:
    """What gates look at, anew; what the nodes said on the Talos API, foreign actors and attachments as in `last`."""
    at = tools.clock.now()
    files = tools.memory.of(desired)
    views = etcd_views(tools, files)
    kube = kube_facts(tools, everything=False)
    return Observed(
        at=at,
        nodes=_nodes_again(files, last, kube),
        etcd=views,
        kube_nodes=kube.nodes,
        ceph=kube.ceph,
        rook_pods=kube.rook_pods,
        postgres=kube.postgres,
        postgres_pods=kube.postgres_pods,
        budgets=kube.budgets,
        lease=kube.lease,
        foreign=last.foreign,
        attachments=last.attachments,
        strangers=last.strangers,
        talosctl=last.talosctl,
    )


def observe_etcd(desired: Desired, tools: Tools) -> tuple[EtcdView, ...]:
    """etcd alone, as every control plane of the files sees it."""
    return etcd_views(tools, tools.memory.of(desired))


def observe_node(node: DesiredNode, tools: Tools) -> ObservedNode:
    """One node, now: boot ID, version, stage and extensions from Talos, and its Kubernetes node.

    The boot ID is asked first: what is heard after it is of that boot or of a later one, and a node that does not tell
    it is down, and asked no more.
    """
    address = node.addresses[0]
    (result,) = tools.runner.gather((tools.talosctl.boot_id(address),))
    boot_id = one_answer(result, talosctl.boot_id)
    talos: TalosNode | Unknown = boot_id if isinstance(boot_id, Unknown) else _told(tools, address)
    kube_nodes = kubernetes.nodes(tools.kube.gather((requests.nodes(),))[0])
    return ObservedNode(
        hostname=node.hostname,
        talos=talos,
        boot_id=boot_id,
        kube=kube_nodes if isinstance(kube_nodes, Unknown) else _kube_node_of(node, kube_nodes),
    )


def _told(tools: Tools, address: str) -> TalosNode | Unknown:
    facts = TalosFacts(tools, (address,), boot_ids=False, network=False)
    ask(tools.runner, facts.questions())
    return facts.node(address)


def has_pending_install(node: DesiredNode, tools: Tools) -> bool | Unknown:
    """Whether an installer has written the other boot slot and the node has not settled since."""
    (result,) = tools.runner.gather((tools.talosctl.metakeys(node.addresses[0]),))
    keys = one_answer(result, talosctl.meta_keys)
    return keys if isinstance(keys, Unknown) else UPGRADE_PENDING in keys


def _node(
    node: DesiredNode, facts: TalosFacts, by_host: Mapping[str, KubeNode] | Unknown, virtual_ips: tuple[str, ...]
) -> ObservedNode:
    address = node.addresses[0]
    talos = facts.node(address)
    return ObservedNode(
        hostname=node.hostname,
        talos=talos,
        boot_id=facts.boot_id(address),
        kube=by_host if isinstance(by_host, Unknown) else by_host.get(node.hostname),
        holds_vip=isinstance(talos, TalosNode) and holds(talos.addresses, virtual_ips),
    )


def _nodes_again(files: Files, last: Observed, kube: KubeFacts) -> Mapping[str, ObservedNode]:
    """The nodes of `last` with their Kubernetes nodes of now; the very same mapping when nothing has changed."""
    if kube.nodes is last.kube_nodes:
        return last.nodes
    by_host = _by_host(files, kube.nodes)
    return {hostname: _with_kube(node, by_host) for hostname, node in last.nodes.items()}


def _with_kube(node: ObservedNode, by_host: Mapping[str, KubeNode] | Unknown) -> ObservedNode:
    kube = by_host if isinstance(by_host, Unknown) else by_host.get(node.hostname)
    if kube is node.kube:
        return node
    return ObservedNode(
        hostname=node.hostname, talos=node.talos, boot_id=node.boot_id, kube=kube, holds_vip=node.holds_vip
    )


def _by_host(files: Files, kube_nodes: KubeNodes) -> Mapping[str, KubeNode] | Unknown:
    if isinstance(kube_nodes, Unknown):
        return kube_nodes
    owned = ((files.of_kube(kube_node), kube_node) for kube_node in kube_nodes)
    return {node.hostname: kube_node for node, kube_node in owned if node is not None}


def _kube_node_of(node: DesiredNode, kube_nodes: tuple[KubeNode, ...]) -> KubeNode | None:
    return next(
        (
            kube
            for kube in kube_nodes
            if set(kube.addresses) & set(node.addresses)
            or kube.name in node.addresses
            or (not kube.addresses and kube.name == node.hostname)
        ),
        None,
    )


def _strangers(files: Files, machines: tuple[Machine, ...] | Unknown, kube_nodes: KubeNodes) -> tuple[str, ...]:
    found: set[str] = set()
    if not isinstance(machines, Unknown):
        found |= {m.hostname for m in machines if files.of_machine(m.hostname, m.addresses) is None}
    if not isinstance(kube_nodes, Unknown):
        found |= {kube.name for kube in kube_nodes if files.of_kube(kube) is None}
    return tuple(sorted(found))
