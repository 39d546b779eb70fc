"""Readiness that is older than the boot it is read in."""

from collections.abc import Iterable, Mapping

from talops.domain.cluster import Observed
from talops.domain.kubernetes import KubeNode, Pod


def not_since_boot(pods: Iterable[Pod], observed: Observed, baseline: Observed | None) -> list[str]:
    """Names of ready pods whose containers are the ones from before their node's reboot.

    A kubelet that has just come back leaves each pod's old status in place until it has looked at it.
    """
    if baseline is None or isinstance(baseline.kube_nodes, tuple) is False:
        return []
    rebooted = _boots(observed).items() - _boots(baseline).items()
    nodes = {name for name, _ in rebooted}
    if not nodes:
        return []
    before = {
        pod.uid: pod.restarts_id
        for pods_then in (baseline.rook_pods, baseline.postgres_pods)
        if isinstance(pods_then, tuple)
        for pod in pods_then
        if pod.node in nodes
    }
    return [
        pod.name
        for pod in pods
        if pod.node in nodes and pod.ready and pod.restarts_id and before.get(pod.uid) == pod.restarts_id
    ]


def _boots(observed: Observed) -> Mapping[str, str]:
    """Boot ID by name of Kubernetes node."""
    if not isinstance(observed.kube_nodes, tuple):
        return {}
    return {kube.name: kube.boot_id for kube in observed.kube_nodes if isinstance(kube, KubeNode) and kube.boot_id}
