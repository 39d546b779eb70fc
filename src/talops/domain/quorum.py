"""The arithmetic of etcd's quorum: what holds now, what would hold without a member, and what etcd itself would allow.

Pure, and by numbers alone: who counts as healthy is decided by whoever asks. Two invariants carry everything: two
quorums of the same voters share a voter, and so do a quorum before and one after a single voter comes or goes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum


def quorum(voters: int) -> int:
    """How many voters must agree."""
    return voters // 2 + 1


def losses_borne(voters: int) -> int:
    """How many of so many healthy voters may be lost and the rest still is a quorum."""
    return max(0, voters - quorum(voters))


def losses_left(voters: int, healthy: int) -> int:
    """How many more healthy voters may be lost. 0: not one. Negative: so many are missing from a quorum."""
    return healthy - quorum(voters)


def has_quorum(voters: int, healthy: int) -> bool:
    return losses_left(voters, healthy) >= 0


class Refusal(Enum):
    """Why etcd would not change its members, in its own words (etcd 3.6, its strict check of reconfigurations)."""

    NOT_FOUND = "etcdserver: member not found"
    NO_QUORUM = "etcdserver: request timed out"
    """Nothing can be agreed on; no member says so at once."""
    FEW_STARTED = "etcdserver: re-configuration failed due to not enough started members"
    UNHEALTHY = "etcdserver: unhealthy cluster"
    LEARNERS = "etcdserver: too many learner members in cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One member, as far as it counts. `started`: it has told etcd its name, once. `healthy`: it answers, and is well.

    A learner has no vote, whatever its health.
    """

    id: str
    voter: bool = True
    started: bool = True
    healthy: bool = True


@dataclass(frozen=True, slots=True)
class Membership:
    """All members of one etcd, each once."""

    peers: tuple[Peer, ...]

    @staticmethod
    def of(peers: Iterable[Peer]) -> "Membership":
        return Membership(tuple({peer.id: peer for peer in peers}.values()))

    @property
    def voters(self) -> int:
        return sum(peer.voter for peer in self.peers)

    @property
    def learners(self) -> int:
        return len(self.peers) - self.voters

    @property
    def healthy(self) -> int:
        """Healthy voters."""
        return sum(peer.voter and peer.healthy for peer in self.peers)

    @property
    def needs(self) -> int:
        return quorum(self.voters)

    @property
    def quorate(self) -> bool:
        return has_quorum(self.voters, self.healthy)

    @property
    def losses_left(self) -> int:
        """How many more healthy voters may be lost; negative: so many are missing."""
        return losses_left(self.voters, self.healthy)

    def peer(self, id: str) -> Peer | None:
        return next((peer for peer in self.peers if peer.id == id), None)

    def lost(self, *ids: str) -> "Membership":
        """These die and stay members: their votes count, and nobody casts them."""
        return Membership(tuple(replace(peer, healthy=False) if peer.id in ids else peer for peer in self.peers))

    def removed(self, id: str) -> "Membership":
        """It is no member any more, dead or alive."""
        return Membership(tuple(peer for peer in self.peers if peer.id != id))

    def added(self, peer: Peer) -> "Membership":
        return Membership.of((*self.peers, peer))

    def refuses_removal(self, id: str) -> Refusal | None:
        """What etcd would say to `member remove`, None when it would do it.

        It asks for a quorum of *started* voters among those that stay, be they dead; and, when the one that goes is
        alive, for a quorum of live ones, too. A learner may always go.
        """
        going = self.peer(id)
        left = self.removed(id)
        if going is None:
            return Refusal.NOT_FOUND
        if going.voter and not has_quorum(left.voters, left._started_voters):
            return Refusal.FEW_STARTED
        if going.voter and going.healthy and not left.quorate:
            return Refusal.UNHEALTHY
        return None if self.quorate else Refusal.NO_QUORUM

    def refuses_adding(self, *, learner: bool) -> Refusal | None:
        """What etcd would say to `member add`, None when it would do it. Talos adds a learner and promotes it later.

        One voter that is not well is enough to refuse any newcomer: it has to be removed, or mended, first.
        """
        voters, started = self.voters + 1, self._started_voters
        alone = (voters, started) == (2, 1)
        if not learner and not alone and not has_quorum(voters, started):
            return Refusal.FEW_STARTED
        if self.healthy < self.voters:
            return Refusal.UNHEALTHY
        if learner and self.learners:
            return Refusal.LEARNERS
        return None if self.quorate else Refusal.NO_QUORUM

    @property
    def _started_voters(self) -> int:
        return sum(peer.voter and peer.started for peer in self.peers)
