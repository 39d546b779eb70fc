"""One embedded cluster on loopback, in the time of the wall: Kubernetes over HTTP, talosctl over a Unix socket.

The real kubectl stands between talops and the first, `talosctl_client.py` between talops and the second. It lives in
the test's process, in threads of its own, so that a test sees the truth and may stop the cluster's time.
"""

import select
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from talops.domain.cluster import Desired
from talops.domain.process import End, Result
from talops.domain.talos import Version
from talops.sim.applyconfig import apply_config
from talops.sim.build import build
from talops.sim.changing import Changing, is_change
from talops.sim.commandline import is_dry_run, parse
from talops.sim.faults import parse_fault
from talops.sim.kube.api import KubeApi
from talops.sim.kube.statuses import Reply
from talops.sim.machine import Machine
from talops.sim.talosctl import Talosctl
from talops.sim.world import Truth

SPEED = 150.0
"""Seconds of the cluster in one second."""
PATIENCE = 30.0
"""Real seconds after which a test gives up."""
PUMP_SECONDS = 0.02


class LiveCluster:
    """`lock` guards everything: take it to look at the truth while talops runs."""

    def __init__(
        self, desired: Desired, *, start: str, faults: Sequence[str] = (), seed: int = 0, speed: float = SPEED
    ) -> None:
        parsed = [parse_fault(fault, desired) for fault in faults]
        self._cluster, parts = build(desired, start=Version.parse(start), faults=parsed, seed=seed)
        self._talosctl = Talosctl(self._cluster)
        self._api = KubeApi(self._cluster.store, user="talops")
        self._speed = speed
        self._began_at, self._began = self._cluster.timeline.now, time.monotonic()
        self._stop_when: Callable[[], bool] | None = None
        self._stopped = False
        self.lock = threading.Condition()
        self.truth = Truth(self._cluster, parts)
        self.argvs: list[tuple[str, ...]] = []
        """Every command line of talosctl."""
        self.requests: list[str] = []
        """Method and path of every request that reached the API server."""
        self.instead: dict[str, Result | None] = {}
        """What talosctl does instead for command lines that begin like that, global flags aside; None: it hangs."""
        self.api_is_down = False
        self.api_is_mute = False

    def node(self, hostname: str) -> Machine:
        return self.truth.nodes[hostname]

    def versions(self) -> Mapping[str, str]:
        with self.lock:
            return {name: str(machine.version) for name, machine in self.truth.nodes.items()}

    def traces(self) -> list[str]:
        """What a rollout must not leave behind: cordons, annotations of talops, its Lease."""
        with self.lock:
            nodes = self.truth.kube_nodes()
            cordons = [f"{node.name} is cordoned" for node in nodes if node.unschedulable]
            marks = [f"{node.name} has {key}" for node in nodes for key in node.annotations if "talops" in key]
            holder = self.truth.lease_holder
        return cordons + marks + ([f"the Lease is held by {holder}"] if holder else [])

    def stop_in_the_middle(self, hostname: str) -> None:
        """Let time stand still once this node goes down for its upgrade."""
        self.stop_time_when(lambda: self.node(hostname).stage == "rebooting")

    def stop_time_when(self, true: Callable[[], bool]) -> None:
        """Let nothing happen any more once this is true; it is asked after every change."""
        with self.lock:
            self._stop_when = true

    def wait_for_stop(self) -> None:
        """Until time stands still."""
        self.wait_until(lambda: self._stopped)

    def wait_until(self, true: Callable[[], bool]) -> None:
        with self.lock:
            assert self.lock.wait_for(true, PATIENCE), "the cluster never got there"

    def resume(self) -> None:
        """Time goes on from where it stopped."""
        with self.lock:
            self._began_at, self._began = self._cluster.timeline.now, time.monotonic()
            self._stopped, self._stop_when = False, None

    def advance(self) -> None:
        """Let happen what is due by now."""
        timeline = self._cluster.timeline
        with self.lock:
            until = self._began_at + (time.monotonic() - self._began) * self._speed
            while not self._stopped:
                self._stopped = self._stop_when is not None and self._stop_when()
                if self._stopped or not timeline.step(until):
                    break
            self.lock.notify_all()

    def kubernetes(self, method: str, path: str, body: bytes, content_type: str) -> Reply | None:
        """One request; None when no API server answers it."""
        with self.lock:
            self.advance()
            self.requests.append(f"{method} {path}")
            if self.api_is_down or self._cluster.api_problem():
                return None
            return self._api.handle(method, path, body, content_type)

    def talosctl(self, argv: tuple[str, ...], gone: Callable[[float], bool]) -> Result | None:
        """One command line to its end; None when the client went away. `gone` waits so many seconds for that."""
        command = parse(argv)
        with self.lock:
            self.advance()
            self.argvs.append(argv)
            words = " ".join(command.words)
            for beginning, result in self.instead.items():
                if words.startswith(beginning):
                    if result is None:
                        self._hang(gone)
                    return result
            if is_dry_run(command):
                return apply_config(self._cluster, command)
            if not is_change(command):
                return self._talosctl.answer(argv)
            changing = Changing(self._cluster, command)
        return self._to_its_end(changing, gone)

    def _hang(self, gone: Callable[[float], bool]) -> None:
        # without the lock, which our caller holds once
        self.lock.release()
        try:
            gone(PATIENCE)
        finally:
            self.lock.acquire()

    def _to_its_end(self, changing: Changing, gone: Callable[[float], bool]) -> Result | None:
        while not gone(PUMP_SECONDS):
            with self.lock:
                self.advance()
                result = changing.poll()
            if result is not None:
                return result
        with self.lock:
            changing.kill()
        return None


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    cluster: LiveCluster

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "application/json")
        if self.cluster.api_is_mute:
            self.cluster.requests.append(f"{self.command} {self.path}")
            select.select([self.connection], [], [], PATIENCE)
            self.close_connection = True
            return
        reply = self.cluster.kubernetes(self.command, self.path, body, kind)
        if reply is None:
            self.close_connection = True
            return
        status, found = reply
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(found)))
        self.end_headers()
        self.wfile.write(found)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *words: object) -> None:
        """Say nothing: stderr is the test's."""


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Client(socketserver.StreamRequestHandler):
    """Argv comes as words that end in NUL, and a newline; exit code, the length of stdout and both outputs go back."""

    connection: socket.socket
    cluster: LiveCluster

    def handle(self) -> None:
        argv = tuple(self.rfile.readline().decode()[:-1].split("\0"))
        result = self.cluster.talosctl(argv, self._gone)
        if result is not None and result.end is End.EXITED:
            self.wfile.write(f"{result.exit} {len(result.stdout)}\n".encode() + result.stdout + result.stderr)

    def _gone(self, seconds: float) -> bool:
        # the client has said all: what is readable now is its end
        return bool(select.select([self.connection], [], [], seconds)[0])


class _UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


@contextmanager
def served(cluster: LiveCluster, path: Path) -> Iterator[int]:
    """Serve it: talosctl on the socket at this path, Kubernetes on the port that is returned."""
    api = _HttpServer(("127.0.0.1", 0), type("Api", (_Api,), {"cluster": cluster}))
    machines = _UnixServer(str(path), type("Client", (_Client,), {"cluster": cluster}))
    stopping = threading.Event()

    def pump() -> None:
        while not stopping.wait(PUMP_SECONDS):
            cluster.advance()

    loops = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in (api, machines)]
    loops.append(threading.Thread(target=pump))
    for loop in loops:
        loop.start()
    try:
        yield api.server_port
    finally:
        stopping.set()
        for server in (api, machines):
            server.shutdown()
            server.server_close()
        for loop in loops:
            loop.join()
