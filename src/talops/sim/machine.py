"""One Talos machine: two boot slots, a boot ID, a stage. It knows nothing of the cluster around it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from talops.domain.talos import Role, Version
from talops.sim.config.stored import StoredConfig, images_of, kubelet_of
from talops.sim.events import EventLog
from talops.sim.timeline import EPOCH


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What one boot slot holds. `schematic` is None for an installer that is not of the Image Factory."""

    version: Version
    schematic: str | None
    extensions: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Machine:
    """`changes` counts every change that the Talos API could show, so that answers can be remembered by it."""

    hostname: str
    role: Role
    addresses: tuple[str, ...]
    slots: dict[str, System | None]
    random: Random
    booted: str = "A"
    default: str = "A"
    boot_id: str = ""
    booted_at: datetime = EPOCH
    up: bool = True
    stage: str = "running"
    ready: bool = True
    upgraded_from: str = ""
    """META tag 6: the slot to go back to, until a boot has proven itself."""
    virtual_ip: str = ""
    """The virtual IP, while this machine holds it."""
    etcd_broken: bool = False
    changes: int = 0
    events: EventLog = field(default_factory=EventLog)
    sequence: str = ""
    """The sequence that is running, by its name: reboot, upgrade."""
    installing: bool = False
    """An installer runs while the node keeps serving."""
    config: StoredConfig = field(default_factory=lambda: StoredConfig(str))
    kubernetes: str = ""
    """The version of the kubelet that runs; empty for that of the files."""
    new_config: bool = False
    """This boot took another config than the one before it had."""
    stopped_services: set[str] = field(default_factory=set)
    """Services that are starting anew."""
    kubelet_restarts: int = 0
    static_pods: dict[str, int] = field(default_factory=dict)
    """Versions of the config of static pods that have changed in this boot."""
    api_away: bool = False
    """Its API server does not run, although the machine does."""
    images: dict[str, str] = field(default_factory=dict)
    """Of Kubernetes, by component, as the config names them; where it does not, they are those of the beginning."""
    pulled: set[str] = field(default_factory=set)
    """Images of Kubernetes that are on its disk."""
    on_power: list[Callable[[], None]] = field(default_factory=list)
    """Called when it went off or came up."""

    def __post_init__(self) -> None:
        self.boot_id = self.boot_id or self._new_boot_id()

    @property
    def address(self) -> str:
        return self.addresses[0]

    @property
    def system(self) -> System:
        system = self.slots[self.booted]
        assert system is not None
        return system

    @property
    def version(self) -> Version:
        return self.system.version

    @property
    def schematic(self) -> str | None:
        return self.system.schematic

    @property
    def control_plane(self) -> bool:
        return self.role is Role.CONTROL_PLANE

    @property
    def other_slot(self) -> str:
        return "B" if self.booted == "A" else "A"

    @property
    def machine_id(self) -> str:
        """The same for every boot."""
        return uuid.uuid5(uuid.NAMESPACE_DNS, self.hostname).hex

    def install(self, system: System) -> None:
        """What an installer does: write the slot that is not running and make it the next boot's."""
        self.slots[self.other_slot] = system
        self.upgraded_from = self.booted
        self.default = self.other_slot
        self.changes += 1

    def revert(self) -> None:
        """Make the slot from before the last installation the next boot's again."""
        if self.upgraded_from:
            self.default = self.upgraded_from
        self.upgraded_from = ""
        self.changes += 1

    def set_stage(self, stage: str, *, ready: bool, up: bool = True) -> None:
        switched = up is not self.up
        self.stage, self.ready, self.up = stage, ready, up
        self.changes += 1
        if switched:
            self.sequence, self.installing = "", False
            self.events.close()
            for hear in tuple(self.on_power):
                hear()

    def can_read_config(self) -> bool:
        """Whether the Talos of the next boot knows all that is in the config on the disk."""
        system = self.slots[self.default]
        if system is None or not self.config.seen:
            return True
        from talops.sim.config.documents import read
        from talops.sim.config.nodes import Unreadable

        try:
            read(self.config.on_disk, system.version.minor)
        except Unreadable:
            return False
        return True

    def boot(self) -> None:
        """Start from the default slot."""
        self.booted = self.default
        self.new_config = self.config.boot()
        if self.config.seen:
            self.kubernetes = kubelet_of(self.config.active) or self.kubernetes
            self.images |= images_of(self.config.active)
        self.stopped_services.clear()
        self.static_pods.clear()
        self.api_away = False
        self.kubelet_restarts = 0
        self.boot_id = self._new_boot_id()
        self.set_stage("booting", ready=False)

    def _new_boot_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))


def before_port(address: str) -> str:
    """As it stands before a port: an IPv6 address in brackets."""
    return f"[{address}]" if ":" in address else address
