"""The Talos API on loopback: one port for each control plane, as a talosconfig lists them as endpoints."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from grpclib.config import Configuration
from grpclib.const import Cardinality
from grpclib.const import Handler as Route
from grpclib.encoding.base import CodecBase
from grpclib.events import _DispatchServerEvents
from grpclib.protocol import H2Protocol
from grpclib.server import Handler
from h2.config import H2Configuration

from talops.sim.cluster import Cluster
from talops.sim.machine import Machine
from talops.sim.network.pki import Authority
from talops.sim.network.ports import LOOPBACK
from talops.sim.network.pulse import Pulse
from talops.sim.network.talos.listener import Line, Listener
from talops.sim.network.talos.methods import METHODS
from talops.sim.network.talos.routing import Call, Router

_MESSAGE_WINDOW = 4 * 1024 * 1024


class _Bytes(CodecBase):
    """Messages are passed on as they are: only their node knows them."""

    __content_subtype__ = "proto"

    def encode(self, message: bytes, message_type: type[bytes]) -> bytes:  # noqa: ARG002
        return message

    def decode(self, data: bytes, message_type: type[bytes]) -> bytes:  # noqa: ARG002
        return data


class _Routes(dict[str, Route]):
    """Every path there may be: those that a node does not know, too, are refused by that node."""

    def __init__(self, router: Router, endpoint: Machine) -> None:
        super().__init__()
        self._router, self._endpoint = router, endpoint

    def __missing__(self, path: str) -> Route:
        async def answer(call: Call) -> None:
            await self._router.route(self._endpoint, path, call)

        return Route(answer, Cardinality.UNARY_STREAM, bytes, bytes)

    def get(self, path: str, _default: object = None) -> Route:
        return self[path]


class TalosDoor:
    """`kubeconfig` is what `talosctl kubeconfig` gives to an administrator. The cluster is touched in the loop only.

    `called` hears of every call that changes a machine.
    """

    def __init__(
        self,
        cluster: Cluster,
        pulse: Pulse,
        authority: Authority,
        *,
        kubeconfig: Callable[[], bytes],
        called: Callable[[Machine, str], None] = lambda _machine, _method: None,
    ) -> None:
        self._cluster, self._authority = cluster, authority
        self._router = Router(cluster, pulse, METHODS, authority, kubeconfig, called)
        self._listeners: dict[str, Listener] = {}
        self._handlers: set[Handler] = set()
        self._following: set[asyncio.Task[None]] = set()
        self._hearing: list[tuple[Machine, Callable[[], None]]] = []

    async def open(self, folder: Path, *, ports: Mapping[str, int] | None = None) -> Mapping[str, int]:
        """Listen. Gives the port of each control plane by hostname: `ports` where it names one, else a free one.

        `folder` is private: keys go through a file in it.
        """
        tls = self._context(self._authority, folder)
        foreign = self._context(Authority.talos(), folder)
        for machine in self._cluster.control_planes:
            serve = partial(self._serve, machine)
            self._listeners[machine.hostname] = Listener(
                tls, foreign, serve, port=(ports or {}).get(machine.hostname, 0)
            )
        for machine in self._cluster.machines.values():
            hear = partial(self._power, machine)
            machine.on_power.append(hear)
            self._hearing.append((machine, hear))
        await asyncio.gather(*(self._follow(machine) for machine in self._cluster.control_planes))
        return {hostname: listener.port for hostname, listener in self._listeners.items()}

    async def close(self) -> None:
        for machine, hear in self._hearing:
            machine.on_power.remove(hear)
        self._hearing.clear()
        for listener in self._listeners.values():
            listener.give_back()
        self._listeners.clear()
        await asyncio.gather(*self._following, *(handler.wait_closed() for handler in self._handlers))
        # what was aborted is told so in the next round of the loop
        await asyncio.sleep(0)

    async def set_line(self, hostname: str, line: Line) -> None:
        """From now on the network before this control plane is like that. Connections that there are break."""
        listener = self._listeners[hostname]
        listener.line = line
        listener.close()
        await self._follow(self._cluster.machines[hostname])

    def cut(self, hostname: str) -> None:
        """Break the connections to this control plane, now."""
        self._listeners[hostname].cut()

    async def _follow(self, machine: Machine) -> None:
        listener = self._listeners.get(machine.hostname)
        if listener is not None and machine.up:
            await listener.open()

    def _power(self, machine: Machine) -> None:
        """It went off, or it came up."""
        if not machine.up:
            self._router.went_off(machine)
            if machine.hostname in self._listeners:
                self._listeners[machine.hostname].close()
            return
        task = asyncio.get_running_loop().create_task(self._follow(machine))
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    def _serve(self, machine: Machine) -> asyncio.Protocol:
        self._handlers = {one for one in self._handlers if not (one.closing and one.check_closed())}
        handler = Handler(_Routes(self._router, machine), _Bytes(), None, _DispatchServerEvents())
        self._handlers.add(handler)
        return H2Protocol(handler, _CONFIGURATION, _H2)

    @staticmethod
    def _context(authority: Authority, folder: Path) -> ssl.SSLContext:
        credentials = authority.server([LOOPBACK, "localhost"])
        return authority.listening(credentials, folder, client_needed=True, protocols=["h2"])


_CONFIGURATION = Configuration(http2_stream_window_size=_MESSAGE_WINDOW).__for_server__()
_H2 = H2Configuration(client_side=False, header_encoding="ascii")
