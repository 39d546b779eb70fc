"""Faults of etcd: how they begin, and how they end."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from talops.sim import etcdjoin, membership
from talops.sim.cluster import Cluster
from talops.sim.etcd import quorum
from talops.sim.machine import Machine


def _break(cluster: Cluster, machine: Machine) -> None:
    cluster.etcd.set_up(machine, False)
    machine.etcd_broken = True
    cluster.etcd.changes += 1


def _mend(cluster: Cluster, machine: Machine) -> None:
    machine.etcd_broken = False
    if machine.up and machine.stage == "running":
        cluster.etcd.set_up(machine, True)


def _become_learner(cluster: Cluster, machine: Machine) -> None:
    """It came in lately, and does not get on. One that is alone cannot have."""
    etcd, member = cluster.etcd, cluster.etcd.member(machine)
    if member is None or len(etcd.voters) < 2:
        return
    if etcd.leader == member.id:
        etcd.hand_over()
    member.learner, member.lag = True, etcd.index // etcdjoin.BEHIND
    etcd.changes += 1


def _catch_up(cluster: Cluster, machine: Machine) -> None:
    member = cluster.etcd.member(machine)
    if member is not None and member.learner:
        member.lag = 0
        etcdjoin.seek_promotion(cluster, machine)


def _remove_the_dead(cluster: Cluster, _machine: Machine) -> None:
    """Somebody does, who knows how."""
    for member in [one for one in cluster.etcd.members if etcdjoin.is_gone(cluster, one)]:
        membership.take_out(cluster.etcd, member)
    cluster.etcd.seek_leader()


def _fill(cluster: Cluster, machine: Machine) -> None:
    member = cluster.etcd.member(machine)
    if member is not None:
        cluster.etcd.fill(member)


def _empty(cluster: Cluster, _machine: Machine) -> None:
    cluster.etcd.empty()


def _lose_quorum(cluster: Cluster, _machine: Machine) -> None:
    """Of those that are up, the last ones go, until one more than may."""
    voters = cluster.etcd.voters
    for member in list(voters)[quorum(len(voters)) - 1 :]:
        _break(cluster, member.machine)


def _regain_quorum(cluster: Cluster, _machine: Machine) -> None:
    for machine in cluster.control_planes:
        if not cluster.faulty("etcd-member-lost", machine.hostname):
            _mend(cluster, machine)


Change = Callable[[Cluster, Machine], None]
CHANGES: Mapping[str, tuple[Change, Change]] = MappingProxyType(
    {
        "etcd-member-lost": (_break, _mend),
        "member-stays-learner": (_become_learner, _catch_up),
        "control-plane-replaced": (etcdjoin.replace, _remove_the_dead),
        "etcd-nospace": (_fill, _empty),
        "etcd-quorum-lost": (_lose_quorum, _regain_quorum),
    }
)
"""By the name of the fault: its beginning and its end, each with the machine that it happens to (or any)."""
