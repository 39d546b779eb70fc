"""What is wrong with the cluster, worst first, each with what to type about it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from talops.domain.cluster import Desired, DesiredNode, Observed, Policy
from talops.domain.health import Health, Trouble, Urgency
from talops.domain.kubernetes import KubeNode
from talops.domain.services import expected
from talops.domain.status import Status
from talops.domain.talos import TalosNode, Unknown
from talops.domain.verdict import GateState, Verdict
from talops.domain.words import count
from talops.execute.status import cluster_status
from talops.gates.findings import few
from talops.observe.symptoms import Symptoms

NODES = "nodes"
_RUNNING = "running"
_SOON = 30
"""Days before its end at which a certificate is worth a word."""
_LOOK = {
    "ceph": "kubectl get cephclusters.ceph.rook.io -A",
    "postgres": "kubectl get clusters.v1.postgresql.cnpg.io -A",
}


def health(
    desired: Desired, policy: Policy, observed: Observed, symptoms: Mapping[str, Symptoms], *, ends: str, today: date
) -> Health:
    """`symptoms` are of nodes that answer, `ends` the last day of the talosconfig's certificate, "" for unknown."""
    status = cluster_status(desired, policy, observed)
    silent = _kubernetes(observed)
    troubles = [
        *_certificate(ends, today),
        *silent,
        *_gates(desired, status),
        *_unreachable(status),
        *_unfinished(status),
        *_services(desired, observed, symptoms, status),
        *_diagnostics(desired, symptoms),
        *_others(status),
        *_cordons(observed),
        *_behind(desired, observed),
    ]
    # why a whole API is silent is said once
    troubles = [one for one in troubles if one in silent or not any(known.what in one.what for known in silent)]
    order = list(Urgency)
    troubles = sorted(dict.fromkeys(troubles), key=lambda trouble: order.index(trouble.urgency))
    return Health(cluster=desired.cluster_name, nodes=len(desired.nodes), troubles=tuple(troubles))


def _kubernetes(observed: Observed) -> list[Trouble]:
    gap = observed.kube_nodes
    if not isinstance(gap, Unknown):
        return []
    command = "talops kubeconfig" if "no usable kubeconfig" in gap.reason else gap.hint or "kubectl get nodes"
    return [Trouble(urgency=Urgency.WRONG, about="Kubernetes", what=gap.reason, next=command)]


def _gates(desired: Desired, status: Status) -> Iterator[Trouble]:
    for verdict in status.verdicts:
        if verdict.passes:
            continue
        for reason in verdict.reasons:
            about, what = _told(verdict, reason, desired)
            command = _of_node(desired, reason, status) if verdict.gate == NODES else _of_gate(verdict, reason)
            yield Trouble(urgency=Urgency.WRONG, about=about, what=what, next=command)


def _told(verdict: Verdict, reason: str, desired: Desired) -> tuple[str, str]:
    node = _node_in(desired, reason) if verdict.gate == NODES else None
    if node is not None:
        return node.hostname, reason.removeprefix(node.hostname).lstrip(": ")
    return verdict.gate, reason if verdict.state is GateState.SHUT else f"not known, {reason}"


def _node_in(desired: Desired, reason: str) -> DesiredNode | None:
    first = reason.partition(" ")[0].rstrip(":")
    return next((node for node in desired.nodes if node.hostname == first), None)


def _of_node(desired: Desired, reason: str, status: Status) -> str:
    node = _node_in(desired, reason)
    if node is None:
        return status.hint or "talops status"
    address = node.addresses[0]
    silent = any(row.unreachable for row in status.rows if row.hostname == node.hostname)
    if silent or "Talos API" in reason or "Talos version" in reason:
        return f"talosctl -n {address} version"
    if "Kubernetes" in reason or "NotReady" in reason:
        return f"talosctl -n {address} logs kubelet --tail 50"
    return f"talosctl -n {address} get machinestatus -o yaml"


def _of_gate(verdict: Verdict, reason: str) -> str:
    if verdict.gate == "etcd":
        return "talops etcd alarms" if "alarm" in reason else "talops etcd status"
    return _LOOK.get(verdict.gate, "talops status")


def _unreachable(status: Status) -> Iterator[Trouble]:
    """Where the gate that looks at nodes is switched off; else it has said so."""
    said = any(verdict.gate == NODES and not verdict.passes for verdict in status.verdicts)
    for row in status.rows if not said else ():
        if row.unreachable:
            what = f"its Talos API does not answer: {row.note}" if row.note else "its Talos API does not answer"
            yield Trouble(
                urgency=Urgency.WRONG, about=row.hostname, what=what, next=f"talosctl -n {row.address} version"
            )


def _unfinished(status: Status) -> Iterator[Trouble]:
    for row in status.rows:
        if row.in_flight:
            what = f"something is in flight: {row.in_flight}" + ("" if status.lease else ", and nobody is at it")
            urgency = Urgency.TO_KNOW if status.lease else Urgency.AT_RISK
            command = "talops status" if status.lease else "talops upgrade all   # settles what is in flight first"
            yield Trouble(urgency=urgency, about=row.hostname, what=what, next=command)


