"""The embedded etcd, with the steps that a real one is played with."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from play import cluster

from contract.etcd_real import checked
from contract.etcd_steps import FOUNDERS, OK, OTHERS
from contract.states import NOW
from talops.domain.process import Request
from talops.domain.talos import Role
from talops.sim import etcdapi, membership
from talops.sim.etcd import Etcd, EtcdMember
from talops.sim.machine import Machine
from talops.sim.membership import EtcdRefuses
from talops.sim.served import Refused
from talops.sim.tables import member_errors
from talops.sim.world import World
from talops.tools import requests

NOBODY = "0" * 15 + "1"


@dataclass(slots=True)
class EmbeddedEtcd:
    """Implements Steps. The first three control planes are the members, the others stand beside."""

    world: World = field(default_factory=lambda: cluster().world)
    machines: dict[str, Machine] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.machines = dict(zip(FOUNDERS, self.world.truth.cluster.control_planes, strict=True))
        for number, name in enumerate(OTHERS, start=50):
            self.machines[name] = Machine(
                hostname=name,
                role=Role.CONTROL_PLANE,
                addresses=(f"10.1.0.{number}",),
                slots=self.machines["m1"].slots,
                random=Random(number),
            )

    @property
    def etcd(self) -> Etcd:
        return self.world.truth.etcd

    def member(self, name: str) -> EtcdMember | None:
        return self.etcd.member(self.machines[name]) if name in self.machines else None

    def id(self, name: str) -> str:
        member = self.member(name)
        return NOBODY if member is None else member.id

    def named(self, id: str) -> str:
        return next((name for name in self.machines if self.id(name) == id), "nobody")

    def ask(self, at: str, call: Callable[[Machine], str]) -> str:
        """What the Talos API of its machine says, without what Talos says before etcd's words."""
        try:
            return call(self.machines[at])
        except Refused as error:
            return error.status.text[error.status.text.index("etcdserver") :]

    @staticmethod
    def said(act: Callable[[], object]) -> str:
        try:
            act()
        except EtcdRefuses as error:
            return str(error)
        return OK

    def members(self, at: str) -> str:
        def told(machine: Machine) -> str:
            found = etcdapi.members(self.world.truth.cluster, machine)
            ids = [int(one.id, 16) for one in found]
            rows = sorted(
                self.named(one.id)
                + ("" if one.name else " unnamed")
                + ("" if one.client_url else " unreachable")
                + (" learner" if one.learner else "")
                for one in found
            )
            return ", ".join((*rows, "by ID" if ids == sorted(ids) else "in disorder"))

        return self.ask(at, told)

    def status(self, at: str) -> str:
        def told(machine: Machine) -> str:
            asked = etcdapi.status(self.world.truth.cluster, machine)
            leader = self.named(self.etcd.leader) if self.etcd.led else "nobody"
            errors = member_errors(self.etcd)
            for member in self.etcd.members:
                number, name = str(int(member.id, 16)), self.named(member.id)
                errors = [error.replace(number, name) for error in errors]
            return f"led by {leader}{', a learner' if asked.learner else ''}, {errors}"

        return self.ask(at, told)

    def add(self, at: str, new: str, *, learner: bool) -> str:
        id = f"{self.world.truth.cluster.random.getrandbits(64):016x}"
        return self.said(lambda: membership.add(self.etcd, id, self.machines[new], learner=learner))

    def remove(self, at: str, name: str) -> str:
        return self.ask(at, lambda machine: self.removed(machine, name))

    def removed(self, machine: Machine, name: str) -> str:
        etcdapi.remove(self.world.truth.cluster, machine, self.id(name))
        return OK

    def promote(self, at: str, name: str) -> str:
        return self.said(lambda: membership.promote(self.etcd, self.id(name)))

    def lead(self, name: str) -> str:
        member = self.member(name)
        assert member is not None
        if self.etcd.leader != member.id:
            self.etcd.lead(member)
        return OK

    def move_leader(self, at: str, to: str) -> str:
        if self.etcd.led and self.id(at) != self.etcd.leader:
            return "etcdserver: not leader"
        return self.said(lambda: membership.move_leader(self.etcd, self.id(to)))

    def start(self, name: str) -> str:
        member = self.member(name)
        assert member is not None
        member.started = True
        self.etcd.set_up(member.machine, True)
        return OK

    def kill(self, name: str) -> str:
        self.etcd.set_up(self.machines[name], False)
        self.world.advance(10)
        return OK

    def ended(self, name: str) -> str:
        from talops.sim.services import services

        found = services(self.world.truth.cluster, self.machines[name])
        etcd = next(one for one in found if one.id == "etcd")
        return "exit 0" if "exited without error" in etcd.last_event else etcd.last_event

    def fill(self, name: str) -> str:
        member = self.member(name)
        assert member is not None
        self.etcd.fill(member)
        return self.write(name)

    def write(self, at: str) -> str:
        """As the API server does it that is beside this member."""
        member = self.member(at)
        if member is not None and member.learner:
            return membership.NOT_FOR_LEARNERS
        self.world.advance(5)
        reply = self.world.kube.gather((_WRITE,))[0]
        return OK if reply.status in {200, 201, 409} else str(json.loads(reply.body)["message"])

    def alarms(self, at: str) -> str:
        return self.ask(at, lambda machine: self.listed(etcdapi.alarms(self.world.truth.cluster, machine)))

    def disarm(self, at: str) -> str:
        return self.ask(at, lambda machine: self.listed(etcdapi.disarm(self.world.truth.cluster, machine)))

    def listed(self, alarms: etcdapi.Alarms) -> str:
        return str(sorted((self.named(id), alarm) for id, alarm in alarms))

    def defragment(self, name: str) -> str:
        member = self.member(name)
        assert member is not None
        before = member.db_bytes
        etcdapi.defragment(self.world.truth.cluster, member.machine)
        return f"{OK}, {'smaller' if member.db_bytes < before else 'as large as before'}"

    def snapshot(self, at: str) -> str:
        return checked(etcdapi.take_snapshot(self.world.truth.cluster, self.machines[at]).file)


_WRITE: Request = requests.lease_create("me", NOW, 60)
