"""etcd as a control plane shows it, and what its members can be told."""

from collections.abc import AsyncIterator, Callable
from typing import ParamSpec, TypeVar

from grpclib import GRPCError

from talops.sim import etcdapi
from talops.sim.network.talos.calls import (
    ADMIN,
    BACKUPS,
    OPERATORS,
    READERS_AND_BACKUPS,
    STATUSES,
    Node,
    Streaming,
    Unary,
)
from talops.sim.network.talos.wire import machine_pb2 as wire
from talops.sim.served import Refused
from talops.sim.tables import PROTOCOL, STORAGE, member_errors

_CHUNK = 4096
P = ParamSpec("P")
T = TypeVar("T")


def _asked(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Raises GRPCError for what the machine refuses."""
    try:
        return call(*args, **kwargs)
    except Refused as error:
        raise GRPCError(STATUSES[error.status.code], error.status.text) from None


async def _members(node: Node, _request: wire.Empty) -> wire.EtcdMembers:
    members = [
        wire.EtcdMember(
            id=int(member.id, 16),
            hostname=member.name,
            peer_urls=[member.peer_url],
            client_urls=[member.client_url] if member.client_url else [],
            is_learner=member.learner,
        )
        for member in _asked(etcdapi.members, node.cluster, node.machine)
    ]
    return wire.EtcdMembers(members=members)


async def _status(node: Node, _request: wire.Empty) -> wire.EtcdStatus:
    member, etcd = _asked(etcdapi.status, node.cluster, node.machine), node.cluster.etcd
    status = wire.EtcdMemberStatus(
        protocol_version=PROTOCOL,
        storage_version=STORAGE,
        db_size=member.db_bytes,
        db_size_in_use=member.in_use,
        leader=int(etcd.leader, 16) if etcd.led else 0,
        raft_index=etcd.index - member.lag,
        raft_term=etcd.term,
        raft_applied_index=etcd.index - member.lag,
        errors=member_errors(etcd),
        is_learner=member.learner,
        member_id=int(member.id, 16),
    )
    return wire.EtcdStatus(member_status=status)


async def _alarms(node: Node, _request: wire.Empty) -> wire.EtcdAlarm:
    return _raised(_asked(etcdapi.alarms, node.cluster, node.machine))


async def _disarm(node: Node, _request: wire.Empty) -> wire.EtcdAlarm:
    return _raised(_asked(etcdapi.disarm, node.cluster, node.machine))


def _raised(alarms: etcdapi.Alarms) -> wire.EtcdAlarm:
    return wire.EtcdAlarm(
        member_alarms=[wire.EtcdMemberAlarm(member_id=int(id, 16), alarm=alarm) for id, alarm in alarms]
    )


async def _defragment(node: Node, _request: wire.Empty) -> wire.Addressed:
    _asked(etcdapi.defragment, node.cluster, node.machine)
    return wire.Addressed()


async def _forfeit(node: Node, _request: wire.Empty) -> wire.EtcdForfeitLeadership:
    return wire.EtcdForfeitLeadership(member=_asked(etcdapi.forfeit, node.cluster, node.machine))


async def _remove(node: Node, request: wire.EtcdRemoveMemberByIDRequest) -> wire.Addressed:
    _asked(etcdapi.remove, node.cluster, node.machine, f"{request.member_id:016x}")
    return wire.Addressed()


async def _leave(node: Node, _request: wire.Empty) -> wire.Addressed:
    _asked(etcdapi.leave, node.cluster, node.machine)
    return wire.Addressed()


async def _snapshot(node: Node, _request: wire.Empty) -> AsyncIterator[wire.Data]:
    found = _asked(etcdapi.take_snapshot, node.cluster, node.machine).file
    for start in range(0, len(found), _CHUNK):
        yield wire.Data(bytes=found[start : start + _CHUNK])


_SERVICE = "/machine.MachineService"
METHODS = (
    Unary(f"{_SERVICE}/EtcdMemberList", wire.Empty, READERS_AND_BACKUPS, _members),
    Unary(f"{_SERVICE}/EtcdStatus", wire.Empty, READERS_AND_BACKUPS, _status),
    Unary(f"{_SERVICE}/EtcdAlarmList", wire.Empty, READERS_AND_BACKUPS, _alarms),
    Unary(f"{_SERVICE}/EtcdAlarmDisarm", wire.Empty, OPERATORS, _disarm),
    Unary(f"{_SERVICE}/EtcdDefragment", wire.Empty, OPERATORS, _defragment),
    Unary(f"{_SERVICE}/EtcdForfeitLeadership", wire.Empty, ADMIN, _forfeit),
    Unary(f"{_SERVICE}/EtcdRemoveMemberByID", wire.EtcdRemoveMemberByIDRequest, ADMIN, _remove),
    Unary(f"{_SERVICE}/EtcdLeaveCluster", wire.Empty, ADMIN, _leave),
    Streaming(f"{_SERVICE}/EtcdSnapshot", wire.Empty, BACKUPS, _snapshot),
)
