"""The cluster on one screen: what is, beside what the files want. Pure."""

from collections.abc import Iterator

from talops.domain.cluster import Desired, DesiredNode, Observed, ObservedNode, Policy
from talops.domain.kubernetes import KubeNode, Lease
from talops.domain.status import Status, StatusRow
from talops.domain.talos import EtcdView, Role, TalosNode, Unknown, Version, most_telling
from talops.execute.marks import read_mark
from talops.gates import judge


def cluster_status(desired: Desired, policy: Policy, observed: Observed) -> Status:
    """Healthy when every gate passes, every node answers, and nothing of ours or of others is under way."""
    verdicts = judge(observed, desired, policy)
    etcd = {view.hostname: view for view in observed.etcd}
    gaps = [node.talos for node in observed.nodes.values() if isinstance(node.talos, Unknown)]
    silent = 1 < len(gaps) == len(observed.nodes)
    # what is the matter with a whole API is said once, by the gate that looks at the nodes
    once = policy.nodes_gate.enabled
    rows = tuple(
        _row(node, observed.nodes[node.hostname], etcd.get(node.hostname), silent=silent and once, briefly=once)
        for node in desired.nodes
    )
    foreign = None if isinstance(observed.foreign, Unknown) else tuple(f"{a.tool}: {a.what}" for a in observed.foreign)
    quiet = foreign == () and not any(row.in_flight or row.unreachable for row in rows)
    return Status(
        cluster=desired.cluster_name,
        rows=rows,
        verdicts=verdicts,
        lease=_lease(observed.lease),
        strangers=observed.strangers,
        foreign=foreign,
        healthy=quiet and all(verdict.passes for verdict in verdicts),
        unseen=tuple(_unseen(observed)),
        hint=most_telling(gaps).hint if silent else _hint(observed),
    )


def _hint(observed: Observed) -> str:
    return observed.kube_nodes.hint if isinstance(observed.kube_nodes, Unknown) else ""


def _row(node: DesiredNode, observed: ObservedNode, etcd: EtcdView | None, *, silent: bool, briefly: bool) -> StatusRow:
    """`silent`: as all others are on the Talos API. `briefly`: why Kubernetes tells nothing is said elsewhere."""
    talos, kube = observed.talos, observed.kube
    version = talos.version if isinstance(talos, TalosNode) else talos
    notes = []
    if isinstance(version, Unknown) and not silent:
        notes.append(version.reason)
    if isinstance(talos, TalosNode) and not isinstance(version, Unknown) and talos.ready is not True:
        notes.append(f"stage {talos.stage or 'unknown'}" + (f" ({', '.join(talos.unmet)})" if talos.unmet else ""))
    if isinstance(kube, Unknown):
        notes += [] if briefly else [kube.reason]
    elif kube is None:
        notes.append("not in Kubernetes")
    mark = read_mark(kube) if isinstance(kube, KubeNode) else None
    return StatusRow(
        hostname=node.hostname,
        role=node.role,
        address=node.addresses[0],
        version_now=str(version) if isinstance(version, Version) else "?",
        version_wanted=str(node.talos_version),
        kube_ready=kube.ready if isinstance(kube, KubeNode) else None,
        cordoned=isinstance(kube, KubeNode) and kube.unschedulable,
        etcd=_etcd(node, etcd, silent=isinstance(talos, Unknown)),
        holds_vip=observed.holds_vip,
        in_flight=""
        if mark is None
        else (mark.reason if isinstance(mark, Unknown) else f"{mark.action}, run {mark.run}"),
        note="; ".join(notes),
        unreachable=isinstance(version, Unknown),
    )


def _etcd(node: DesiredNode, view: EtcdView | None, *, silent: bool) -> str:
    if node.role is not Role.CONTROL_PLANE:
        return ""
    if view is None or isinstance(view.status, Unknown):
        # a node that tells nothing at all does not tell that its etcd is down
        return "unknown" if silent else "down"
    if view.status.learner:
        return "learner"
    return "leader" if view.status.leader == view.status.id else "member"


def _lease(lease: Lease | Unknown | None) -> str | None:
    if isinstance(lease, Unknown):
        return None
    return f"{lease.holder}, renewed {lease.renewed}" if lease is not None and lease.holder else ""


def _unseen(observed: Observed) -> Iterator[str]:
    if isinstance(observed.lease, Unknown):
        yield f"who holds the rollout Lease: {observed.lease.reason}"
    if isinstance(observed.foreign, Unknown):
        yield f"whether another tool is at work: {observed.foreign.reason}"
