"""etcd at one moment, put together: each member with the node that it lives on, and how it is."""

from dataclasses import dataclass
from enum import Enum

from talops.domain.cluster import DesiredNode
from talops.domain.quorum import Membership, Peer
from talops.domain.talos import Alarm, EtcdView, Member, MemberStatus, Unknown

UP_TO_DATE = 1000
"""Entries that a member may be behind the furthest one and still be up to date: the views are taken nearly at once."""


def is_silent(view: EtcdView) -> bool:
    """Its node says nothing at all: neither etcd nor Talos."""
    return isinstance(view.status, Unknown) and isinstance(view.service, Unknown)


class Condition(Enum):
    WELL = "is well"
    ILL = "is not well"
    DOWN = "is down"
    SILENT = "does not answer"
    UNKNOWN = "cannot be judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One member, with the node of the files that it lives on (None: they know none) and how it is.

    `address` is that of its node, as far as one can be told. `why` are words for its condition.
    """

    member: Member
    node: DesiredNode | None
    address: str
    condition: Condition
    why: str = ""
    status: MemberStatus | None = None
    """What it says of itself."""

    @property
    def id(self) -> str:
        return self.member.id

    @property
    def name(self) -> str:
        """As a person calls it."""
        return (self.node.hostname if self.node else "") or self.member.hostname or self.member.id

    @property
    def well(self) -> bool:
        return self.condition is Condition.WELL

    @property
    def voter(self) -> bool:
        return not self.member.learner


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """etcd at one moment. `doubts`: why what was seen is nothing to act upon. `homeless`: control planes of the files
    that no member lives on, each with what it said."""

    seats: tuple[Seat, ...]
    leader: str
    alarms: tuple[Alarm, ...]
    doubts: tuple[str, ...]
    homeless: tuple[tuple[DesiredNode, EtcdView], ...]

    @property
    def membership(self) -> Membership:
        return Membership.of(
            Peer(id=seat.id, voter=seat.voter, started=bool(seat.member.hostname), healthy=seat.well)
            for seat in self.seats
        )

    def of_id(self, id: str) -> Seat | None:
        return next((seat for seat in self.seats if seat.id == id), None)

    @property
    def leads(self) -> Seat | None:
        return self.of_id(self.leader)

    @property
    def furthest(self) -> int:
        return max((seat.status.applied for seat in self.seats if seat.status), default=0)

    def up_to_date(self, seat: Seat) -> bool:
        return seat.status is not None and self.furthest - seat.status.applied <= UP_TO_DATE

    @property
    def speakers(self) -> tuple[Seat, ...]:
        """Voters that are well: who may be asked to change something. The leader last: it has enough to do."""
        found = [seat for seat in self.seats if seat.well and seat.voter]
        return tuple(sorted(found, key=lambda seat: (not self.up_to_date(seat), seat.id == self.leader)))
