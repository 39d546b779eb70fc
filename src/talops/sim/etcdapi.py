"""What the Talos API of a control plane does about etcd, and what it answers. Both doors say it in these words.

Source: Talos v1.13.0, v1alpha1_server.go and internal/pkg/etcd. In one thing it is kinder than the real one, which
waits without end for a member that does not run, and for alarms where there is no leader: here they are refused at
once.
"""

from collections.abc import Sequence

from talops.sim import membership
from talops.sim.cluster import Cluster
from talops.sim.etcd import Etcd, EtcdMember
from talops.sim.machine import Machine
from talops.sim.membership import NO_LEADER, NOT_FOR_LEARNERS, NOT_FOUND, EtcdRefuses
from talops.sim.refusals import control_planes_only, etcd_trouble
from talops.sim.served import Code, Refused, Status
from talops.sim.snapshot import Snapshot, snapshot

Alarms = Sequence[tuple[str, str]]
"""ID of a member, and what it has raised."""


def _refuse(code: Code, text: str) -> Refused:
    return Refused(Status(code, text))


def _local(cluster: Cluster, machine: Machine, what: str) -> EtcdMember:
    """The member on this machine. Raises Refused when it cannot be asked."""
    _control_plane(machine, what)
    trouble = etcd_trouble(cluster, machine)
    member = cluster.etcd.member(machine)
    if trouble or member is None:
        raise _refuse(Code.UNKNOWN, trouble)
    return member


def _control_plane(machine: Machine, what: str) -> None:
    if not machine.control_plane:
        raise _refuse(Code.UNIMPLEMENTED, control_planes_only(what))


def _agreeing(cluster: Cluster, machine: Machine, what: str, doing: str = "") -> EtcdMember:
    """As `_local`, for what a learner does not do, and what a member does only where it has a leader."""
    member = _local(cluster, machine, what)
    if member.learner:
        raise _refuse(Code.UNKNOWN, doing + NOT_FOR_LEARNERS)
    if not cluster.etcd.led:
        raise _refuse(Code.UNKNOWN, doing + NO_LEADER)
    return member


def _anywhere(cluster: Cluster, machine: Machine, what: str, doing: str) -> Etcd:
    """For what is asked of any member. Raises Refused without a leader."""
    _control_plane(machine, what)
    if not cluster.etcd.led:
        raise _refuse(Code.UNKNOWN, doing + NO_LEADER)
    return cluster.etcd


def members(cluster: Cluster, machine: Machine) -> Sequence[EtcdMember]:
    """Raises Refused, as all of these."""
    _agreeing(cluster, machine, "member list")
    return cluster.etcd.listed


def status(cluster: Cluster, machine: Machine) -> EtcdMember:
    return _local(cluster, machine, "etcd status")


def alarms(cluster: Cluster, machine: Machine) -> Alarms:
    _agreeing(cluster, machine, "etcd alarm list", "failed to list etcd alarms: ")
    return _raised(cluster.etcd)


def disarm(cluster: Cluster, machine: Machine) -> Alarms:
    """Every alarm of every member. Gives those that there were."""
    _agreeing(cluster, machine, "etcd alarm disarm", "failed to disarm etcd alarm: ")
    raised = _raised(cluster.etcd)
    cluster.etcd.disarm()
    return raised


def _raised(etcd: Etcd) -> Alarms:
    return sorted(etcd.alarms.items())


def defragment(cluster: Cluster, machine: Machine) -> None:
    member = _local(cluster, machine, "etcd defragment")
    if member.learner:
        raise _refuse(Code.UNKNOWN, f"failed to defragment etcd: {NOT_FOR_LEARNERS}")
    cluster.etcd.defragment(member)


def take_snapshot(cluster: Cluster, machine: Machine) -> Snapshot:
    """A learner gives one, too, and so does a member without a leader."""
    _local(cluster, machine, "etcd snapshot")
    return snapshot(cluster)


def remove(cluster: Cluster, machine: Machine, id: str) -> None:
    """`machine` is asked; it passes the question on to any member."""
    etcd = _anywhere(cluster, machine, "etcd remove member", f"failed to remove member: {_removing(id)}")
    try:
        membership.remove(etcd, id)
    except EtcdRefuses as error:
        if str(error) == NOT_FOUND:
            raise _refuse(Code.NOT_FOUND, NOT_FOUND) from None
        raise _refuse(Code.UNKNOWN, f"failed to remove member: {_removing(id)}{error}") from None


def _removing(id: str) -> str:
    return f"failed to remove member {int(id, 16)}: "


def leave(cluster: Cluster, machine: Machine) -> None:
    etcd = _anywhere(cluster, machine, "etcd leave", "failed to leave cluster: ")
    member = etcd.member(machine)
    if member is None:
        raise _refuse(Code.UNKNOWN, "failed to leave cluster: failed to get local etcd member ID")
    try:
        membership.remove(etcd, member.id)
    except EtcdRefuses as error:
        raise _refuse(Code.UNKNOWN, f"failed to leave cluster: {_removing(member.id)}{error}") from None


def forfeit(cluster: Cluster, machine: Machine) -> str:
    """The name of the new leader; empty when this machine was none. It takes the first member that is not itself."""
    what = "failed to forfeit leadership: "
    etcd = _anywhere(cluster, machine, "etcd forfeit leadership", f"{what}failed to list etcd members: ")
    member = etcd.member(machine)
    if len(etcd.members) == 1:
        raise _refuse(Code.UNKNOWN, f"{what}cannot forfeit leadership, only one member")
    if member is None or etcd.leader != member.id:
        return ""
    other = next(one for one in etcd.listed if one is not member)
    try:
        membership.move_leader(etcd, other.id)
    except EtcdRefuses as error:
        raise _refuse(Code.UNKNOWN, f"{what}{error}") from None
    return other.name
