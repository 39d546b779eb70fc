"""What Kubernetes says about Ceph: the pods of its daemons, the quorum of its monitors, the budgets of its OSDs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from talops.domain.cluster import Observed
from talops.domain.kubernetes import CephCluster, KubeNode, Pod
from talops.domain.talos import Unknown
from talops.gates.boots import not_since_boot
from talops.gates.findings import Findings, few

DAEMONS = ("rook-ceph-mon", "rook-ceph-mgr", "rook-ceph-osd", "rook-ceph-mds", "rook-ceph-rgw")
NEEDED = ("rook-ceph-mon", "rook-ceph-mgr", "rook-ceph-osd")
MONITOR = "rook-ceph-mon"
OSD = "rook-ceph-osd"
OPERATOR = "rook-ceph-operator"
OSD_BUDGET = "rook-ceph-osd"
HOSTS_FOR_THREE_COPIES = 3

Daemons = Mapping[tuple[str, str], Sequence[Pod]]
"""Pods by namespace and `app` label, without those that have finished."""


def look_at_rook(
    clusters: Sequence[CephCluster],
    observed: Observed,
    found: Findings,
    *,
    going: str = "",
    baseline: Observed | None = None,
) -> None:
    """Pods, monitors and budgets of the clusters whose daemons run here."""
    if isinstance(observed.rook_pods, Unknown):
        found.do_not_know("pods of Rook", observed.rook_pods)
    else:
        pods = daemons(observed.rook_pods)
        before = daemons(baseline.rook_pods) if baseline and isinstance(baseline.rook_pods, tuple) else {}
        _look_at_operator(pods, found)
        for cluster in clusters:
            _look_at_pods(cluster, pods, before, found)
            _look_at_monitors(cluster, pods, found)
            if going:
                prove_monitors(cluster, pods, observed, going, found)
        stale = not_since_boot(observed.rook_pods, observed, baseline)
        if stale:
            found.unknown.append(f"still called ready from before the reboot: {few(stale)}")
    _look_at_budgets(clusters, observed, baseline, found)


def daemons(pods: Iterable[Pod]) -> Daemons:
    """Canaries, which Rook starts to find a place for a monitor, are no monitors."""
    by_app: dict[tuple[str, str], list[Pod]] = defaultdict(list)
    for pod in pods:
        if not pod.finished and "mon_canary" not in pod.labels:
            by_app[pod.namespace, pod.labels.get("app", "")].append(pod)
    return by_app


def _look_at_operator(pods: Daemons, found: Findings) -> None:
    operators = [pod for (_, app), running in pods.items() if app == OPERATOR for pod in running]
    if not any(pod.ready for pod in operators):
        found.unknown.append("Rook's operator is not ready: the status of Ceph is as it left it")


def _look_at_pods(cluster: CephCluster, pods: Daemons, before: Daemons, found: Findings) -> None:
    namespace = cluster.namespace
    for app in DAEMONS:
        running = pods.get((namespace, app), ())
        if not running and app in NEEDED:
            found.unknown.append(f"{namespace} has no pod of {app}")
        unready = [pod.name for pod in running if pod.terminating or not pod.ready]
        if unready:
            found.shut.append(f"not ready in {namespace}: {few(unready)}")
    osds, osds_before = len(pods.get((namespace, OSD), ())), len(before.get((namespace, OSD), ()))
    if osds < osds_before:
        found.shut.append(f"{namespace} has {osds} OSDs; there were {osds_before} when the run began")
    hosts = {pod.node for pod in pods.get((namespace, OSD), ())}
    if 0 < len(hosts) < HOSTS_FOR_THREE_COPIES:
        found.notes.append(
            f"{namespace}: all OSDs are on {few(sorted(hosts))}, so data may be offline while one is down"
        )


def _look_at_monitors(cluster: CephCluster, pods: Daemons, found: Findings) -> None:
    ready = ready_monitors(cluster, pods)
    if len(ready) < cluster.monitors:
        found.shut.append(f"{cluster.namespace}: {len(ready)} of {cluster.monitors} monitors are ready")


def ready_monitors(cluster: CephCluster, pods: Daemons) -> list[Pod]:
    return [pod for pod in pods.get((cluster.namespace, MONITOR), ()) if pod.ready and not pod.terminating]


def prove_monitors(cluster: CephCluster, pods: Daemons, observed: Observed, going: str, found: Findings) -> None:
    """The monitors that are left when `going` is down must be more than half of all."""
    node = observed.nodes.get(going)
    if node is None or not isinstance(node.kube, KubeNode):
        found.unknown.append(f"which monitors run on {going} is not known: its Kubernetes node is not")
        return
    voters = max(cluster.monitors, len(pods.get((cluster.namespace, MONITOR), ())))
    staying = sum(1 for pod in ready_monitors(cluster, pods) if pod.node != node.kube.name)
    if staying < voters // 2 + 1:
        found.shut.append(
            f"{cluster.namespace}: without {going} {staying} of {voters} monitors are left, which is no quorum"
            + (" (a policy that switches the ceph gate off accepts the outage)" if voters <= 2 else "")
        )


def _look_at_budgets(
    clusters: Sequence[CephCluster], observed: Observed, baseline: Observed | None, found: Findings
) -> None:
    """While Rook sees a drain it swaps its one budget for OSDs against one for each other failure domain."""
    if isinstance(observed.budgets, Unknown):
        found.do_not_know("budgets of the OSDs", observed.budgets)
        return
    for cluster in clusters:
        namespace = cluster.namespace
        ours = [budget for budget in observed.budgets if budget.namespace == namespace]
        guards = [budget.name for budget in ours if budget.name.startswith(f"{OSD_BUDGET}-")]
        if guards:
            found.shut.append(f"{namespace}: Rook has not ended its last drain ({few(guards)} still there)")
        budget = next((budget for budget in ours if budget.name == OSD_BUDGET), None)
        if budget is None:
            if not guards and _had_budget(namespace, baseline):
                found.shut.append(f"{namespace}: Rook has not put its budget {OSD_BUDGET} back")
        elif not budget.current:
            found.unknown.append(f"{namespace}: the status of budget {OSD_BUDGET} is older than the budget")
        elif budget.allowed < 1:
            found.shut.append(f"{namespace}: budget {OSD_BUDGET} allows no OSD to go ({budget.healthy} healthy)")


def _had_budget(namespace: str, baseline: Observed | None) -> bool:
    if baseline is None or isinstance(baseline.budgets, Unknown):
        return False
    return any(budget.namespace == namespace and budget.name == OSD_BUDGET for budget in baseline.budgets)
