"""Kubernetes through one `kubectl proxy` on a private Unix socket.

kubectl keeps its job (contexts, credentials, plugins, TLS); we get status codes and bodies. One thread: requests are
written on several connections, then the replies are read in order, so they wait for the server side by side.
"""

import http.client
import selectors
import socket
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from talops.domain.process import End, Instant, Request, Response, Result, Runner, Running
from talops.errors import ToolFailed, ToolMissing
from talops.tools.calls import Kubectl
from talops.tools.child import boot_time

_WIDTH = 8
"""How many requests are on the way at once, each on a connection of its own."""
_START_LIMIT = 10.0
"""Seconds that kubectl may take until it listens."""
_BODY_LIMIT = 256 * 1024 * 1024
_CHUNK = 1024 * 1024
_HEADERS = {"Accept": "application/json", "Host": "localhost"}


class NoAnswer(Exception):
    """No Kubernetes API server answered; the text says why."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_START_LIMIT)
        self.sock.connect(self._path)

    def allow(self, until: Instant) -> None:
        """Let the next read take until then. What has arrived already is read even when that is past."""
        self.sock.settimeout(max(0.01, until - boot_time()))


class _Sent:
    """A request that is on its way."""

    def __init__(self, request: Request, connection: _Connection) -> None:
        self.request = request
        self.connection = connection
        self._until = boot_time() + request.deadline.total_seconds()

    def receive(self) -> Response:
        """Raises OSError and HTTPException when the proxy breaks off, NoAnswer when it is too slow."""
        try:
            self.connection.allow(self._until)
            reply = self.connection.getresponse()
            return _response(reply.status, self._body(reply))
        except TimeoutError:
            raise NoAnswer(f"no answer within {self.request.deadline.total_seconds():.0f} s") from None

    def _body(self, reply: http.client.HTTPResponse) -> bytes:
        body = bytearray()
        while chunk := reply.read1(_CHUNK):
            body += chunk
            if boot_time() > self._until or len(body) > _BODY_LIMIT:
                raise NoAnswer("the answer did not end in time")
            self.connection.allow(self._until)
        # http.client does not notice the end of a body that was read piece by piece
        reply.close()
        return bytes(body)


def _send_on(connection: _Connection, request: Request) -> _Sent:
    sent = _Sent(request, connection)
    body = request.body or None
    headers = _HEADERS | ({"Content-Type": request.content_type} if body else {})
    try:
        connection.request(request.method, request.path, body=body, headers=headers)
    except (OSError, http.client.HTTPException):
        connection.close()
        raise
    return sent


def _response(status: int, body: bytes) -> Response:
    """A body that is no JSON object is not the API server's: the proxy could not reach it, or something else answered.

    kubectl says so with status 500 or 502 and a text like `dial tcp …: connect: connection refused`.
    """
    if body.lstrip()[:1] == b"{":
        return Response(status=status, body=body)
    words = " ".join(body[:300].decode("utf-8", "replace").split())
    return Response(status=None, body=body[:300], error=words or f"an empty answer with status {status}")


class ProxyKube:
    """Implements `Kube`. Use it as a context manager: the proxy lives as long as the block.

    A proxy that has died is started again, once in a `gather`.
    """

    def __init__(self, runner: Runner, kubectl: Kubectl, folder: Path) -> None:
        """`folder` is private to us (0700); its path is short, for the sake of the socket."""
        self._runner = runner
        self._kubectl = kubectl
        self._folder = folder
        self._started = 0
        self._socket = ""
        self._proxy: Running | None = None
        self._idle: list[_Connection] = []

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
        waiting: deque[tuple[int, _Sent]] = deque()
        replies: dict[int, Response] = {}
        for number, request in enumerate(requests):
            if len(waiting) == _WIDTH:
                self._receive_first(waiting, replies)
            self._send(number, request, waiting, replies)
        while waiting:
            self._receive_first(waiting, replies)
        return tuple(replies[number] for number in range(len(requests)))

    def _send(
        self, number: int, request: Request, waiting: deque[tuple[int, _Sent]], replies: dict[int, Response]
    ) -> None:
        try:
            waiting.append((number, self._dispatch(request)))
        except (OSError, http.client.HTTPException) as error:
            replies[number] = _broken(error)

    def _dispatch(self, request: Request) -> _Sent:
        # a connection that was kept may have been closed: nothing that changes the cluster is sent on one
        if self._idle and request.method == "GET":
            try:
                return _send_on(self._idle.pop(), request)
            except OSError:
                self._drop_connections()
        return _send_on(_Connection(self._socket), request)

    def _receive_first(self, waiting: deque[tuple[int, _Sent]], replies: dict[int, Response]) -> None:
        number, sent = waiting.popleft()
        try:
            replies[number] = self._receive(sent)
        except NoAnswer as error:
            replies[number] = Response(status=None, error=str(error))
        except (OSError, http.client.HTTPException) as error:
            replies[number] = _broken(error)

    def _receive(self, sent: _Sent) -> Response:
        try:
            reply = sent.receive()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            sent.connection.close()
            if sent.request.method != "GET" or self._proxy is None or self._proxy.poll() is not None:
                raise
            # the proxy had closed a connection that we kept
            sent = self._once_more(sent.request)
            reply = sent.receive()
        except (NoAnswer, OSError, http.client.HTTPException):
            sent.connection.close()
            raise
        self._idle.append(sent.connection)
        return reply

    def _once_more(self, request: Request) -> _Sent:
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
        connection = _Connection(self._socket)
        try:
            connection.connect()
        except OSError:
            connection.close()
            return False
        self._idle.append(connection)
        return True


def _broken(error: Exception) -> Response:
    return Response(status=None, error=f"kubectl proxy: {str(error) or type(error).__name__}")


def _pause() -> None:
    """There is nothing to select on until the socket exists: look again in 5 ms."""
    with selectors.DefaultSelector() as selector:
        selector.select(0.005)


def _cannot_start(ended: Result) -> ToolMissing | ToolFailed:
    if ended.end is End.NOT_FOUND:
        return kubectl_missing()
    return ToolFailed(f"kubectl cannot be used: {ended.complaint()}", hint="kubectl config get-contexts")


def kubectl_missing() -> ToolMissing:
    return ToolMissing(
        "kubectl is not installed, or not on PATH",
        hint="install kubectl (https://kubernetes.io/docs/tasks/tools/), then run the command again",
    )
