"""etcd of the embedded cluster: members, a leader, a term, a quorum."""

from dataclasses import dataclass, field
from random import Random

from talops.sim.machine import Machine
from talops.sim.timeline import Timeline

ELECTION_SECONDS = 1.5


class NotEnoughStarted(Exception):
    """etcd refuses a change of its members that would cost its quorum."""

    def __init__(self) -> None:
        super().__init__("etcdserver: re-configuration failed due to not enough started members")


@dataclass(slots=True, kw_only=True)
class EtcdMember:
    id: str
    machine: Machine
    up: bool = True
    learner: bool = False


@dataclass(slots=True)
class Etcd:
    """`changes` counts what any member could show."""

    timeline: Timeline
    members: list[EtcdMember] = field(default_factory=list)
    leader: str = ""
    term: int = 4
    index: int = 53391
    changes: int = 0
    alarms: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of(machines: list[Machine], timeline: Timeline, random: Random) -> "Etcd":
        members = [EtcdMember(id=f"{random.getrandbits(64):016x}", machine=machine) for machine in machines]
        etcd = Etcd(timeline, members)
        etcd.leader = random.choice(members).id if members else ""
        return etcd

    @property
    def quorate(self) -> bool:
        voters = [member for member in self.members if not member.learner]
        return sum(member.up for member in voters) >= len(voters) // 2 + 1

    @property
    def leader_hostname(self) -> str:
        return next((member.machine.hostname for member in self.members if member.id == self.leader), "")

    def member(self, machine: Machine) -> EtcdMember | None:
        return next((member for member in self.members if member.machine is machine), None)

    def set_up(self, machine: Machine, up: bool) -> None:
        """Its etcd stopped or started. A lost leader is followed by an election, if there is a quorum to hold one."""
        member = self.member(machine)
        if member is None or member.up is (up and not machine.etcd_broken):
            return
        member.up = up and not machine.etcd_broken
        self.changes += 1
        if member.id == self.leader and not member.up:
            self.leader = ""
        if not self.leader:
            self.timeline.after(ELECTION_SECONDS, self.elect)

    def elect(self) -> None:
        if self.leader or not self.quorate:
            return
        candidates = [member for member in self.members if member.up and not member.learner]
        self.leader = candidates[self.term % len(candidates)].id
        self.term += 1
        self.index += 17
        self.changes += 1

    def hand_over(self) -> None:
        """The leader makes another member the leader."""
        candidates = [member for member in self.members if member.up and not member.learner]
        others = [member for member in candidates if member.id != self.leader]
        if others:
            self.leader = others[self.term % len(others)].id
            self.term += 1
            self.changes += 1

    def remove(self, member: EtcdMember) -> None:
        """Raises NotEnoughStarted. A machine whose member was removed has none until it is installed anew."""
        left = [one for one in self.members if one is not member]
        voters = [one for one in left if not one.learner]
        if sum(one.up for one in voters) < len(voters) // 2 + 1:
            raise NotEnoughStarted
        if self.leader == member.id:
            self.hand_over()
        self.members = left
        self.alarms.pop(member.id, None)
        self.changes += 1

    def disarm(self) -> None:
        self.alarms.clear()
        self.changes += 1
