"""How a control plane with nothing on its disk comes into etcd: as a learner, and then with a vote.

Source: Talos v1.13.0, internal/app/machined/pkg/system/services/etcd.go.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import Random
from typing import TypeVar

from talops.sim import membership
from talops.sim.cluster import Cluster
from talops.sim.etcd import EtcdMember
from talops.sim.machine import Machine
from talops.sim.membership import EtcdRefuses

T = TypeVar("T")
TRIES_EVERY = 3.0
STARTS_AFTER = 4.0
"""Seconds from being listed to the first word to the others."""
PROMOTES_EVERY = 15.0
PROMOTES_FOR = 600.0
"""Seconds. A learner that nobody promoted by then stays one: nothing ever asks for it again."""
BEHIND = 8
"""A learner that does not get on is so many parts of the log behind: one in eight."""


def replace(cluster: Cluster, machine: Machine) -> None:
    """It died long ago, and stands there again with an empty disk, under another name than its old member has."""
    member = cluster.etcd.member(machine)
    if member is not None:
        cluster.etcd.set_up(machine, False)
        member.machine = _gone(machine)
    machine.set_stage("booting", ready=False)
    cluster.place_virtual_ip()
    cluster.touch()
    join(cluster, machine)


def _gone(machine: Machine) -> Machine:
    """The machine that was there before, and was called otherwise."""
    return Machine(
        hostname=f"{machine.hostname}-old",
        role=machine.role,
        addresses=machine.addresses,
        slots=machine.slots,
        random=Random(machine.hostname),
        up=False,
    )


def is_gone(cluster: Cluster, member: EtcdMember) -> bool:
    """No machine has this member any more."""
    return all(machine is not member.machine for machine in cluster.machines.values())


def join(cluster: Cluster, machine: Machine) -> None:
    """It tries until it is in, and its boot is not over before. `etcd.joining` says what it was last told."""
    cluster.etcd.joining.setdefault(machine.hostname, "")
    _try(cluster, machine)


def _try(cluster: Cluster, machine: Machine) -> None:
    etcd = cluster.etcd
    if etcd.member(machine) is not None:
        return
    try:
        member = _add(cluster, machine)
    except EtcdRefuses as error:
        if etcd.joining[machine.hostname] != str(error):
            etcd.joining[machine.hostname] = str(error)
            etcd.changes += 1
        cluster.later(machine, TRIES_EVERY, partial(_try, cluster, machine))
        return
    cluster.later(machine, STARTS_AFTER, partial(_start, cluster, machine, member))


def _add(cluster: Cluster, machine: Machine) -> EtcdMember:
    """Raises EtcdRefuses, with what it was doing. One that has its own name is taken for an earlier self."""
    etcd = cluster.etcd
    if not etcd.led:
        raise EtcdRefuses(f"error getting etcd member list: {membership.NO_LEADER}")
    for member in etcd.listed:
        if member.name == machine.hostname:
            _doing("removing self from the member list", partial(membership.remove, etcd, member.id))
    id = f"{cluster.random.getrandbits(64):016x}"
    return _doing("adding member", partial(membership.add, etcd, id, machine, learner=True))


def _doing(what: str, act: Callable[[], T]) -> T:
    try:
        return act()
    except EtcdRefuses as error:
        raise EtcdRefuses(f"error {what}: {error}") from None


def _start(cluster: Cluster, machine: Machine, member: EtcdMember) -> None:
    cluster.etcd.joining.pop(machine.hostname, None)
    if cluster.etcd.member(machine) is not member:
        return
    member.started = True
    member.lag = cluster.etcd.index // BEHIND if stays_learner(cluster, machine) else 0
    cluster.etcd.set_up(machine, True)
    cluster.etcd.changes += 1
    seek_promotion(cluster, machine)


def seek_promotion(cluster: Cluster, machine: Machine, waited: float = 0.0) -> None:
    """Whoever is asked first says no: it asks again, for as long as Talos does."""
    member = cluster.etcd.member(machine)
    if member is None or waited > PROMOTES_FOR:
        return
    if not member.learner:
        cluster.settled(machine)
        return
    if waited and not stays_learner(cluster, machine):
        with suppress(EtcdRefuses):
            membership.promote(cluster.etcd, member.id)
    again = partial(seek_promotion, cluster, machine, waited + PROMOTES_EVERY)
    cluster.later(machine, PROMOTES_EVERY if member.learner else 1.0, again)


def stays_learner(cluster: Cluster, machine: Machine) -> bool:
    return cluster.faulty("member-stays-learner", machine.hostname)
