"""The port: open while an API server can be connected to, refused while none can, and the same one all the time."""

import asyncio
import socket
import ssl
from contextlib import suppress

from aiohttp import web

from talops.sim.ceph import Ceph
from talops.sim.cluster import Cluster
from talops.sim.controllers import Controllers
from talops.sim.kube.api import KubeApi
from talops.sim.network.kubernetes.answering import Answering
from talops.sim.network.kubernetes.instead import Instead
from talops.sim.network.ports import BACKLOG, bound
from talops.sim.network.pulse import Pulse

_LOOK_AGAIN = 0.05
"""Seconds between looks while the port is closed: its opening may come with time alone."""


class KubernetesDoor:
    """Serves `api` over HTTPS. Everything happens in the loop's own thread, after `pulse.advance()`.

    `ceph` is what the Ceph toolbox speaks of. Users come from client certificates.
    """

    def __init__(self, cluster: Cluster, api: KubeApi, pulse: Pulse, *, ceph: Ceph | None = None) -> None:
        self._cluster, self._pulse = cluster, pulse
        if ceph is not None:
            ceph.install_toolbox()
        Controllers(cluster)
        self._answering = Answering(cluster, api, ceph)
        self._instead: Instead | None = None
        self._context: ssl.SSLContext | None = None
        self._place: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._http: web.Server | None = None
        self._changed = asyncio.Event()
        self._opening = asyncio.Lock()
        self._keeper: asyncio.Task[None] | None = None
        pulse.on_advance.append(self._follow)

    @property
    def instead(self) -> Instead | None:
        """What the server does with every request instead of answering it; None: it answers."""
        return self._instead

    async def behave(self, fault: Instead | None) -> None:
        """Do this with every request from now on; None: answer it. The port is as it should be when this returns."""
        self._instead = self._answering.instead = fault
        self._follow()
        await self.settle()

    async def settle(self) -> None:
        """Open the port if that is due; a port that must refuse does so already."""
        async with self._opening:
            if self._http is not None and self._server is None and not self._refuses():
                listener = bound(self._port)
                loop = asyncio.get_running_loop()
                self._server = await loop.create_server(self._http, sock=listener, ssl=self._context, backlog=BACKLOG)
                # it may have begun to refuse meanwhile
                self._follow()

    async def open(self, context: ssl.SSLContext) -> int:
        """Listen on a port of 127.0.0.1 until `close`. The port, which stays the same when it is opened again."""
        self._context = context
        if self._place is None:
            self._place = bound(0)
        self._http = web.Server(self._answer, handler_cancellation=True, access_log=None)
        self._pulse.advance()
        await self.settle()
        self._keeper = asyncio.create_task(self._keep())
        return self._port

    async def close(self) -> None:
        """Close the port and every connection. `open` may follow."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        self._hang_up()
        if self._http is not None:
            await self._http.shutdown(0)
            self._http = None

    def give_up_port(self) -> None:
        """After the last `close`: somebody else may have the port."""
        if self._place is not None:
            self._place.close()
            self._place = None

    @property
    def _port(self) -> int:
        assert self._place is not None
        return int(self._place.getsockname()[1])

    def _refuses(self) -> bool:
        return self._instead is Instead.REFUSE or bool(self._cluster.api_refused())

    def _follow(self) -> None:
        """The cluster may have changed: a port that refuses does so at once, one that opens does it in its own task."""
        if self._server is not None and self._refuses():
            self._hang_up()
        if (self._server is None) is not self._refuses():
            self._changed.set()

    def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._http is not None:
            for connection in self._http.connections:
                if connection.transport is not None:
                    connection.transport.abort()
        self._changed.set()

    async def _keep(self) -> None:
        while True:
            self._changed.clear()
            if self._server is None:
                self._pulse.advance()
                await self.settle()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _LOOK_AGAIN if self._server is None else None)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self._pulse.advance()
        if self._refuses() and request.transport is not None:
            # one whose handshake was under way when the port was closed
            request.transport.abort()
        if self._instead is Instead.MUTE or self._refuses():
            # the end of the connection cancels this
            await asyncio.Event().wait()
        return await self._answering.answer(request)
