"""A web server, and a proxy before it, on loopback: what a test says, byte by byte."""

import base64
import select
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from talops.sim.network.pki import Authority

HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`length` is what the header claims; None: as long as it is. `gate`: after the first bytes, wait for it."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/octet-stream"})
    length: int | None = None
    gate: threading.Event | None = None


@dataclass
class WebServer:
    """`answers` by path. A `list` answers one after the other, the last one from then on."""

    url: str
    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Method and target, as they arrived."""
    posted: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    began: threading.Event = field(default_factory=threading.Event)
    """Set when the first bytes of a gated answer are out."""

    def serve(self, path: str, body: bytes) -> None:
        self.answers[path] = Answer(body=body)

    def answer(self, path: str) -> Answer:
        found = self.answers.get(path, Answer(status=404, body=b"not found"))
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found


@contextmanager
def web_server(folder: Path | None = None) -> Iterator[WebServer]:
    """`folder` gets `ca.pem`: then it speaks TLS."""
    with _listening(_handler_of_files) as (server, web):
        if folder is not None:
            authority = Authority.kubernetes()
            (folder / "ca.pem").write_bytes(authority.certificate)
            context = authority.listening(
                authority.server([HOST, "localhost"]), folder, client_needed=False, protocols=["http/1.1"]
            )
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            web.url = web.url.replace("http:", "https:")
        yield web


@contextmanager
def proxy_server(login: str = "") -> Iterator[WebServer]:
    """Forwards `GET http://…`, and tunnels CONNECT; only for whoever shows the login."""
    with _listening(lambda web: _handler_of_proxy(web, login)) as (_, web):
        yield web


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are what some tests are about."""


@contextmanager
def _listening(handler: "object") -> Iterator[tuple[_Server, WebServer]]:
    web = WebServer(url="")
    assert callable(handler)
    server = _Server((HOST, 0), handler(web))
    web.url = f"http://{HOST}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server, web
    finally:
        for answer in web.answers.values():
            for one in answer if isinstance(answer, list) else [answer]:
                if one.gate is not None:
                    one.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler_of_files(web: WebServer) -> type[BaseHTTPRequestHandler]:
    class Files(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            web.asked.append(f"{self.command} {self.path}")
            web.headers.append(dict(self.headers.items()))
            self._say(web.answer(urlsplit(self.path).path))

        def do_POST(self) -> None:
            web.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.do_GET()

        def _say(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
            self.end_headers()
            head = answer.body if answer.gate is None else answer.body[:1000]
            self.wfile.write(head)
            if answer.gate is not None:
                web.began.set()
                answer.gate.wait(60)
                self.wfile.write(answer.body[len(head) :])
            self.close_connection = answer.length is not None

        def log_message(self, format: str, *args: object) -> None:
            """Tests look at `asked`."""

    return Files


def _handler_of_proxy(web: WebServer, login: str) -> type[BaseHTTPRequestHandler]:
    wanted = f"Basic {base64.b64encode(login.encode()).decode()}"

    class Proxy(BaseHTTPRequestHandler):
        def _may(self) -> bool:
            web.asked.append(f"{self.command} {self.path}")
            if login and self.headers.get("Proxy-Authorization") != wanted:
                self.send_error(407)
                return False
            return True

        def do_GET(self) -> None:
            if self._may():
                there = urlsplit(self.path)
                with socket.create_connection((there.hostname or "", there.port or 80)) as onward:
                    path = there._replace(scheme="", netloc="").geturl()
                    onward.sendall(f"GET {path} HTTP/1.1\r\nHost: {there.netloc}\r\nConnection: close\r\n\r\n".encode())
                    onward.settimeout(10)
                    while piece := onward.recv(65536):
                        self.wfile.write(piece)
            self.close_connection = True

        def do_CONNECT(self) -> None:
            if self._may():
                host, _, port = self.path.rpartition(":")
                with socket.create_connection((host, int(port))) as onward:
                    self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    _tunnel(self.connection, onward)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Tests look at `asked`."""

    return Proxy


def _tunnel(one: socket.socket, other: socket.socket) -> None:
    to = {one: other, other: one}
    while True:
        readable, _, _ = select.select(list(to), [], [], 10)
        for end in readable:
            piece = end.recv(65536)
            if not piece:
                return
            to[end].sendall(piece)
        if not readable:
            return
