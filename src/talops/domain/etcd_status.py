"""etcd as every control plane sees it, side by side: computed by `execute`, shown by `ui`."""

from dataclasses import dataclass
from enum import Enum

from talops.domain.health import Trouble, Urgency
from talops.domain.quorum import Membership
from talops.domain.talos import MemberStatus


class Quorum(Enum):
    HOLDS = "holds"
    LOST = "lost"
    UNKNOWN = "unknown"
    """Too few answer here to prove it, and nothing proves that it is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """One control plane of the files; or a member that belongs to none of them, whose `hostname` is empty.

    `id`, `name` and `peer_urls` are what the list of members says, empty where it has no such member. `status` is the
    member's own word, None when it gives none: then `silence` says why.
    """

    hostname: str
    address: str
    id: str
    name: str
    peer_urls: tuple[str, ...]
    learner: bool
    status: MemberStatus | None
    silence: str
    behind: int | None
    """Entries that it is behind the furthest one."""
    alarms: tuple[str, ...] | None
    """Their kinds, as far as anybody says; None when nobody does."""
    sees: int | None
    """How many members it lists."""
    agrees: bool | None
    """Whether it lists the same members as the others."""
    healthy: bool
    """Counts in the quorum: a voter that answers and follows a leader."""

    @property
    def label(self) -> str:
        return self.hostname or self.name or "(no name)"

    @property
    def leads(self) -> bool:
        return self.status is not None and self.status.leader == self.status.id

    @property
    def to_apply(self) -> int | None:
        """Entries that are committed and that it has not applied yet."""
        return None if self.status is None else max(0, self.status.raft_index - self.status.applied)


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """What would be left of the healthy voters if this one were lost, too. `leads`: a new leader is elected then."""

    label: str
    healthy: int
    stays: bool
    leads: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EtcdReport:
    """`troubles` are worst first. `answered`: at least one control plane has said anything about etcd."""

    cluster: str
    rows: tuple[MemberRow, ...]
    membership: Membership
    quorum: Quorum
    without: tuple[Without, ...]
    troubles: tuple[Trouble, ...]
    answered: bool
    listed: bool = True
    """Whether anybody says who the members are. Else the control planes of the files are counted as if they were."""

    @property
    def well(self) -> bool:
        return all(trouble.urgency is Urgency.TO_KNOW for trouble in self.troubles)
