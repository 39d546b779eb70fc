"""Whether a node's own addresses lie in the networks that its config gives to Kubernetes: then it warns of it."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from talops.sim.config.documents import main_of, read
from talops.sim.config.nodes import Unreadable
from talops.sim.kube.objects import Object
from talops.sim.machine import Machine


def overlap(machine: Machine) -> Object | None:
    """The spec of the diagnostic; None when at least one address is outside."""
    try:
        main = main_of(read(machine.config.active, machine.version.minor)) or {}
    except Unreadable:
        return None
    pods, services = (list(_subnets(main, key)) for key in ("podSubnets", "serviceSubnets"))
    if not all(any(_holds(subnet, address) for subnet in (*pods, *services)) for address in machine.addresses):
        return None
    own = [f"{address}/{128 if ':' in address else 24}" for address in machine.addresses]
    return {
        "message": "host and Kubernetes pod/service CIDR addresses overlap",
        "details": [
            f"host routed addresses: {_quoted(own)}",
            f"Kubernetes pod CIDRs: {_quoted(pods)}",
            f"Kubernetes service CIDRs: {_quoted(services)}",
        ],
    }


def _subnets(main: Object, key: str) -> Iterator[str]:
    cluster = main.get("cluster")
    network = cluster.get("network") if isinstance(cluster, dict) else None
    found = network.get(key) if isinstance(network, dict) else None
    yield from (str(one) for one in found) if isinstance(found, list) else ()


def _holds(subnet: str, address: str) -> bool:
    """A name, or a subnet that is none, is nowhere."""
    try:
        return ip_address(address) in ip_network(subnet, strict=False)
    except ValueError:
        return False


def _quoted(words: list[str]) -> str:
    """As Go writes a list of texts."""
    return "[" + " ".join(f'"{word}"' for word in words) + "]"
