"""The embedded cluster: machines that reboot, an etcd that keeps quorum or does not, and what Kubernetes sees of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol
from urllib.parse import urlsplit

from talops.domain.cluster import Desired
from talops.sim.etcd import Etcd
from talops.sim.events import Event, MachineStatusEvent
from talops.sim.faults import Fault
from talops.sim.kube.health import NO_QUORUM
from talops.sim.kube.store import ObjectStore
from talops.sim.kubelet import Kubelet
from talops.sim.machine import Machine, System
from talops.sim.timeline import Timeline

API_GAP = 4.0
"""Seconds until the virtual IP, or a load balancer, has found another API server."""
NOT_READY_AFTER = 45.0
"""Seconds after which the node controller gives a silent kubelet up."""
DOWN_AT_LEAST = 2.0
"""Seconds of the wall: a talosctl that looks again after one must see that a machine was down."""


class Client(Protocol):
    """A talosctl at work on one machine."""

    hostname: str
    began: float
    nodes: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def alive(self) -> bool: ...

    def break_off(self) -> None: ...


@dataclass(slots=True)
class Cluster:
    """The truth. `went_down` lists hostnames in the order in which they went; `most_down` how many ever together."""

    desired: Desired
    timeline: Timeline
    random: Random
    store: ObjectStore
    machines: dict[str, Machine]
    etcd: Etcd
    faults: set[Fault]
    kubelet: Kubelet
    catalog: dict[str | None, tuple[str, ...]] = field(default_factory=dict)
    went_down: list[str] = field(default_factory=list)
    down: set[str] = field(default_factory=set)
    most_down: int = 0
    api_gap_until: float = 0.0
    changes: int = 0
    on_ready: list[Callable[[Machine], None]] = field(default_factory=list)
    """Called when a machine is Ready in Kubernetes again after a boot."""
    on_network: list[Callable[[Machine], None]] = field(default_factory=list)
    """Called when a machine has got its CNI plugin."""
    on_down: list[Callable[[Machine], None]] = field(default_factory=list)
    """Called when a machine begins to go down because it was told to."""
    held: dict[Fault, Callable[[], None]] = field(default_factory=dict)
    """What a fault keeps a machine from doing. It goes on when the fault is over."""
    clients: list[Client] = field(default_factory=list)
    """Every talosctl that was started to change a machine."""
    control_planes: Sequence[Machine] = field(init=False)
    _by_address: dict[str, Machine] = field(init=False)

    def __post_init__(self) -> None:
        self.control_planes = [machine for machine in self.machines.values() if machine.control_plane]
        self._by_address = {address: machine for machine in self.machines.values() for address in machine.addresses}

    def faulty(self, name: str, hostname: str = "") -> bool:
        return Fault(name=name, hostname=hostname) in self.faults

    def holds(self, name: str, machine: Machine, go_on: Callable[[], None]) -> bool:
        """Whether this fault stops the machine here; `go_on` is what then happens when it is over."""
        fault = Fault(name=name, hostname=machine.hostname)
        if fault in self.faults:
            self.held[fault] = go_on
        return fault in self.faults

    def by_address(self, address: str) -> Machine | None:
        return self._by_address.get(address)

    def api_problem(self) -> str:
        """Why no Kubernetes API server is of use now; empty when one is."""
        return self.api_refused() or ("" if self.etcd.quorate else NO_QUORUM)

    def api_refused(self) -> str:
        """Why no Kubernetes API server can be connected to now; empty when one can."""
        endpoint = urlsplit(self.desired.endpoint)
        own = self.by_address(endpoint.hostname or "")
        servers = self.control_planes if own is None else [own]
        running = any(machine.up and machine.stage == "running" and not machine.api_away for machine in servers)
        # the virtual IP stays where it is while the API server behind it starts anew
        running &= not any(machine.api_away for machine in servers if machine.virtual_ip == endpoint.hostname)
        moving = own is None and self.timeline.now < self.api_gap_until
        flaps = self.faulty("api-flaps") and self.timeline.now * self.timeline.speed % 97 < 6
        if running and not moving and not flaps:
            return ""
        return f"dial tcp {endpoint.netloc}: connect: connection refused"

    def touch(self) -> None:
        """Something that the Talos API shows has changed."""
        self.changes += 1

    def publish(self, machine: Machine, event: Event, actor: str = "") -> None:
        machine.events.publish(event, self.timeline.wall(), actor)

    def later(self, machine: Machine, seconds: float, action: Callable[[], None], *, at_least: float = 0.0) -> None:
        """Something that the machine does by itself: a reboot, or the power going off, is the end of it."""
        boot_id = machine.boot_id

        def unless_rebooted() -> None:
            if machine.up and machine.boot_id == boot_id:
                action()

        self.timeline.after(seconds, unless_rebooted, at_least=at_least)

    def go_down(self, machine: Machine, stage: str) -> None:
        """It begins to go down because it was told to."""
        for hear in self.on_down:
            hear(machine)
        self.went_down.append(machine.hostname)
        self.down.add(machine.hostname)
        self.most_down = max(self.most_down, len(self.down))
        self.enter(machine, stage)

    def enter(self, machine: Machine, stage: str, *, ready: bool = False) -> None:
        machine.set_stage(stage, ready=ready)
        self.publish(machine, MachineStatusEvent(stage=stage, ready=ready))
        self.touch()

    def power_cut(self, machine: Machine) -> None:
        """It is off from one moment to the next, without a goodbye to anybody."""
        self.etcd.set_up(machine, False)
        self._move_virtual_ip(machine)
        machine.set_stage("booting", ready=False, up=False)
        self.held = {fault: go_on for fault, go_on in self.held.items() if fault.hostname != machine.hostname}
        self.held[Fault(name="power-cut", hostname=machine.hostname)] = lambda: self.boot(machine)
        self.touch()
        self.timeline.after(NOT_READY_AFTER, lambda: self._give_up(machine))

    def register(self) -> None:
        """What persons took away comes back: etcd where a machine runs, and Kubernetes nodes that were deleted."""
        for machine in self.machines.values():
            if machine.up and machine.stage == "running":
                self.etcd.set_up(machine, True)
            if self.store.get("nodes", machine.hostname) is None:
                self.kubelet.register(machine)

    def stop_services(self, machine: Machine) -> None:
        self.etcd.set_up(machine, False)
        self.kubelet.stopped(machine)
        self._move_virtual_ip(machine)
        self.touch()

    def _move_virtual_ip(self, machine: Machine) -> None:
        if machine.virtual_ip:
            self.api_gap_until = self.timeline.now + API_GAP / self.timeline.speed
            self.timeline.after(API_GAP, self.place_virtual_ip)

    def place_virtual_ip(self) -> None:
        """Give it to the first control plane that runs, unless its holder still does."""
        vips = self.desired.virtual_ips
        if not vips:
            return
        holder = next((machine for machine in self.control_planes if machine.virtual_ip), None)
        if holder is not None and holder.up and holder.stage == "running":
            return
        if holder is not None:
            holder.virtual_ip = ""
            holder.changes += 1
        new = next((machine for machine in self.control_planes if machine.up and machine.stage == "running"), None)
        if new is not None:
            new.virtual_ip = vips[0]
            new.changes += 1
        self.changes += 1

    def power_off(self, machine: Machine) -> None:
        """And on again, from the default slot."""
        if not machine.up:
            return
        if self.holds("hangs-rebooting", machine, lambda: self.power_off(machine)):
            return
        machine.set_stage("rebooting", ready=False, up=False)
        self.touch()
        self.timeline.after(NOT_READY_AFTER, lambda: self._give_up(machine))
        if not self.holds("never-returns", machine, lambda: self.boot(machine)):
            self.timeline.after(self._about(35), lambda: self.boot(machine), at_least=DOWN_AT_LEAST)

    def _give_up(self, machine: Machine) -> None:
        if not machine.up:
            self.kubelet.lost(machine)

    def boot(self, machine: Machine) -> None:
        if not machine.can_read_config():
            self._lose(machine)
            return
        machine.boot()
        machine.booted_at = self.timeline.wall()
        self._spoil(machine)
        self.enter(machine, "booting")
        if self._rolls_back(machine):
            self.later(machine, 20, lambda: self._roll_back(machine))
            return
        self.later(machine, 8, lambda: self._start_services(machine))
        self.later(machine, self._about(14), lambda: self.kubelet.started(machine))
        if machine.upgraded_from and self.holds("stays-booting", machine, lambda: self.settled(machine)):
            return
        self.later(machine, self._about(22), lambda: self.settled(machine))

    def _lose(self, machine: Machine) -> None:
        """A Talos that cannot read its config waits for another one for ever, and its API has no certificates.

        Whoever mends it boots the other slot at the console. Source: Talos v1.13.0, acquire.go.
        """

        def boot_the_other() -> None:
            machine.default = machine.other_slot if machine.default == machine.booted else machine.booted
            self.boot(machine)

        self.held[Fault(name="config-unreadable", hostname=machine.hostname)] = boot_the_other

    def _spoil(self, machine: Machine) -> None:
        if self.faulty("extension-lost", machine.hostname) and machine.upgraded_from:
            system = machine.system
            machine.slots[machine.booted] = System(version=system.version, schematic=None, extensions=())

    def _rolls_back(self, machine: Machine) -> bool:
        return bool(machine.upgraded_from) and self.faulty("silent-rollback", machine.hostname)

    def _roll_back(self, machine: Machine) -> None:
        machine.revert()
        machine.set_stage("rebooting", ready=False, up=False)
        self.touch()
        self.timeline.after(self._about(30), lambda: self.boot(machine), at_least=DOWN_AT_LEAST)

    def _start_services(self, machine: Machine) -> None:
        self.etcd.set_up(machine, True)
        if machine.hostname in self.etcd.joining:
            from talops.sim.etcdjoin import join

            join(self, machine)
        self.touch()

    def settled(self, machine: Machine) -> None:
        """Its boot is over, unless its etcd has still to come in: whoever brings that about says so again."""
        if not machine.up or machine.hostname in self.etcd.joining:
            return
        if self._kubelet_fails(machine):
            self.enter(machine, "running")
            self.place_virtual_ip()
            return
        # the boot has proven itself: there is nothing to go back to by itself
        machine.upgraded_from = ""
        self.enter(machine, "running", ready=machine.hostname not in self.kubelet.without_network)
        self.place_virtual_ip()
        self.later(machine, self._about(6), lambda: self._ready(machine))

    def _kubelet_fails(self, machine: Machine) -> bool:
        new = (("kubelet-stays-down", machine.upgraded_from), ("kubelet-fails-after-apply", machine.new_config))
        return any(is_new and self.holds(name, machine, lambda: self.settled(machine)) for name, is_new in new)

    def _ready(self, machine: Machine) -> None:
        if machine.stage != "running":
            return
        self.kubelet.ready(machine)
        self.down.discard(machine.hostname)
        for hear in self.on_ready:
            hear(machine)

    def _about(self, seconds: float) -> float:
        return seconds * self.random.uniform(0.8, 1.25)
