"""In which order: control planes before workers, and last among them those that hold the cluster together."""

from collections.abc import Sequence
from dataclasses import dataclass

from talops.domain.cluster import DesiredNode, Observed, Policy
from talops.domain.talos import MemberStatus, Role

LEADER = "it leads etcd"
VIP = "it holds the virtual IP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A node and why it comes where it does."""

    node: DesiredNode
    why: str


def order(nodes: Sequence[DesiredNode], observed: Observed, policy: Policy) -> tuple[Placed, ...]:
    """Control planes, then workers, each as the policy names them and then as the files list them.

    A control plane that leads etcd or holds the virtual IP goes last among those that the policy does not name, so that
    leadership and address move as seldom as possible, and onto nodes that are done.
    """
    named = {hostname: place for place, hostname in enumerate(policy.order)}
    leader = etcd_leader(observed)
    burdens = {node.hostname: _burdens(node, observed, leader) for node in nodes}

    def key(indexed: tuple[int, DesiredNode]) -> tuple[bool, int, bool, bool, int]:
        index, node = indexed
        burden = burdens[node.hostname] if node.hostname not in named else ()
        worker = node.role is not Role.CONTROL_PLANE
        return (worker, named.get(node.hostname, len(named)), LEADER in burden, VIP in burden, index)

    ordered = [node for _, node in sorted(enumerate(nodes), key=key)]
    planes = sum(1 for node in ordered if node.role is Role.CONTROL_PLANE)
    return tuple(
        Placed(node=node, why=_why(place, planes, len(ordered), node, node.hostname in named, burdens[node.hostname]))
        for place, node in enumerate(ordered)
    )


def etcd_leader(observed: Observed) -> str:
    """Hostname of the control plane that says that it leads, and that no other contradicts; empty when unclear."""
    statuses = {view.hostname: view.status for view in observed.etcd if isinstance(view.status, MemberStatus)}
    leaders = {status.leader for status in statuses.values() if status.leader.strip("0")}
    if len(leaders) != 1:
        return ""
    return next((host for host, status in statuses.items() if status.id in leaders), "")


def _burdens(node: DesiredNode, observed: Observed, leader: str) -> tuple[str, ...]:
    if node.role is not Role.CONTROL_PLANE:
        return ()
    live = observed.nodes.get(node.hostname)
    burdens = (LEADER if node.hostname == leader else "", VIP if live is not None and live.holds_vip else "")
    return tuple(burden for burden in burdens if burden)


def _why(place: int, planes: int, total: int, node: DesiredNode, named: bool, burdens: tuple[str, ...]) -> str:
    if node.role is Role.CONTROL_PLANE:
        where = f"control plane {place + 1} of {planes}"
    else:
        where = f"worker {place - planes + 1} of {total - planes}"
    if named:
        return f"{where}, placed by the policy" + (f", although {' and '.join(burdens)}" if burdens else "")
    if burdens and planes > 1:
        return f"{where}, late because {' and '.join(burdens)}"
    return where
