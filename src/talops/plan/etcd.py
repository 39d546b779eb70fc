"""Who is who in etcd: each member with the node that it lives on, and how it is. Pure, from what was heard."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.standing import Condition, Seat, Standing
from talops.domain.talos import (
    NOT_ASKED,
    Alarm,
    EtcdView,
    Member,
    MemberStatus,
    ServiceState,
    Unknown,
    most_telling,
)

_ALARM = "alarm:"
"""In what a status says of an alarm, which is no fault of the member that says it."""


def standing(desired: Desired, views: Sequence[EtcdView]) -> Standing | Unknown:
    """Unknown when no control plane tells who the members are."""
    lists = [(one.hostname, one.members) for one in views if isinstance(one.members, tuple)]
    known = [(host, members) for host, members in lists if members]
    if not known:
        gaps = [gap for one in views for gap in (one.status, one.members) if isinstance(gap, Unknown)]
        return most_telling(gaps) if gaps else Unknown("the files name no control plane")
    members = {member.id: member for _, found in known for member in found}
    seats = tuple(_seat(member, desired, views) for member in members.values())
    statuses = [seat.status for seat in seats if seat.status and seat.well]
    leaders = {status.leader for status in statuses}
    seats = tuple(_alive_if_followed(seat, leaders) for seat in seats)
    taken = {seat.node.hostname for seat in seats if seat.node and seat.status}
    by_host = {one.hostname: one for one in views}
    return Standing(
        seats=seats,
        leader=leaders.pop() if len(leaders) == 1 else "",
        alarms=_alarms(views),
        doubts=tuple(_doubts(known, {status.leader for status in statuses}, views)),
        homeless=tuple(
            (node, by_host[node.hostname])
            for node in desired.control_planes
            if node.hostname in by_host and node.hostname not in taken
        ),
    )


def addresses_of(member: Member) -> tuple[str, ...]:
    """The hosts of its peer URLs."""
    return tuple(host for host in (_host(url) for url in member.peer_urls) if host)


def strangers(desired: Desired, views: Sequence[EtcdView]) -> tuple[tuple[str, str], ...]:
    """Name and address of each member whose address no node of the files has. They can be asked all the same."""
    known = {same(address) for node in desired.nodes for address in node.addresses}
    lists = (one.members for one in views if isinstance(one.members, tuple))
    found: dict[str, str] = {}
    for member in (member for members in lists for member in members):
        for host in addresses_of(member)[:1]:
            if same(host) not in known:
                found.setdefault(host, member.hostname or member.id)
    return tuple((name, host) for host, name in found.items())


def faults_of(status: MemberStatus) -> str:
    """What keeps a member from being asked for anything, by its own word. An alarm for want of space does not."""
    if not status.leader.strip("0"):
        return "sees no leader"
    errors = [word for word in status.errors.split(", ") if word and _ALARM not in word]
    return f"reports errors: {', '.join(errors)}" if errors else ""


def _seat(member: Member, desired: Desired, views: Sequence[EtcdView]) -> Seat:
    own = next((one for one in views if _is(one, member)), None)
    node = _node_of(member, desired, own)
    there = own or next((one for one in views if _lives_there(one, member, node)), None)
    address = there.address if there else next(iter(addresses_of(member)), "")
    condition, why = _condition(member, there)
    status = own.status if own and isinstance(own.status, MemberStatus) else None
    return Seat(member=member, node=node, address=address, condition=condition, why=why, status=status)


def _is(view: EtcdView, member: Member) -> bool:
    return isinstance(view.status, MemberStatus) and view.status.id == member.id


def _node_of(member: Member, desired: Desired, own: EtcdView | None) -> DesiredNode | None:
    """By its own word, by its address, and by its name only where no other address speaks against that."""
    if own is not None:
        named = [node for node in desired.control_planes if node.hostname == own.hostname]
        return named[0] if named else None
    hosts = {same(host) for host in addresses_of(member)}
    for node in desired.control_planes:
        if hosts & {same(address) for address in node.addresses}:
            return node
    if hosts and all(_is_address(host) for host in hosts):
        return None
    return next((node for node in desired.control_planes if node.hostname == member.hostname), None)


def _lives_there(view: EtcdView, member: Member, node: DesiredNode | None) -> bool:
    if node is not None:
        return view.hostname == node.hostname
    return same(view.address) in {same(host) for host in addresses_of(member)}


def _condition(member: Member, there: EtcdView | None) -> tuple[Condition, str]:
    if there is None:
        return Condition.UNKNOWN, "the files know no node of it, and its address cannot be asked"
    status, service = there.status, there.service
    if isinstance(status, MemberStatus):
        if status.id != member.id:
            return Condition.DOWN, f"its node runs another member now, {status.id}"
        fault = faults_of(status)
        return (Condition.ILL, fault) if fault else (Condition.WELL, "")
    if status.forbidden:
        return Condition.UNKNOWN, status.reason
    if isinstance(service, Unknown):
        gap = status if service == NOT_ASKED else service
        return (Condition.UNKNOWN if gap.forbidden else Condition.SILENT), gap.reason
    if (service.state, service.health) == ("Running", "OK"):
        return Condition.UNKNOWN, f"its node calls it Running and well, and it does not tell of itself: {status.reason}"
    return Condition.DOWN, f"its node answers, and says of etcd: {told(service)}"


def told(service: ServiceState) -> str:
    """One service in words."""
    health = {"OK": ", well", "Fail": ", not well"}.get(service.health, "")
    return f"{service.state}{health}" + (f" ({service.event})" if service.event else "")


def _alive_if_followed(seat: Seat, leaders: Collection[str]) -> Seat:
    """Whoever leads is alive, whether or not it answers us."""
    if seat.condition is not Condition.SILENT or seat.id not in leaders:
        return seat
    why = f"the others follow it as their leader, so it is alive, and only out of our reach ({seat.why})"
    return replace(seat, condition=Condition.UNKNOWN, why=why)


def _doubts(known: Sequence[tuple[str, Sequence[Member]]], leaders: set[str], views: Sequence[EtcdView]) -> list[str]:
    found = []
    first_host, first = known[0]
    for host, members in known[1:]:
        if {member.id for member in members} != {member.id for member in first}:
            found.append(f"{first_host} and {host} list different members")
    if len(leaders) > 1:
        found.append("the members do not agree on a leader")
    owners: dict[str, str] = {}
    for view in (one for one in views if isinstance(one.status, MemberStatus)):
        id = view.status.id if isinstance(view.status, MemberStatus) else ""
        other = owners.setdefault(id, view.hostname)
        if other != view.hostname:
            found.append(f"{view.hostname} and {other} say that they are the same member")
    return found


def _alarms(views: Sequence[EtcdView]) -> tuple[Alarm, ...]:
    lists = [one.alarms for one in views if isinstance(one.alarms, tuple)]
    return tuple(dict.fromkeys(alarm for alarms in lists for alarm in alarms))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def same(address: str) -> str:
    """One spelling for each address: an IPv6 one has many."""
    try:
        return str(ip_address(address))
    except ValueError:
        return address.lower()


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True
