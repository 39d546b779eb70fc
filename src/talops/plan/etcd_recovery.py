"""What is the matter with etcd, by name, and what to do about it: commands with their reasons. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.quorum import quorum
from talops.domain.standing import Condition, Seat, Standing
from talops.domain.talos import EtcdView, ServiceState, Unknown
from talops.domain.words import count, size
from talops.plan import etcd_advice as advice
from talops.plan.etcd import told
from talops.plan.etcd_advice import Advice
from talops.plan.etcd_care import CORRUPT, NOSPACE

NO_DATA = {"Preparing", "Initialized", "Starting"}
"""States of a service etcd that has no data of its own yet: it tries to join. One that has data runs, or fails.

Source: Talos' service_runner.go and services/etcd.go: who joins stays in its pre state until it is taken in.
"""


class Kind(Enum):
    """The value is what a person calls it."""

    WELL = "nothing is wrong"
    QUORUM_LOST = "quorum lost"
    CORRUPT = "a member's data is corrupt"
    NOSPACE = "no space"
    UNCLEAR = "the members do not agree"
    STUCK = "a replacement stuck joining"
    MEMBER_LOST = "a dead member, with quorum"
    OUT_OF_REACH = "a member that cannot be judged from here"
    MEMBER_DOWN = "a member that is down, with quorum"
    JOINING = "a member that is joining"
    MISSING = "a control plane without a member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`remove` and `watch` are what `talops etcd recover` carries out by itself, if it may."""

    kind: Kind
    what: str
    advice: tuple[Advice, ...] = ()
    remove: Seat | None = None
    watch: DesiredNode | None = None

    @property
    def carried_out(self) -> bool:
        return self.remove is not None or self.watch is not None


def diagnose(desired: Desired, standing: Standing | Unknown, views: Sequence[EtcdView]) -> tuple[Case, ...]:
    """Every case that there is, the one to begin with first."""
    if isinstance(standing, Unknown) or not standing.membership.quorate:
        return (_quorum_lost(desired, standing, views),)
    found = [*_alarmed(standing), *_unclear(standing)]
    if standing.doubts:
        return tuple(found)
    stuck = list(_stuck(standing))
    taken = {case.remove.id for case in stuck if case.remove}
    waiting = {case.watch.hostname for case in stuck if case.watch}
    found += stuck
    found += [_not_well(seat) for seat in standing.seats if not seat.well and seat.id not in taken]
    found += _joining(standing, waiting, alone=not found)
    return tuple(found) or (Case(kind=Kind.WELL, what=_all_well(standing)),)


def joins_without_data(view: EtcdView) -> bool:
    """Its node runs, and etcd on it tries to become a member."""
    return isinstance(view.service, ServiceState) and view.service.state in NO_DATA


def _quorum_lost(desired: Desired, standing: Standing | Unknown, views: Sequence[EtcdView]) -> Case:
    if isinstance(standing, Unknown):
        voters = len(desired.control_planes)
        what = (
            f"no control plane tells who the members are ({standing.reason}). The files name "
            f"{count(voters, 'control plane')}, so quorum needs {quorum(voters)}"
        )
    else:
        membership = standing.membership
        what = (
            f"{membership.healthy} of {count(membership.voters, 'voter')} are healthy, and quorum needs "
            f"{membership.needs}: etcd writes nothing, and the Kubernetes API with it"
        )
    return Case(kind=Kind.QUORUM_LOST, what=what, advice=tuple(advice.quorum_lost(desired, standing, views)))


def _alarmed(standing: Standing) -> Iterator[Case]:
    for alarm in (one for one in standing.alarms if one.kind == CORRUPT):
        seat = standing.of_id(alarm.member)
        name = seat.name if seat else alarm.member
        what = f"{name} has the alarm CORRUPT: its data is not what the other members have"
        yield Case(kind=Kind.CORRUPT, what=what, advice=tuple(advice.wiped(seat)) if seat else ())
    full = [standing.of_id(alarm.member) for alarm in standing.alarms if alarm.kind == NOSPACE]
    if full:
        names = ", ".join(_with_size(seat) for seat in full if seat) or "a member that is gone"
        what = f"the alarm NOSPACE is raised by {names}: etcd takes no writes until it is disarmed"
        yield Case(kind=Kind.NOSPACE, what=what, advice=tuple(advice.nospace()))


