"""etcd as a control plane shows it, and what its members can be told."""

from collections.abc import AsyncIterator

from grpclib import GRPCError, Status

from talops.sim.etcd import Etcd, EtcdMember, NotEnoughStarted
from talops.sim.network.talos.calls import ADMIN, BACKUPS, OPERATORS, READERS_AND_BACKUPS, Node, Streaming, Unary
from talops.sim.network.talos.snapshot import snapshot
from talops.sim.network.talos.wire import machine_pb2 as wire
from talops.sim.refusals import control_planes_only, etcd_trouble
from talops.sim.tables import DB_BYTES, DB_IN_USE, PROTOCOL, STORAGE, member_errors, member_urls

_CHUNK = 4096


def _local(node: Node, what: str) -> EtcdMember:
    """The member on this machine. Raises GRPCError when it cannot be asked."""
    if not node.machine.control_plane:
        raise GRPCError(Status.UNIMPLEMENTED, control_planes_only(what))
    trouble = etcd_trouble(node.cluster, node.machine)
    member = node.cluster.etcd.member(node.machine)
    if trouble or member is None:
        raise GRPCError(Status.UNKNOWN, trouble)
    return member


def _with_leader(node: Node, what: str) -> Etcd:
    """For what needs a quorum. Any member of the cluster will do. Raises GRPCError."""
    if not node.machine.control_plane:
        raise GRPCError(Status.UNIMPLEMENTED, control_planes_only(what))
    if not node.cluster.etcd.quorate:
        raise GRPCError(Status.UNKNOWN, "etcdserver: no leader")
    return node.cluster.etcd


async def _members(node: Node, _request: wire.Empty) -> wire.EtcdMembers:
    _local(node, "member list")
    return wire.EtcdMembers(members=[_member(member) for member in node.cluster.etcd.members])


def _member(member: EtcdMember) -> wire.EtcdMember:
    peers, clients = member_urls(member)
    return wire.EtcdMember(
        id=int(member.id, 16),
        hostname=member.machine.hostname,
        peer_urls=[peers],
        client_urls=[clients],
        is_learner=member.learner,
    )


async def _status(node: Node, _request: wire.Empty) -> wire.EtcdStatus:
    member, etcd = _local(node, "etcd status"), node.cluster.etcd
    errors = member_errors(etcd)
    status = wire.EtcdMemberStatus(
        protocol_version=PROTOCOL,
        storage_version=STORAGE,
        db_size=DB_BYTES,
        db_size_in_use=DB_IN_USE,
        leader=int(etcd.leader, 16) if etcd.leader and etcd.quorate else 0,
        raft_index=etcd.index,
        raft_term=etcd.term,
        raft_applied_index=etcd.index,
        errors=[errors] if errors else [],
        is_learner=member.learner,
        member_id=int(member.id, 16),
    )
    return wire.EtcdStatus(member_status=status)


async def _alarms(node: Node, _request: wire.Empty) -> wire.EtcdAlarm:
    _local(node, "etcd alarm list")
    return _raised(node.cluster.etcd)


async def _disarm(node: Node, _request: wire.Empty) -> wire.EtcdAlarm:
    _local(node, "etcd alarm disarm")
    disarmed = _raised(node.cluster.etcd)
    node.cluster.etcd.disarm()
    return disarmed


def _raised(etcd: Etcd) -> wire.EtcdAlarm:
    return wire.EtcdAlarm(
        member_alarms=[wire.EtcdMemberAlarm(member_id=int(id, 16), alarm=alarm) for id, alarm in etcd.alarms.items()]
    )


async def _defragment(node: Node, _request: wire.Empty) -> wire.Addressed:
    _local(node, "etcd defragment")
    return wire.Addressed()


async def _forfeit(node: Node, _request: wire.Empty) -> wire.EtcdForfeitLeadership:
    etcd = _with_leader(node, "etcd forfeit leadership")
    member = etcd.member(node.machine)
    if member is None or etcd.leader != member.id:
        return wire.EtcdForfeitLeadership()
    if len(etcd.members) == 1:
        text = "failed to forfeit leadership: cannot forfeit leadership, only one member"
        raise GRPCError(Status.UNKNOWN, text)
    etcd.hand_over()
    return wire.EtcdForfeitLeadership(member=etcd.leader_hostname)


async def _remove(node: Node, request: wire.EtcdRemoveMemberByIDRequest) -> wire.Addressed:
    etcd = _with_leader(node, "etcd remove member")
    member = next((one for one in etcd.members if int(one.id, 16) == request.member_id), None)
    if member is None:
        raise GRPCError(Status.NOT_FOUND, "etcdserver: member not found")
    _without(etcd, member, "failed to remove member")
    return wire.Addressed()


async def _leave(node: Node, _request: wire.Empty) -> wire.Addressed:
    etcd = _with_leader(node, "etcd leave")
    member = etcd.member(node.machine)
    if member is None:
        raise GRPCError(Status.UNKNOWN, "failed to leave cluster: failed to list etcd members: member not found")
    _without(etcd, member, "failed to leave cluster")
    return wire.Addressed()


def _without(etcd: Etcd, member: EtcdMember, what: str) -> None:
    try:
        etcd.remove(member)
    except NotEnoughStarted as error:
        raise GRPCError(Status.UNKNOWN, f"{what}: {error}") from None


async def _snapshot(node: Node, _request: wire.Empty) -> AsyncIterator[wire.Data]:
    _local(node, "etcd snapshot")
    found = snapshot(node.cluster)
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