def _services(
    desired: Desired, observed: Observed, symptoms: Mapping[str, Symptoms], status: Status
) -> Iterator[Trouble]:
    """Of nodes that answer and run. Those of one service together; etcd's only where its gate has not spoken."""
    etcd_told = any(verdict.gate == "etcd" and not verdict.passes for verdict in status.verdicts)
    bad: dict[tuple[str, str], list[DesiredNode]] = {}
    for node in desired.nodes:
        talos = observed.nodes[node.hostname].talos
        if not isinstance(talos, TalosNode) or talos.stage != _RUNNING or node.hostname not in symptoms:
            continue
        for service, what in _unwell(node, symptoms[node.hostname]):
            if not (service == "etcd" and etcd_told):
                bad.setdefault((service, what), []).append(node)
    for (service, what), nodes in bad.items():
        address = nodes[0].addresses[0]
        logs = f"talosctl -n {address} logs {service} --tail 50"
        command = logs if service else f"talops services {nodes[0].hostname}"
        yield Trouble(urgency=Urgency.WRONG, about=_hosts(nodes), what=what, next=command)


def _unwell(node: DesiredNode, symptoms: Symptoms) -> Iterator[tuple[str, str]]:
    """Each with the service it is about, "" for none."""
    if isinstance(symptoms.services, Unknown):
        yield "", f"its services are not known: {symptoms.services.reason}"
        return
    known = {service.id: service for service in symptoms.services}
    # a service that is not running is no resource at all (Talos' v1alpha1.ServiceController)
    for name in expected(node.role):
        if name not in known:
            yield name, f"the service {name} is not running"
    for service in known.values():
        if not service.running:
            yield service.id, f"the service {service.id} is not running"
        elif service.healthy is False:
            yield service.id, f"the service {service.id} is not healthy"


def _diagnostics(desired: Desired, symptoms: Mapping[str, Symptoms]) -> Iterator[Trouble]:
    by_message: dict[str, list[DesiredNode]] = {}
    for node in desired.nodes:
        found = symptoms[node.hostname].diagnostics if node.hostname in symptoms else ()
        for message in () if isinstance(found, Unknown) else found:
            by_message.setdefault(message, []).append(node)
    for message, nodes in by_message.items():
        yield Trouble(
            urgency=Urgency.AT_RISK,
            about=_hosts(nodes),
            what=f"Talos warns: {message}",
            next=f"talosctl -n {nodes[0].addresses[0]} get diagnostics -o yaml",
        )


def _certificate(ends: str, today: date) -> Iterator[Trouble]:
    try:
        left = (date.fromisoformat(ends) - today).days
    except ValueError:
        return
    if left < _SOON:
        when = f"ends in {count(left, 'day')}" if left > 0 else "ends today, or has ended"
        when = f"ended {count(-left, 'day')} ago" if left < 0 else when
        yield Trouble(
            urgency=Urgency.AT_RISK if left > 0 else Urgency.WRONG,
            about="talosconfig",
            what=f"its certificate {when}, on {ends}",
            next="talops gen config   # makes a new one",
        )


def _others(status: Status) -> Iterator[Trouble]:
    for actor in status.foreign or ():
        yield Trouble(
            urgency=Urgency.AT_RISK, about="other tools", what=f"at work besides talops: {actor}", next="talops status"
        )
    for reason in status.unseen:
        yield Trouble(urgency=Urgency.AT_RISK, about="other tools", what=f"not known, {reason}", next="talops status")
    if status.lease:
        yield Trouble(
            urgency=Urgency.TO_KNOW,
            about="rollout",
            what=f"the Lease is held by {status.lease}",
            next="talops status   # and when that run is gone for good: talops unlock",
        )
    for stranger in status.strangers:
        yield Trouble(urgency=Urgency.TO_KNOW, about=stranger, what="is not in the files", next="talops nodes")


def _cordons(observed: Observed) -> Iterator[Trouble]:
    for node in observed.nodes.values():
        if isinstance(node.kube, KubeNode) and node.kube.unschedulable:
            yield Trouble(
                urgency=Urgency.TO_KNOW,
                about=node.hostname,
                what="is cordoned",
                next=f"kubectl uncordon {node.kube.name}   # unless somebody works on it",
            )


def _behind(desired: Desired, observed: Observed) -> Iterator[Trouble]:
    """Talos and Kubernetes of the files beside what runs, by version."""
    systems: dict[tuple[str, str, str, str], list[DesiredNode]] = {}
    for node in desired.nodes:
        seen = observed.nodes[node.hostname]
        version = seen.talos.version if isinstance(seen.talos, TalosNode) else seen.talos
        if not isinstance(version, Unknown) and version != node.talos_version:
            key = ("Talos", str(version), str(node.talos_version), "talops plan")
            systems.setdefault(key, []).append(node)
        if isinstance(seen.kube, KubeNode) and seen.kube.kubelet_version not in {"", str(node.kubernetes_version)}:
            key = ("Kubernetes", seen.kube.kubelet_version, str(node.kubernetes_version), "talops diff")
            systems.setdefault(key, []).append(node)
    for (system, runs, wanted, command), nodes in systems.items():
        yield Trouble(
            urgency=Urgency.TO_KNOW,
            about=_hosts(nodes),
            what=f"{system} {runs}, the files want {wanted}",
            next=command,
        )


def _hosts(nodes: Sequence[DesiredNode]) -> str:
    return few(node.hostname for node in nodes)
