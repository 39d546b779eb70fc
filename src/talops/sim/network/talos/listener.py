"""One control plane's port on loopback. It hears nothing while the machine is off, and it can be made to fail."""

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from enum import Enum

from talops.sim.network.ports import BACKLOG, bound


class Line(Enum):
    """How the network before an endpoint is."""

    OPEN = "open"
    REFUSED = "refused"
    """Nobody listens."""
    SILENT = "silent"
    """Connections are taken, and nothing is ever said."""
    FOREIGN = "foreign"
    """Somebody answers with a certificate of another CA."""


class Listener:
    """`serve` makes what speaks on one connection. The port stays the same, and ours, however often it closes."""

    def __init__(
        self, tls: ssl.SSLContext, foreign: ssl.SSLContext, serve: Callable[[], asyncio.Protocol], *, port: int = 0
    ) -> None:
        self._tls, self._foreign, self._serve = tls, foreign, serve
        # bound and deaf: while nothing else listens connections are refused, and nobody else can take the port
        self._place = bound(port)
        self.port: int = self._place.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._wanted = False
        self._opening = asyncio.Lock()
        self._connections: set[asyncio.Transport] = set()
        self.line = Line.OPEN

    async def open(self) -> None:
        self._wanted = True
        async with self._opening:
            if self._server is not None or self.line is Line.REFUSED or not self._wanted:
                return
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._accepted, sock=bound(self.port), backlog=BACKLOG)
            # it may have been closed while it opened
            if not self._wanted:
                self.close()

    def close(self) -> None:
        """Nobody hears here any more, and every connection is gone without a goodbye."""
        self._wanted = False
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Break all connections that there are now."""
        for connection in tuple(self._connections):
            connection.abort()

    def give_back(self) -> None:
        """For good."""
        self.close()
        self._place.close()

    def _accepted(self) -> asyncio.BaseProtocol:
        if self.line is Line.SILENT:
            return _Silent(self._connections)
        tls = self._foreign if self.line is Line.FOREIGN else self._tls
        return _Tls(self._serve(), tls, self._connections)


class _Silent(asyncio.Protocol):
    def __init__(self, connections: set[asyncio.Transport]) -> None:
        self._connections = connections
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(transport)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._transport is not None:
            self._connections.discard(self._transport)


class _Tls(SSLProtocol):
    """TLS whose alert reaches a client that shows a bad certificate: asyncio's own closes before it is sent."""

    def __init__(self, protocol: asyncio.Protocol, tls: ssl.SSLContext, connections: set[asyncio.Transport]) -> None:
        loop = asyncio.get_running_loop()
        # typeshed does not know that nobody has to wait
        super().__init__(loop, protocol, tls, waiter=None, server_side=True)  # type: ignore[arg-type]
        self._connections = connections
        self._below: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._below = transport
        self._connections.add(transport)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._below is not None:
            self._connections.discard(self._below)
        super().connection_lost(exc)

    def _on_handshake_complete(self, handshake_exc: BaseException | None) -> None:
        if handshake_exc is not None:
            # typeshed does not know it: new in 3.11
            self._process_outgoing()  # type: ignore[attr-defined]
        super()._on_handshake_complete(handshake_exc)
