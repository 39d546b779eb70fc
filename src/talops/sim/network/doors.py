"""Both doors of one sandbox, the configs that lead to them, and the faults of the network before them."""

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from talops.sim.network import configs
from talops.sim.network.kubernetes.door import KubernetesDoor
from talops.sim.network.kubernetes.instead import Instead
from talops.sim.network.pki import Authority
from talops.sim.network.ports import LOOPBACK
from talops.sim.network.sandbox import Sandbox
from talops.sim.network.talos.door import TalosDoor
from talops.sim.network.talos.listener import Line

_EXPIRED, _VALID = timedelta(hours=-1), timedelta(days=365)
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, for which Python has no name."""
_API_FAULTS: Mapping[str, Instead] = MappingProxyType(
    {
        "api-refused": Instead.REFUSE,
        "api-mute": Instead.MUTE,
        "api-unauthorized": Instead.UNAUTHORIZED,
        "api-forbidden": Instead.FORBIDDEN,
        "api-throttled": Instead.BUSY,
        "api-broken": Instead.BROKEN,
        "api-unavailable": Instead.UNAVAILABLE,
    }
)
_ENDPOINT_FAULTS: Mapping[str, Line] = MappingProxyType(
    {"endpoint-refused": Line.REFUSED, "endpoint-mute": Line.SILENT, "endpoint-wrong-ca": Line.FOREIGN}
)
"""Of several faults that are on, the first counts."""


@asynccontextmanager
async def opened(sandbox: Sandbox) -> AsyncIterator["Doors"]:
    """On free ports of loopback, with a talosconfig and a kubeconfig in the sandbox's folder."""
    doors = Doors(sandbox)
    try:
        await doors.open()
        yield doors
    finally:
        await doors.close()


class Doors:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox, self._cluster = sandbox, sandbox.cluster
        self._talos_ca, self._kubernetes_ca = Authority.talos(), Authority.kubernetes()
        self._kubeconfig, self._server = "", ""
        self._endpoints: list[str] = []
        self._lines: dict[str, Line] = {}
        self._written: dict[Path, tuple[bool, ...]] = {}
        """Which faults each config was written with."""
        self._kubernetes = KubernetesDoor(sandbox.cluster, sandbox.api, sandbox.pulse, ceph=sandbox.ceph)
        self._talos = TalosDoor(
            sandbox.cluster,
            sandbox.pulse,
            self._talos_ca,
            kubeconfig=lambda: self._kubeconfig.encode(),
            called=sandbox.history.called,
        )

    async def open(self) -> None:
        folder = self._sandbox.folder
        shown = self._kubernetes_ca.server([LOOPBACK, "localhost", "kubernetes", "kubernetes.default.svc"])
        context = self._kubernetes_ca.listening(shown, folder, client_needed=False, protocols=["http/1.1"])
        # an API server lets every certificate through the handshake, and answers 401 to one that has expired
        context.verify_flags |= _NO_CHECK_TIME
        port = await self._kubernetes.open(context)
        self._server = f"https://{LOOPBACK}:{port}"
        self._kubeconfig = self._a_kubeconfig()
        ports = await self._talos.open(folder)
        self._endpoints = [f"{LOOPBACK}:{port}" for port in ports.values()]
        self._lines = dict.fromkeys(ports, Line.OPEN)
        await self.follow()

    async def close(self) -> None:
        await self._talos.close()
        await self._kubernetes.close()
        self._kubernetes.give_up_port()

    async def follow(self) -> None:
        """The faults that are on have changed."""
        on = [fault for name, fault in _API_FAULTS.items() if self._cluster.faulty(name)]
        await self._kubernetes.behave(on[0] if on else None)
        for hostname, before in self._lines.items():
            lines = [line for name, line in _ENDPOINT_FAULTS.items() if self._cluster.faulty(name, hostname)]
            line = lines[0] if lines else Line.OPEN
            if line is not before:
                self._lines[hostname] = line
                await self._talos.set_line(hostname, line)
        self._cut()
        self._write(self._sandbox.talosconfig, self._a_talosconfig, "client-certificate-expired")
        self._write(self._sandbox.kubeconfig, self._a_kubeconfig, "kubeconfig-expired", "kubeconfig-wrong-ca")

    def _cut(self) -> None:
        """That one is over as soon as it has happened."""
        for fault in [fault for fault in self._cluster.faults if fault.name == "endpoint-cut"]:
            self._talos.cut(fault.hostname)
            self._cluster.faults.discard(fault)

    def _write(self, path: Path, make: Callable[..., str], *faults: str) -> None:
        """A new one, when another one of its faults is on than before. `make` takes whether each of them is."""
        on = tuple(self._cluster.faulty(name) for name in faults)
        if self._written.get(path) != on:
            self._written[path] = on
            configs.write(path, make(*on))

    def _a_talosconfig(self, expired: bool = False) -> str:
        nodes = [machine.address for machine in self._cluster.control_planes]
        admin = self._talos_ca.client(organizations=["os:admin"], life=_EXPIRED if expired else _VALID)
        ca = self._talos_ca.certificate
        return configs.talosconfig(self._name, ca, admin, endpoints=self._endpoints, nodes=nodes)

    def _a_kubeconfig(self, expired: bool = False, wrong_ca: bool = False) -> str:
        ca = Authority.kubernetes() if wrong_ca else self._kubernetes_ca
        life = _EXPIRED if expired else _VALID
        admin = self._kubernetes_ca.client(name="admin", organizations=["system:masters"], life=life)
        return configs.kubeconfig(self._name, self._server, ca.certificate, admin)

    @property
    def _name(self) -> str:
        return self._cluster.desired.cluster_name
