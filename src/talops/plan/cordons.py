"""Nodes that a person cordoned (law 6): what is drained from them cannot come back, and storage is tied to its node."""

from collections.abc import Collection, Iterator

from talops.domain.cluster import Observed
from talops.domain.kubernetes import CORDONED_BY, KubeNode, Pod
from talops.domain.plan import Refusal
from talops.domain.talos import Unknown

LAW = 6
PINNED_ROOK = {"rook-ceph-osd", "rook-ceph-mon"}
"""Values of the label `app`; these pods run on their node's disks and nowhere else."""


def stranded(observed: Observed, touched: Collection[str]) -> Iterator[Refusal]:
    """Refuse to drain storage from a node whose cordon would keep it away: the gate after could not open."""
    for hostname in touched:
        live = observed.nodes.get(hostname)
        kube = live.kube if live is not None else None
        if not isinstance(kube, KubeNode) or not kube.unschedulable or CORDONED_BY in kube.annotations:
            continue
        pods = sorted(f"{pod.namespace}/{pod.name}" for pod in _pinned(observed) if pod.node == kube.name)
        if pods:
            yield Refusal(
                law=LAW,
                hostname=hostname,
                what=f"somebody cordoned it, and {', '.join(pods)} can run nowhere else: drained, they would stay away",
                hint=f"kubectl uncordon {kube.name}   # or leave it out: --skip-node {hostname}",
            )


def _pinned(observed: Observed) -> Iterator[Pod]:
    rook = () if isinstance(observed.rook_pods, Unknown) else observed.rook_pods
    postgres = () if isinstance(observed.postgres_pods, Unknown) else observed.postgres_pods
    yield from (pod for pod in rook if pod.labels.get("app") in PINNED_ROOK and not pod.finished)
    yield from (pod for pod in postgres if not pod.finished)
