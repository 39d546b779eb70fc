"""Kubernetes through one `kubectl proxy` on a private Unix socket.

kubectl keeps its job (contexts, credentials, plugins, TLS); we get status codes and bodies. One thread: requests are
written on several connections, then the replies are read in order, so they wait for the server side by side.
"""

import http.client
import selectors
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from talops.domain.process import End, Request, Response, Result, Runner, Running
from talops.errors import ToolFailed, ToolMissing
from talops.tools.calls import Kubectl
from talops.tools.child import boot_time
from talops.tools.connection import Connection, NoAnswer, Sent, send_on
from talops.tools.programs import missing

_WIDTH = 12
"""How many requests are on the way at once, each on a connection of its own."""
_START_LIMIT = 10.0
"""Seconds that kubectl may take until it listens."""


class ProxyKube:
    """Implements `Kube`. Use it as a context manager: the proxy lives as long as the block.

    A proxy that has died is started again, once in a `gather`.
    """

    def __init__(
        self, runner: Runner, kubectl: Kubectl, folder: Path, *, unwanted: Callable[[], bool] = lambda: False
    ) -> None:
        """`folder` is private to us (0700); its path is short, for the sake of the socket.

        `unwanted`: whether answers to reads need not be waited for any more.
        """
        self._runner = runner
        self._kubectl = kubectl
        self._folder = folder
        self._unwanted = unwanted
        self._started = 0
        self._socket = ""
        self._proxy: Running | None = None
        self._idle: list[Connection] = []

    def __enter__(self) -> "ProxyKube":
        """Raises ToolMissing and ToolFailed."""
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._drop_connections()
        if self._proxy is not None:
            self._proxy.kill()
            self._proxy = None
        Path(self._socket).unlink(missing_ok=True)

    def gather(self, requests: Sequence[Request]) -> tuple[Response, ...]:
        if not self._revive():
            return tuple(
                Response(status=None, error="kubectl proxy has ended and does not start again") for _ in requests
            )
        waiting: deque[tuple[int, Sent]] = deque()
        replies: dict[int, Response] = {}
        for number, request in enumerate(requests):
            if len(waiting) == _WIDTH:
                self._receive_first(waiting, replies)
            self._send(number, request, waiting, replies)
        while waiting:
            self._receive_first(waiting, replies)
        return tuple(replies[number] for number in range(len(requests)))

    def _send(
        self, number: int, request: Request, waiting: deque[tuple[int, Sent]], replies: dict[int, Response]
    ) -> None:
        try:
            waiting.append((number, self._dispatch(request)))
        except (OSError, http.client.HTTPException) as error:
            replies[number] = _broken(error)

    def _dispatch(self, request: Request) -> Sent:
        # a connection that was kept may have been closed: nothing that changes the cluster is sent on one
        if self._idle and request.method == "GET":
            try:
                return send_on(self._idle.pop(), request)
            except OSError:
                self._drop_connections()
        return send_on(Connection(self._socket), request)

    def _receive_first(self, waiting: deque[tuple[int, Sent]], replies: dict[int, Response]) -> None:
        number, sent = waiting.popleft()
        try:
            replies[number] = self._receive(sent)
        except NoAnswer as error:
            replies[number] = Response(status=None, error=str(error))
        except (OSError, http.client.HTTPException) as error:
            replies[number] = _broken(error)

    def _receive(self, sent: Sent) -> Response:
        try:
            reply = sent.receive(self._unwanted)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            sent.connection.close()
            if sent.request.method != "GET" or self._proxy is None or self._proxy.poll() is not None:
                raise
            # the proxy had closed a connection that we kept
            sent = self._once_more(sent.request)
            reply = sent.receive(self._unwanted)
        except (NoAnswer, OSError, http.client.HTTPException):
            sent.connection.close()
            raise
        if len(self._idle) < _WIDTH:
            self._idle.append(sent.connection)
        else:
            # each change of the cluster brings a new one: a Lease that is renewed for hours would use up all files
            sent.connection.close()
        return reply

    def _once_more(self, request: Request) -> Sent:
        self._drop_connections()
        return self._dispatch(request)

    def _drop_connections(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    def _revive(self) -> bool:
        """Whether a proxy is there, started again if need be."""
        if self._proxy is not None and self._proxy.poll() is None:
            return True
        self._drop_connections()
        try:
            self._open()
        except (ToolMissing, ToolFailed):
            return False
        return True

    def _open(self) -> None:
        self._started += 1
        # the socket of one that has died stays behind
        self._socket = str(self._folder / f"s{self._started}")
        self._proxy = self._runner.start(self._kubectl.proxy(self._socket))
        limit = boot_time() + _START_LIMIT
        while not self._listens():
            ended = self._proxy.poll()
            if ended is not None:
                raise _cannot_start(ended)
            if boot_time() >= limit:
                self._proxy.kill()
                raise ToolFailed(f"kubectl proxy does not listen after {_START_LIMIT:.0f} s", hint="kubectl proxy")
            _pause()

    def _listens(self) -> bool:
        connection = Connection(self._socket)
        try:
            connection.connect()
        except OSError:
            connection.close()
            return False
        self._idle.append(connection)
        return True


class SilentKube:
    """Implements `Kube` where there is none to ask, and says why."""

    def __init__(self, why: str) -> None:
        self._why = why

    def gather(self, requests: Sequence[Request]) -> tuple[Response, ...]:
        return tuple(Response(status=None, error=self._why) for _ in requests)


def _broken(error: Exception) -> Response:
    return Response(status=None, error=f"kubectl proxy: {str(error) or type(error).__name__}")


def _pause() -> None:
    """There is nothing to select on until the socket exists: look again in 5 ms."""
    with selectors.DefaultSelector() as selector:
        selector.select(0.005)


def _cannot_start(ended: Result) -> ToolMissing | ToolFailed:
    if ended.end is End.NOT_FOUND:
        return missing("kubectl", ended)
    return ToolFailed(f"kubectl cannot be used: {ended.complaint()}", hint="kubectl config get-contexts")
