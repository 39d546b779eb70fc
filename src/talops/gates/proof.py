"""The last proof before a node goes down: the part of the gates that is cheap and that a drain can have changed."""

from collections.abc import Collection, Iterable, Sequence

from talops.domain.cluster import Desired, Observed, Policy
from talops.domain.kubernetes import KubeNode, Pod
from talops.domain.quorum import has_quorum, losses_borne, quorum
from talops.domain.talos import Role, Unknown
from talops.domain.verdict import Verdict
from talops.domain.words import count
from talops.gates.etcd import ACCEPTED, faults_of, healthy_voters, voters_of
from talops.gates.findings import Findings, few
from talops.gates.postgres import primaries_on
from talops.gates.rook import OSD, daemons, prove_monitors

GATE = "last proof"


def last_proof(
    observed: Observed,
    desired: Desired,
    policy: Policy,
    *,
    going: str,
    before: Observed | None = None,
    already_down: bool = False,
) -> Verdict:
    """Quorum without `going`, no Postgres primary on it, Ceph's monitors quorate without it, every other node up.

    Quorum is proven even where the policy switches the etcd gate off: no policy may lose it. The node's own health does
    not matter here, since it is about to be gone. `before` is what was there when its drain began. One that is
    `already_down` takes nothing with it but, perhaps, a member of etcd that is still well.
    """
    found = Findings()
    role = next((node.role for node in desired.nodes if node.hostname == going), None)
    if role is None:
        found.unknown.append(f"{going or 'the node'} is not in the files")
    elif already_down:
        if role is Role.CONTROL_PLANE and _own_member_is_well(observed, going):
            _prove_etcd(observed, desired, policy, going, role, found)
    else:
        _prove_etcd(observed, desired, policy, going, role, found)
        _prove_others(observed, policy, going, found)
        _prove_postgres(observed, policy, going, before, found)
        _prove_ceph(observed, policy, going, before, found)
    return found.verdict(GATE, f"nothing is lost without {going}")


def _own_member_is_well(observed: Observed, going: str) -> bool:
    """Whether etcd would lose a healthy voter. Not knowing is no proof that it would not."""
    own = next((view for view in observed.etcd if view.hostname == going), None)
    if own is None or isinstance(own.status, Unknown):
        return False
    return not faults_of(own.status)


def _prove_others(observed: Observed, policy: Policy, going: str, found: Findings) -> None:
    """A node that died elsewhere while this one was drained: one at a time counts those, too."""
    if not policy.nodes_gate.enabled:
        return
    if isinstance(observed.kube_nodes, Unknown):
        found.do_not_know("Kubernetes nodes", observed.kube_nodes)
        return
    for node in observed.nodes.values():
        if node.hostname == going:
            continue
        if not isinstance(node.kube, KubeNode):
            found.unknown.append(f"{node.hostname} is not in Kubernetes")
        elif node.kube.ready is not True:
            found.shut.append(f"{node.hostname} is NotReady")


def _prove_etcd(observed: Observed, desired: Desired, policy: Policy, going: str, role: Role, found: Findings) -> None:
    """Judged by those that stay: each counts who says that it is well, of all the voters that it sees."""
    planes = {node.hostname for node in desired.control_planes}
    views = [view for view in observed.etcd if view.hostname in planes]
    own = next((view for view in views if view.hostname == going), None)
    staying = [view for view in views if view.hostname != going]
    known = [view.members for view in staying if isinstance(view.members, tuple) and view.members]
    if not known and own is not None and isinstance(own.members, tuple) and own.members:
        known = [own.members]
    if not known:
        found.unknown.append("no control plane says who the members of etcd are")
        return
    if len({frozenset(voters_of(members)) for members in known}) > 1:
        found.shut.append("the control planes do not agree on who the members of etcd are")
        return
    voters = len(voters_of(known[0]))
    if not losses_borne(voters) and role is Role.CONTROL_PLANE and ACCEPTED in policy.accept_downtime:
        return
    for view in staying:
        gaps = (gap for gap in (view.status, view.members, view.alarms) if isinstance(gap, Unknown))
        for gap in gaps:
            found.do_not_know(f"etcd on {view.hostname} does not answer", gap)
            break
    healthy = len(healthy_voters(known[0], staying))
    if voters == 0 or not has_quorum(voters, healthy):
        found.shut.append(
            f"etcd: without {going} {healthy} of {count(voters, 'voter')} are known to be healthy, "
            f"and quorum needs {quorum(voters)}"
        )


def _prove_postgres(observed: Observed, policy: Policy, going: str, before: Observed | None, found: Findings) -> None:
    if not policy.postgres_gate.enabled:
        return
    if isinstance(observed.postgres, Unknown):
        found.do_not_know("Postgres clusters", observed.postgres)
        return
    if not isinstance(observed.postgres, tuple) or not observed.postgres:
        return
    if isinstance(observed.postgres_pods, Unknown):
        found.do_not_know("pods of Postgres", observed.postgres_pods)
        return
    node = observed.nodes.get(going)
    if node is None or not isinstance(node.kube, KubeNode):
        found.unknown.append(f"which databases run on {going} is not known: its Kubernetes node is not")
        return
    here = primaries_on(node.kube, observed)
    if here:
        found.shut.append(f"{going} still runs the Postgres primary of {few(here)}")
    stayed = _uids(before.postgres_pods) if before is not None else frozenset()
    _prove_elsewhere("Postgres", observed.postgres_pods, stayed, node.kube, found)


def _uids(pods: Sequence[Pod] | Unknown) -> frozenset[str]:
    return frozenset() if isinstance(pods, Unknown) else frozenset(pod.uid for pod in pods)


def _prove_elsewhere(what: str, pods: Iterable[Pod], stayed: Collection[str], here: KubeNode, found: Findings) -> None:
    """What is left must be well: another one lost while this node was drained is one too many.

    Those that the drain has moved are young, and not there yet: they are not asked about.
    """
    left = (pod for pod in pods if pod.uid in stayed and pod.node != here.name)
    unready = [pod.name for pod in left if not pod.finished and not pod.ready]
    if unready:
        found.shut.append(f"not ready elsewhere, of {what}: {few(unready)}")


def _prove_ceph(observed: Observed, policy: Policy, going: str, before: Observed | None, found: Findings) -> None:
    if not policy.ceph_gate.enabled:
        return
    if isinstance(observed.ceph, Unknown):
        found.do_not_know("CephClusters", observed.ceph)
        return
    guarded = [c for c in observed.ceph if not c.external] if isinstance(observed.ceph, tuple) else []
    if not guarded:
        return
    if isinstance(observed.rook_pods, Unknown):
        found.do_not_know("pods of Rook", observed.rook_pods)
        return
    pods = daemons(observed.rook_pods)
    node = observed.nodes.get(going)
    stayed = _uids(before.rook_pods) if before is not None else frozenset()
    for cluster in guarded:
        prove_monitors(cluster, pods, observed, going, found)
        if node is not None and isinstance(node.kube, KubeNode):
            _prove_elsewhere("Ceph", pods.get((cluster.namespace, OSD), ()), stayed, node.kube, found)
