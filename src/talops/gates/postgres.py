"""The Postgres gate: every cluster of CloudNativePG is whole, by phase, counts and pods together.

The operator leaves the phase at healthy while an instance is missing and while it sees two primaries, so no field of
the custom resource is believed alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from talops.domain.cluster import Observed, Policy
from talops.domain.kubernetes import KubeNode, Pod, PostgresCluster
from talops.domain.talos import NOT_ASKED, Absent, Unknown
from talops.domain.verdict import Verdict
from talops.domain.words import count
from talops.gates.boots import not_since_boot
from talops.gates.findings import Findings, disabled, few, not_applicable

GATE = "postgres"
HEALTHY = "Cluster in healthy state"

Instances = Mapping[tuple[str, str], Sequence[Pod]]
"""Instance pods by namespace and cluster, without those that have finished."""


def judge_postgres(observed: Observed, policy: Policy, *, baseline: Observed | None = None) -> Verdict:
    """Open when every cluster has all its instances ready, one primary, and nothing under way."""
    if not policy.postgres_gate.enabled:
        return disabled(GATE)
    found = Findings()
    match observed.postgres:
        case Unknown() as gap:
            found.do_not_know("Postgres clusters", gap)
            return found.verdict(GATE, "")
        case Absent():
            return _nothing(observed, policy, baseline, found, "no CloudNativePG in this cluster", asked=False)
        case ():
            words = "CloudNativePG is installed, but there is no Postgres cluster"
            return _nothing(observed, policy, None, found, words, asked=True)
        case clusters:
            pass
    if isinstance(observed.postgres_pods, Unknown):
        found.do_not_know("pods of Postgres", observed.postgres_pods)
        return found.verdict(GATE, "")
    pods = instances(observed.postgres_pods)
    for cluster in clusters:
        _look_at(cluster, pods.get((cluster.namespace, cluster.name), ()), found)
    stale = not_since_boot(observed.postgres_pods, observed, baseline)
    if stale:
        found.unknown.append(f"still called ready from before the reboot: {few(stale)}")
    _note_single(clusters, found)
    return found.verdict(GATE, f"{count(len(clusters), 'cluster')} in healthy state")


def _nothing(
    observed: Observed, policy: Policy, baseline: Observed | None, found: Findings, words: str, *, asked: bool
) -> Verdict:
    """No cluster to guard. A deleted cluster is nobody's loss, but pods without one are a contradiction."""
    if baseline is not None and isinstance(baseline.postgres, tuple):
        found.unknown.append("CloudNativePG was there when the run began and its API is gone")
    pods = observed.postgres_pods
    if isinstance(pods, Unknown):
        if asked or pods != NOT_ASKED:
            found.do_not_know("pods of Postgres", pods)
    elif any(not pod.finished and not pod.terminating for pod in pods):
        found.unknown.append("pods of CloudNativePG run, but there is no Postgres cluster to be seen")
    if found.unknown:
        return found.verdict(GATE, "")
    return not_applicable(GATE, words, policy.postgres_gate)


def instances(pods: Iterable[Pod]) -> Instances:
    by_cluster: dict[tuple[str, str], list[Pod]] = defaultdict(list)
    for pod in pods:
        if not pod.finished and pod.labels.get("cnpg.io/podRole", "instance") == "instance":
            by_cluster[pod.namespace, pod.labels.get("cnpg.io/cluster", "")].append(pod)
    return by_cluster


def is_primary(pod: Pod) -> bool:
    """By its label; before CloudNativePG 1.21 that was `role`."""
    return "primary" in {pod.labels.get("cnpg.io/instanceRole"), pod.labels.get("role")}


def name_of(cluster: PostgresCluster) -> str:
    return f"{cluster.namespace}/{cluster.name}"


