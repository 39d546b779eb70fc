"""One HTTP connection to the proxy, and a request that is on its way on it."""

import http.client
import selectors
import socket
from collections.abc import Callable

from talops.domain.process import Instant, Request, Response
from talops.tools.child import boot_time

CONNECT_LIMIT = 10.0
"""Seconds that connecting, and sending, may take."""
_BODY_LIMIT = 256 * 1024 * 1024
_CHUNK = 1024 * 1024
_HEADERS = {"Accept": "application/json", "Host": "localhost"}
_LOOK_AGAIN = 0.5
"""Seconds after which the wait for an answer looks whether it is still wanted."""


class NoAnswer(Exception):
    """No Kubernetes API server answered; the text says why."""


class Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(CONNECT_LIMIT)
        self.sock.connect(self._path)

    def allow(self, until: Instant) -> None:
        """Let the next read take until then. What has arrived already is read even when that is past."""
        self.sock.settimeout(max(0.01, until - boot_time()))


class Sent:
    """A request that is on its way."""

    def __init__(self, request: Request, connection: Connection) -> None:
        self.request = request
        self.connection = connection
        self._until = boot_time() + request.deadline.total_seconds()

    def receive(self, unwanted: Callable[[], bool]) -> Response:
        """Raises OSError and HTTPException when the proxy breaks off, NoAnswer when it is too slow.

        A read that is `unwanted` meanwhile is not waited for. What changes the cluster is: its answer matters.
        """
        if self.request.method == "GET":
            self._wait(unwanted)
        try:
            self.connection.allow(self._until)
            reply = self.connection.getresponse()
            return Response.of(reply.status, self._body(reply))
        except TimeoutError:
            raise NoAnswer(f"no answer within {self.request.deadline.total_seconds():.0f} s") from None

    def _wait(self, unwanted: Callable[[], bool]) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection.sock, selectors.EVENT_READ)
            while (left := self._until - boot_time()) > 0 and not selector.select(0):
                if unwanted():
                    raise NoAnswer("talops was asked to stop")
                selector.select(min(left, _LOOK_AGAIN))

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


def send_on(connection: Connection, request: Request) -> Sent:
    sent = Sent(request, connection)
    body = request.body or None
    headers = _HEADERS | ({"Content-Type": request.content_type} if body else {})
    try:
        connection.request(request.method, request.path, body=body, headers=headers)
    except (OSError, http.client.HTTPException):
        connection.close()
        raise
    return sent
