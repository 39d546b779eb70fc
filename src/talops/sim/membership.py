"""Who may come into the embedded etcd, and who may leave it: etcd's rules, and its words when it refuses.

Source: etcd v3.6.16, server/etcdserver/server.go and api/membership/cluster.go; tried on three real members.
"""

from talops.sim.etcd import Etcd, EtcdMember, quorum
from talops.sim.machine import Machine

NO_LEADER = "etcdserver: no leader"
UNHEALTHY = "etcdserver: unhealthy cluster"
NOT_ENOUGH_STARTED = "etcdserver: re-configuration failed due to not enough started members"
NOT_FOUND = "etcdserver: member not found"
SAME_PEER_URLS = "etcdserver: Peer URLs already exists"
TOO_MANY_LEARNERS = "etcdserver: too many learner members in cluster"
NOT_IN_SYNC = "etcdserver: can only promote a learner member which is in sync with leader"
NOT_A_LEARNER = "etcdserver: can only promote a learner member"
NOT_FOR_LEARNERS = "etcdserver: rpc not supported for learner"
BAD_TRANSFEREE = "etcdserver: bad leader transferee"
TRANSFER_TOO_LONG = "etcdserver: request timed out, leader transfer took too long"
_MOST_LEARNERS = 1


class EtcdRefuses(Exception):
    """In etcd's own words."""


def add(etcd: Etcd, id: str, machine: Machine, *, learner: bool) -> EtcdMember:
    """It is listed from now on, and has never started. Raises EtcdRefuses."""
    _with_leader(etcd)
    voters = etcd.voters
    if not learner and not _enough_started_to_add(etcd):
        raise EtcdRefuses(NOT_ENOUGH_STARTED)
    # the new one is counted among those that must agree, learner or not
    if len(voters) > 1 and sum(member.connected for member in voters) < quorum(len(voters) + 1):
        raise EtcdRefuses(UNHEALTHY)
    member = EtcdMember(id=id, machine=machine, up=False, learner=learner, started=False)
    if any(one.peer_url == member.peer_url for one in etcd.members):
        raise EtcdRefuses(SAME_PEER_URLS)
    if learner and sum(one.learner for one in etcd.members) >= _MOST_LEARNERS:
        raise EtcdRefuses(TOO_MANY_LEARNERS)
    etcd.members.append(member)
    etcd.changes += 1
    return member


def _enough_started_to_add(etcd: Etcd) -> bool:
    started, future = sum(member.started for member in etcd.voters), len(etcd.voters) + 1
    # one member may always become two: that is how a cluster is built up again
    return (started, future) == (1, 2) or started >= quorum(future)


def remove(etcd: Etcd, id: str) -> None:
    """Raises EtcdRefuses. A machine whose member was removed has none until it is installed anew."""
    _with_leader(etcd)
    member = etcd.called(id)
    voters = etcd.voters
    left = [one for one in voters if one.id != id]
    if member is None or not member.learner:
        if sum(one.started for one in left) < quorum(len(left)):
            raise EtcdRefuses(NOT_ENOUGH_STARTED)
        # one that nobody is connected to is no part of the quorum that works now
        active = sum(one.connected for one in voters)
        if member is not None and member.connected and active - 1 < quorum(len(voters) - 1):
            raise EtcdRefuses(UNHEALTHY)
    if member is None:
        raise EtcdRefuses(NOT_FOUND)
    take_out(etcd, member)


def take_out(etcd: Etcd, member: EtcdMember) -> None:
    """Whatever the rules say."""
    if etcd.leader == member.id:
        etcd.hand_over()
    etcd.members = [one for one in etcd.members if one is not member]
    etcd.removed.append(member)
    etcd.alarms.pop(member.id, None)
    etcd.note(member.machine)


def promote(etcd: Etcd, id: str) -> None:
    """A learner gets its vote. Raises EtcdRefuses."""
    _with_leader(etcd)
    member = etcd.called(id)
    if member is None:
        raise EtcdRefuses(NOT_FOUND)
    if not member.learner:
        raise EtcdRefuses(NOT_A_LEARNER)
    if not member.connected or member.lag > etcd.index // 10:
        raise EtcdRefuses(NOT_IN_SYNC)
    started = sum(one.started for one in etcd.voters) + 1
    if started < quorum(len(etcd.voters) + 1):
        raise EtcdRefuses(NOT_ENOUGH_STARTED)
    member.learner = False
    etcd.note(member.machine)


def move_leader(etcd: Etcd, id: str) -> None:
    """Raises EtcdRefuses."""
    _with_leader(etcd)
    member = etcd.called(id)
    if member is None or member.learner:
        raise EtcdRefuses(BAD_TRANSFEREE)
    if not member.connected:
        raise EtcdRefuses(TRANSFER_TOO_LONG)
    etcd.lead(member)


def _with_leader(etcd: Etcd) -> None:
    if not etcd.led:
        raise EtcdRefuses(NO_LEADER)
