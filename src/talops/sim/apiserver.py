"""The API servers of the embedded cluster: one for every door, that suffer what the cluster suffers."""

from talops.sim.cluster import Cluster
from talops.sim.kube.api import KubeApi
from talops.sim.kube.asked import Asked
from talops.sim.kube.statuses import Reply


def api_server(cluster: Cluster, *, user: str) -> KubeApi:
    """`user` is who asks when a request does not say."""
    api = KubeApi(cluster.store, user=user)

    def deny(asked: Asked) -> Reply | None:
        if asked.resource is None or not cluster.faulty("kubectl-forbidden"):
            return None
        return api.forbidden(asked) if asked.resource.plural == "cephclusters" else None

    api.deny = deny
    api.quorate = lambda: cluster.etcd.quorate
    api.full = lambda: cluster.etcd.full
    return api