def _look_at(cluster: PostgresCluster, pods: Sequence[Pod], found: Findings) -> None:
    name = name_of(cluster)
    if cluster.reconciliation_disabled:
        found.unknown.append(f"{name}: its operator is told to leave it alone, so its status is old")
    if cluster.hibernated:
        if pods:
            found.unknown.append(f"{name} is said to hibernate, but has pods: {few(pod.name for pod in pods)}")
        else:
            found.notes.append(f"{name} hibernates")
        return
    found.shut.extend(f"{name} {fault}" for fault in (*_states(cluster), *_counts(cluster, pods)))
    found.shut.extend(f"{name} {fault}" for fault in _primaries(cluster, pods))
    if cluster.ready_condition is None:
        found.unknown.append(f"{name} does not say whether it is ready")


def _states(cluster: PostgresCluster) -> Iterable[str]:
    """What is said in one word, or under way."""
    if cluster.deleting:
        yield "is being deleted"
    if cluster.hibernation_unsettled:
        yield "is going to sleep or waking up"
    if cluster.fenced:
        yield "has fenced instances"
    if cluster.phase != HEALTHY:
        why = f" ({cluster.phase_reason})" if cluster.phase_reason else ""
        yield f"is in phase {cluster.phase or 'unknown'}{why}"
    if cluster.ready_condition is False:
        yield "is not ready"
    if cluster.switching_replica:
        yield "is switching between primary and replica cluster"
    if cluster.troubled_volumes:
        yield f"has volumes in trouble: {few(cluster.troubled_volumes)}"
    if cluster.consistent_system_id is False:
        yield "has instances of different database systems"


def _counts(cluster: PostgresCluster, pods: Sequence[Pod]) -> Iterable[str]:
    wanted = cluster.wanted
    if wanted < 1:
        yield "wants no instance"
    if not cluster.instances == cluster.ready == wanted:
        yield f"has {cluster.ready} of {wanted} instances ready"
    if cluster.reported != wanted:
        yield f"hears from {cluster.reported} of {wanted} instances"
    ready = [pod for pod in pods if pod.ready and not pod.terminating]
    if len(ready) != wanted:
        yield f"has {len(ready)} of {wanted} pods ready"
    terminating = [pod.name for pod in pods if pod.terminating]
    if terminating:
        yield f"has pods on their way out: {few(terminating)}"


def _primaries(cluster: PostgresCluster, pods: Sequence[Pod]) -> Iterable[str]:
    """One primary by three accounts: the operator's, the pods' labels, the instances' own."""
    if not cluster.primary:
        yield "has no primary"
        return
    if cluster.target_primary != cluster.primary:
        yield f"is moving its primary from {cluster.primary} to {cluster.target_primary or 'nowhere yet'}"
    labelled = sorted(pod.name for pod in pods if is_primary(pod))
    if labelled != [cluster.primary]:
        yield f"has primary {cluster.primary}, but labelled so: {few(labelled) or 'no pod'}"
    if not cluster.replica_cluster and cluster.reported_primaries != (cluster.primary,):
        yield f"has primary {cluster.primary}, but acting so: {few(cluster.reported_primaries) or 'no instance'}"


def _note_single(clusters: Sequence[PostgresCluster], found: Findings) -> None:
    single = [name_of(cluster) for cluster in clusters if cluster.wanted == 1 and not cluster.hibernated]
    if single:
        found.notes.append(f"one instance only, so down while its node is: {few(single)}")


def primaries_on(kube: KubeNode, observed: Observed) -> list[str]:
    """Clusters whose primary, or the one that it is moving to, is on this node. For lists that are known."""
    clusters = observed.postgres if isinstance(observed.postgres, tuple) else ()
    pods = observed.postgres_pods if isinstance(observed.postgres_pods, tuple) else ()
    here = [pod for pod in pods if pod.node == kube.name and not pod.finished]
    by_label = {(pod.namespace, pod.labels.get("cnpg.io/cluster", "")) for pod in here if is_primary(pod)}
    by_name = {(pod.namespace, pod.name) for pod in here}
    by_status = {
        (cluster.namespace, cluster.name)
        for cluster in clusters
        if {(cluster.namespace, cluster.primary), (cluster.namespace, cluster.target_primary)} & by_name
    }
    return sorted(f"{namespace}/{name}" for namespace, name in by_label | by_status)
