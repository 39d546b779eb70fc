"""A cluster that says nothing at all: there is nothing to plan from, and most likely we ask in the wrong place."""

from talops.domain.cluster import Observed
from talops.domain.talos import Unknown, most_telling
from talops.domain.words import count
from talops.errors import Unreachable


def refuse_silence(observed: Observed) -> None:
    """Raises Unreachable when no node's Talos API and no Kubernetes API answered."""
    silent = [node.talos for node in observed.nodes.values() if isinstance(node.talos, Unknown)]
    if len(silent) < len(observed.nodes) or not isinstance(observed.kube_nodes, Unknown):
        return
    raise Unreachable(
        f"the cluster does not answer: no Talos API of {count(len(silent), 'node')} ({most_telling(silent).reason}), "
        f"and no Kubernetes API ({observed.kube_nodes.reason})",
        hint="is the network (VPN) up, and is this the right cluster? see `talosctl config info` and "
        "`kubectl config current-context`",
    )