def _with_size(seat: Seat) -> str:
    status = seat.status
    if status is None or not status.db_bytes:
        return seat.name
    return f"{seat.name} ({size(status.db_bytes)}, of which {size(status.in_use_bytes)} in use)"


def _unclear(standing: Standing) -> Iterator[Case]:
    for doubt in standing.doubts:
        yield Case(kind=Kind.UNCLEAR, what=doubt, advice=(advice.LOOK,))


def _stuck(standing: Standing) -> Iterator[Case]:
    """A node that runs and has no member, and a dead member in its way: etcd takes no newcomer while one is not well.

    The dead one is at the node's own address, or at an address that the files do not know any more.
    """
    waiting = {node.hostname: (node, view) for node, view in standing.homeless if joins_without_data(view)}
    for seat in (one for one in standing.seats if not one.well and one.voter):
        own = waiting.pop(seat.node.hostname, None) if seat.node else None
        if own is None and seat.node is not None:
            if _replaced(seat, standing):
                yield _stuck_case(seat, seat.node, "its node was installed anew, and has another member now")
            continue
        if own is None and (seat.condition is not Condition.SILENT or not waiting):
            continue
        node, view = own or waiting.pop(next(iter(waiting)))
        state = told(view.service) if isinstance(view.service, ServiceState) else ""
        yield _stuck_case(seat, node, f"{node.hostname} runs, and its etcd cannot join: {state}")


def _replaced(seat: Seat, standing: Standing) -> bool:
    """Another member says that it lives where this one did."""
    return any(
        other.status is not None and other.node is not None and other.node == seat.node
        for other in standing.seats
        if other.id != seat.id
    )


def _stuck_case(seat: Seat, node: DesiredNode, why: str) -> Case:
    name = seat.member.hostname or "which never started"
    return Case(
        kind=Kind.STUCK,
        what=f"{why}. The member {seat.id}, {name}, is dead; while a dead one is in the list, etcd takes no new one",
        advice=tuple(advice.stuck(seat, node)),
        remove=seat,
        watch=node,
    )


def _not_well(seat: Seat) -> Case:
    why = f": {seat.why}" if seat.why else ""
    what = f"{seat.name} ({seat.id}) {seat.condition.value}{why}"
    if seat.condition is Condition.SILENT:
        return Case(kind=Kind.MEMBER_LOST, what=what, advice=tuple(advice.lost(seat)))
    if seat.condition is Condition.UNKNOWN:
        return Case(kind=Kind.OUT_OF_REACH, what=what, advice=tuple(advice.out_of_reach(seat)))
    return Case(kind=Kind.MEMBER_DOWN, what=what, advice=tuple(advice.down(seat)))


def _joining(standing: Standing, waiting: set[str], *, alone: bool) -> Iterator[Case]:
    for seat in standing.seats:
        if seat.well and not seat.voter:
            what = f"{seat.name} is a learner: it copies the data, and becomes a voter when it has caught up"
            node = seat.node if alone else None
            yield Case(kind=Kind.JOINING, what=what, advice=tuple(advice.joining(seat.address)), watch=node)
    for node, view in standing.homeless:
        if node.hostname in waiting or any(seat.node == node for seat in standing.seats):
            continue
        if isinstance(view.service, ServiceState):
            what = f"{node.hostname} runs, and no member lives on it yet; of its etcd it says: {told(view.service)}"
            watch = node if alone and joins_without_data(view) else None
            yield Case(kind=Kind.JOINING, what=what, advice=tuple(advice.joining(node.addresses[0])), watch=watch)
        else:
            what = f"no member lives on {node.hostname}, and it does not answer: {view.service.reason}"
            yield Case(kind=Kind.MISSING, what=what, advice=tuple(advice.missing(node)))


def _all_well(standing: Standing) -> str:
    membership = standing.membership
    led = f", led by {standing.leads.name}" if standing.leads else ""
    borne = count(max(0, membership.losses_left), "loss", "losses")
    who = f"all {membership.voters} voters are" if membership.voters > 1 else "the only voter is"
    return f"{who} healthy{led}; {borne} can be borne"
