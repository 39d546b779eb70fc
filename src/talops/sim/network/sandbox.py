"""One practice cluster: the embedded cluster in the time of the wall, and what a person may do to it."""

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from talops.domain.sandbox import Orders, SandboxNode, SandboxStatus
from talops.sim.apiserver import api_server
from talops.sim.build import SETTLING, build
from talops.sim.ceph import Ceph
from talops.sim.faults import SANDBOX_FAULTS, Fault, parse_fault
from talops.sim.machine import Machine
from talops.sim.network.history import History
from talops.sim.network.pulse import Pulse
from talops.sim.timeline import Timeline

LISTED = "talops sandbox fault --list"
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boot_time() -> float:
    """Seconds that a closed laptop counts, too. macOS has no CLOCK_BOOTTIME; its CLOCK_MONOTONIC counts sleep."""
    return time.clock_gettime(_BOOT_CLOCK)


class Sandbox:
    """Must be made inside the loop that serves it. Raises UsageError for a fault that there is not."""

    def __init__(self, orders: Orders, folder: Path) -> None:
        self.orders, self.folder = orders, folder
        self._began = boot_time()
        faults = [self._parsed(text) for text in orders.faults]
        timeline = Timeline(datetime.now(UTC) - timedelta(seconds=SETTLING), speed=orders.speed)
        self.cluster, self._parts = build(
            orders.desired,
            start=orders.start,
            faults=faults,
            seed=orders.seed,
            timeline=timeline,
            configs=orders.configs,
            kubernetes=orders.kubernetes,
        )
        self.api = api_server(self.cluster, user="admin")
        self.pulse = Pulse(timeline, boot_time)
        self.history = History(self.cluster)

    @property
    def ceph(self) -> Ceph | None:
        return self._parts.ceph

    @property
    def talosconfig(self) -> Path:
        return self.folder / "talosconfig"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def status(self) -> SandboxStatus:
        self.pulse.advance()
        return SandboxStatus(
            schema=1,
            name=self.orders.name,
            cluster=self.orders.desired.cluster_name,
            pid=os.getpid(),
            up=round(boot_time() - self._began, 1),
            speed=self.orders.speed,
            repository=self.orders.repository,
            talosconfig=str(self.talosconfig),
            kubeconfig=str(self.kubeconfig),
            faults=sorted(map(str, self.cluster.faults)),
            nodes=[self._node(machine) for machine in self.cluster.machines.values()],
            history=list(self.history.events()),
        )

    def begin(self, texts: Sequence[str]) -> None:
        """Let these faults begin. Raises UsageError for one that there is not, before any has begun."""
        self.pulse.advance()
        for fault in [self._parsed(text) for text in texts]:
            self._parts.trouble.begin(fault)

    def mend(self, texts: Sequence[str]) -> None:
        """Let these end, or all of them when none is named. Raises UsageError for one that there is not."""
        self.pulse.advance()
        found = [self._parsed(text) for text in texts]
        for fault in found:
            self._parts.trouble.end(fault)
        if not found:
            self._parts.trouble.end_all()

    def _parsed(self, text: str) -> Fault:
        return parse_fault(text, self.orders.desired, SANDBOX_FAULTS, listed=LISTED)

    def _node(self, machine: Machine) -> SandboxNode:
        other = machine.slots[machine.other_slot]
        node = self.cluster.store.get("nodes", machine.hostname)
        ready = node is not None and node["status"]["conditions"][0]["status"] == "True"
        return SandboxNode(
            hostname=machine.hostname,
            role=machine.role.value,
            address=machine.address,
            version=str(machine.version),
            slot=machine.booted,
            other=str(other.version) if other is not None else "",
            state="off" if not machine.up else "installing" if machine.installing else machine.stage,
            kubernetes="gone" if node is None else "Ready" if ready else "NotReady",
            cordoned=node is not None and bool(node["spec"].get("unschedulable")),
        )
