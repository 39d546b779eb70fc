"""The edges of one run, and what is remembered about the cluster from one observation to the next."""

from dataclasses import dataclass, field

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.kubernetes import KubeNode
from talops.domain.process import Clock, Instant, Kube, Runner
from talops.domain.talos import Version
from talops.tools.calls import Talosctl


class Files:
    """The nodes of the files, indexed by what a live node can be known by."""

    def __init__(self, desired: Desired) -> None:
        self.desired = desired
        self.addresses = tuple(node.addresses[0] for node in desired.nodes)
        self.control_planes = tuple((node.hostname, node.addresses[0]) for node in desired.control_planes)
        self._by_address = {address: node for node in desired.nodes for address in node.addresses}
        self._by_name = {node.hostname: node for node in desired.nodes}

    def of_kube(self, node: KubeNode) -> DesiredNode | None:
        """By InternalIP, since hostnames may differ; by name where the files give names instead of addresses."""
        for address in node.addresses:
            found = self._by_address.get(address)
            if found is not None:
                return found
        return self._by_address.get(node.name) or (None if node.addresses else self._by_name.get(node.name))

    def of_machine(self, hostname: str, addresses: tuple[str, ...]) -> DesiredNode | None:
        """A Talos machine. Its first address may be the VIP, so any counts."""
        known = (self._by_address.get(address) for address in addresses)
        return next((node for node in known if node), None) or self._by_name.get(hostname)


@dataclass(slots=True)
class Presence:
    """What is known about one operator's API. `absent_since` is the first of the answers that lacked it."""

    installed: bool = False
    absent_since: Instant | None = None
    absent: bool = False


@dataclass(slots=True)
class Memory:
    """Remembered for one run: proofs that need two answers, and what cannot change meanwhile."""

    files: Files | None = None
    presence: dict[str, Presence] = field(default_factory=dict)
    talosctl: Version | None = None

    def of(self, desired: Desired) -> Files:
        if self.files is None or self.files.desired is not desired:
            self.files = Files(desired)
        return self.files


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The tools of one run: all real or all simulated."""

    runner: Runner
    kube: Kube
    talosctl: Talosctl
    clock: Clock
    memory: Memory = field(default_factory=Memory, repr=False, compare=False)
