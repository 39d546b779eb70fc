"""etcd of the embedded cluster: members, a leader, a term, a quorum."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from talops.sim.machine import Machine, before_port
from talops.sim.timeline import Timeline

ELECTION_SECONDS = 1.5
DB_BYTES, DB_IN_USE = 23_068_672, 7_340_032
"""What `etcd status` shows as 23 MB and 7.3 MB (31.82%)."""
NOSPACE = "NOSPACE"
QUOTA_BYTES = 2 * 1024**3
"""A member whose file is as large as that raises NOSPACE at the next write. Source: etcd's default, and Talos'."""
_NEXT_WRITE = 2.0


@dataclass(slots=True, kw_only=True)
class EtcdMember:
    """`started`: it has told the others its name, once. `lag`: entries that it is behind the leader."""

    id: str
    machine: Machine
    up: bool = True
    learner: bool = False
    started: bool = True
    lag: int = 0
    db_bytes: int = DB_BYTES
    in_use: int = DB_IN_USE

    @property
    def name(self) -> str:
        return self.machine.hostname if self.started else ""

    @property
    def connected(self) -> bool:
        """The others have a connection to it."""
        return self.up and self.started

    @property
    def peer_url(self) -> str:
        return f"https://{before_port(self.machine.address)}:2380"

    @property
    def client_url(self) -> str:
        return f"https://{before_port(self.machine.address)}:2379" if self.started else ""


@dataclass(slots=True)
class Etcd:
    """`changes` counts what any member could show. `alarms`: by the ID of the member that raised it."""

    timeline: Timeline
    members: list[EtcdMember] = field(default_factory=list)
    leader: str = ""
    term: int = 4
    index: int = 53391
    changes: int = 0
    alarms: dict[str, str] = field(default_factory=dict)
    joining: dict[str, str] = field(default_factory=dict)
    """Machines that want to come in, by hostname, and why they were last refused."""
    since: dict[str, datetime] = field(default_factory=dict)
    """When something last became of the etcd of a machine, by hostname."""
    removed: list[EtcdMember] = field(default_factory=list)
    """Whoever was taken out: what they have on their disks lets them into no cluster any more."""

    @staticmethod
    def of(machines: list[Machine], timeline: Timeline, random: Random) -> "Etcd":
        members = [EtcdMember(id=f"{random.getrandbits(64):016x}", machine=machine) for machine in machines]
        etcd = Etcd(timeline, members)
        etcd.leader = random.choice(members).id if members else ""
        return etcd

    @property
    def voters(self) -> Sequence[EtcdMember]:
        return [member for member in self.members if not member.learner]

    @property
    def listed(self) -> Sequence[EtcdMember]:
        """As etcd lists them."""
        return sorted(self.members, key=lambda member: member.id)

    @property
    def quorate(self) -> bool:
        voters = self.voters
        return sum(member.connected for member in voters) >= quorum(len(voters))

    @property
    def led(self) -> bool:
        """Its members know of a leader, and have the quorum that keeps one."""
        return bool(self.leader) and self.quorate

    @property
    def full(self) -> bool:
        """No member takes a write that needs room."""
        return NOSPACE in self.alarms.values()

    @property
    def leader_hostname(self) -> str:
        return next((member.machine.hostname for member in self.members if member.id == self.leader), "")

    def member(self, machine: Machine) -> EtcdMember | None:
        return next((member for member in self.members if member.machine is machine), None)

    def called(self, id: str) -> EtcdMember | None:
        return next((member for member in self.members if member.id == id), None)

    def note(self, machine: Machine) -> None:
        """Something became of its etcd now."""
        self.since[machine.hostname] = self.timeline.wall()
        self.changes += 1

    def set_up(self, machine: Machine, up: bool) -> None:
        """Its etcd stopped or started. A lost leader is followed by an election, if there is a quorum to hold one."""
        member = self.member(machine)
        if member is None or member.up is (up and not machine.etcd_broken):
            return
        member.up = up and not machine.etcd_broken
        self.note(machine)
        if member.id == self.leader and not member.up:
            self.leader = ""
        self.seek_leader()

    def seek_leader(self) -> None:
        if not self.leader:
            self.timeline.after(ELECTION_SECONDS, self.elect)

    def elect(self) -> None:
        if self.leader or not self.quorate:
            return
        candidates = [member for member in self.voters if member.connected]
        self.leader = candidates[self.term % len(candidates)].id
        self.term += 1
        self.index += 17
        self.changes += 1

    def lead(self, member: EtcdMember) -> None:
        """The leader makes this one the leader."""
        self.leader = member.id
        self.term += 1
        self.changes += 1

    def hand_over(self) -> None:
        """The leader makes another member the leader."""
        candidates = [member for member in self.voters if member.connected]
        others = [member for member in candidates if member.id != self.leader]
        if others:
            self.lead(others[self.term % len(others)])

    def defragment(self, member: EtcdMember) -> None:
        """Its file becomes as small as what is in it."""
        member.db_bytes = member.in_use
        self.changes += 1

    def fill(self, member: EtcdMember) -> None:
        """So much was written, and deleted again, that there is no room in this member's file, and little in others."""
        for one in self.members:
            one.db_bytes, one.in_use = QUOTA_BYTES * 97 // 100, QUOTA_BYTES // 5
        member.db_bytes = QUOTA_BYTES
        self.write()

    def empty(self) -> None:
        """Nothing of that is left."""
        for member in self.members:
            member.db_bytes, member.in_use = DB_BYTES, DB_IN_USE
        self.disarm()

    def write(self) -> None:
        """Whoever has no room for it says so."""
        full = {one.id: NOSPACE for one in self.members if one.up and one.db_bytes >= QUOTA_BYTES}
        self.alarms |= full if self.led else {}
        self.changes += 1

    def disarm(self) -> None:
        """Where there is no more room than before, the next write raises the alarm again."""
        self.alarms.clear()
        self.changes += 1
        self.timeline.after(_NEXT_WRITE, self.write)


def quorum(voters: int) -> int:
    """How many of them must agree."""
    return voters // 2 + 1
