"""What the Talos API of a node, or of the one before it, answers when it cannot. Both doors say it in these words."""

from talops.sim.cluster import Cluster
from talops.sim.machine import Machine, before_port

BROKEN_OFF = "error reading from server: EOF"
"""What becomes of a call whose machine goes off, or whose connection breaks (code Unavailable)."""


def unreachable(node: str) -> str:
    """Why a dial to a machine that does not answer failed (code Unavailable)."""
    where = f"dial tcp {before_port(node)}:50000: connect: no route to host"
    return f'connection error: desc = "transport: Error while dialing: {where}"'


def control_planes_only(what: str) -> str:
    """Code Unimplemented."""
    return f"{what} is only available on control plane nodes"


def etcd_trouble(cluster: Cluster, machine: Machine) -> str:
    """Why a control plane cannot ask its own etcd (code Unknown); empty when it can."""
    member = cluster.etcd.member(machine)
    if member is not None and member.up:
        return ""
    return "failed to create etcd client: context deadline exceeded"
