"""What every control plane says about etcd, put together: rows, and the quorum now and without each one. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.etcd_status import EtcdReport, MemberRow, Quorum, Without
from talops.domain.quorum import Membership, Peer
from talops.domain.talos import Alarm, EtcdView, Member, MemberStatus, Unknown
from talops.execute.etcd_troubles import Seen, troubles

CORRUPT = "CORRUPT"


def etcd_report(desired: Desired, views: Sequence[EtcdView]) -> EtcdReport:
    """`views` are of the control planes of the files, each as it was asked by itself."""
    members = members_by(views)
    voting = members or _assumed(views)
    counted = counted_voters(voting, views)
    now = Membership.of(
        Peer(id=one.id, voter=not one.learner, started=bool(one.hostname), healthy=one.id in counted) for one in voting
    )
    rows = tuple(_rows(desired, views, members, counted))
    quorum = _quorum(now, views)
    seen = Seen(rows=rows, views=tuple(views), members=members, quorum=quorum)
    return EtcdReport(
        cluster=desired.cluster_name,
        rows=rows,
        membership=now,
        quorum=quorum,
        without=tuple(_without(now, rows)),
        listed=bool(members),
        troubles=troubles(seen),
        answered=any(not isinstance(part, Unknown) for view in views for part in (view.status, view.members)),
    )


def members_by(views: Sequence[EtcdView]) -> tuple[Member, ...]:
    """The members: as the leader lists them, else as most do, else as the longest list has them."""
    lists = [view.members for view in views if isinstance(view.members, tuple) and view.members]
    for view in views:
        leads = isinstance(view.status, MemberStatus) and view.status.leader == view.status.id
        if leads and isinstance(view.members, tuple) and view.members:
            return view.members
    often = Counter(frozenset(member.id for member in members) for members in lists)
    return max(lists, key=lambda members: (often[frozenset(one.id for one in members)], len(members)), default=())


def _assumed(views: Sequence[EtcdView]) -> tuple[Member, ...]:
    """Without a quorum nobody lists the members: then the control planes of the files are taken for them."""
    statuses = {view.hostname: view.status for view in views if isinstance(view.status, MemberStatus)}
    return tuple(
        Member(
            id=statuses[view.hostname].id if view.hostname in statuses else view.hostname,
            hostname=view.hostname,
            peer_urls=(),
            learner=view.hostname in statuses and statuses[view.hostname].learner,
        )
        for view in views
        if statuses
    )


def counted_voters(members: Sequence[Member], views: Sequence[EtcdView]) -> frozenset[str]:
    """Voters that answer and follow a leader; where nobody sees a leader, those that answer.

    An alarm of NOSPACE takes nobody's vote away, unlike data that is not the others'.
    """
    said = [view.status for view in views if isinstance(view.status, MemberStatus)]
    led = any(map(sees_leader, said))
    corrupt = {alarm.member for alarm in alarms_of(views) or () if alarm.kind == CORRUPT}
    up = {status.id for status in said if not status.learner and (sees_leader(status) or not led)}
    return frozenset(member.id for member in members if not member.learner) & up - corrupt


def sees_leader(status: MemberStatus) -> bool:
    return bool(status.leader.strip("0"))


def alarms_of(views: Sequence[EtcdView]) -> tuple[Alarm, ...] | None:
    """Every alarm that anybody sees; None when nobody says."""
    said = [view.alarms for view in views if isinstance(view.alarms, tuple)]
    return tuple(dict.fromkeys(alarm for alarms in said for alarm in alarms)) if said else None


def _rows(
    desired: Desired, views: Sequence[EtcdView], members: Sequence[Member], counted: frozenset[str]
) -> Iterator[MemberRow]:
    left = {member.id: member for member in members}
    said = [view.status for view in views if isinstance(view.status, MemberStatus)]
    owned = {status.id for status in said}
    furthest = max((status.raft_index for status in said), default=0)
    for node, view in zip(desired.control_planes, views, strict=True):
        own = view.status.id if isinstance(view.status, MemberStatus) else _of_node(node, left, owned)
        yield _row(node, view, left.pop(own, None), views, members, counted, furthest)
    for member in left.values():
        yield _row(None, None, member, views, members, counted, furthest)


def _of_node(node: DesiredNode, members: Mapping[str, Member], owned: set[str]) -> str:
    """The member that lives on a node which does not say so itself, by its address or by its name."""
    free = [member for member in members.values() if member.id not in owned]
    by_address = (one.id for one in free if {urlsplit(url).hostname for url in one.peer_urls} & set(node.addresses))
    by_name = (one.id for one in free if one.hostname == node.hostname)
    return next(by_address, "") or next(by_name, "")


def _row(
    node: DesiredNode | None,
    view: EtcdView | None,
    member: Member | None,
    views: Sequence[EtcdView],
    members: Sequence[Member],
    counted: frozenset[str],
    furthest: int,
) -> MemberRow:
    status = view.status if view is not None and isinstance(view.status, MemberStatus) else None
    listed = view.members if view is not None and isinstance(view.members, tuple) else None
    alarms = alarms_of(views)
    id = status.id if status is not None else member.id if member is not None else ""
    return MemberRow(
        hostname=node.hostname if node is not None else "",
        address=node.addresses[0] if node is not None else "",
        id=id,
        name=member.hostname if member is not None else "",
        peer_urls=member.peer_urls if member is not None else (),
        learner=status.learner if status is not None else member is not None and member.learner,
        status=status,
        silence=_silence(view, member),
        behind=None if status is None else furthest - status.raft_index,
        alarms=None if alarms is None else tuple(alarm.kind for alarm in alarms if alarm.member == id),
        sees=None if listed is None else len(listed),
        agrees=None if listed is None else {one.id for one in listed} == {one.id for one in members},
        healthy=id in counted,
    )


def _silence(view: EtcdView | None, member: Member | None) -> str:
    if view is not None:
        return _why(view.status, view) if isinstance(view.status, Unknown) else ""
    started = member is not None and member.hostname
    return "no control plane of the files: not asked" if started else "added, and never started"


def _why(gap: Unknown, view: EtcdView) -> str:
    """Talos on its node knows more than the etcd that does not answer."""
    service = view.service
    if isinstance(service, Unknown):
        return gap.reason
    if service.state == "Running" and service.health != "Fail":
        return f"{gap.reason}, although its service runs"
    return f"its service is {service.state}" + (f": {service.event}" if service.event else "")


def _quorum(now: Membership, views: Sequence[EtcdView]) -> Quorum:
    """A member that follows a leader proves that there is a quorum, whoever else answers here: without one a leader
    steps down. Members that do not answer may be well elsewhere, so nothing but their word proves that it is lost.
    """
    said = [view.status for view in views if isinstance(view.status, MemberStatus)]
    if not said or not now.voters:
        return Quorum.UNKNOWN
    if any(map(sees_leader, said)):
        return Quorum.HOLDS if now.quorate else Quorum.UNKNOWN
    return Quorum.UNKNOWN if now.quorate else Quorum.LOST


def _without(now: Membership, rows: Sequence[MemberRow]) -> Iterator[Without]:
    """Of each voter. Those that nobody hears from are lost already: without them it is as it is now."""
    for row in rows:
        peer = now.peer(row.id)
        if peer is not None and peer.voter:
            left = now.lost(row.id)
            yield Without(label=row.label, healthy=left.healthy, stays=left.quorate, leads=row.leads)
