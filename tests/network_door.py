"""The network door in a thread of the test, and the real kubectl before it."""

import asyncio
import base64
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from talops.domain.cluster import Desired
from talops.domain.talos import Version
from talops.sim.apiserver import api_server
from talops.sim.build import build
from talops.sim.faults import parse_fault
from talops.sim.network.kubernetes.door import KubernetesDoor
from talops.sim.network.kubernetes.instead import Instead
from talops.sim.network.pki import Authority, Credentials
from talops.sim.network.pulse import Pulse
from talops.sim.talosctl import Talosctl
from talops.sim.timeline import Timeline
from talops.sim.world import World

BIN = Path(sys.executable).parent
PATIENCE = 20.0
"""Seconds after which a test gives up."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a kubectl ended."""

    exit: int
    out: str
    err: str


class NetworkDoor:
    """One embedded cluster behind a port. `do` is how a test reaches into it: everything lives in the loop's thread.

    `clock` is the wall's: a test may stop it.
    """

    def __init__(
        self,
        desired: Desired,
        *,
        start: str = "v1.13.0",
        faults: Sequence[str] = (),
        speed: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
        epoch: datetime | None = None,
    ) -> None:
        parsed = [parse_fault(fault, desired) for fault in faults]
        timeline = Timeline(epoch or datetime.now(UTC).replace(microsecond=0), speed=speed)
        cluster, parts = build(desired, start=Version.parse(start), faults=parsed, seed=0, timeline=timeline)
        self.api = api_server(cluster, user="admin")
        self.world = World(cluster, parts, Talosctl(cluster), self.api)
        self.truth = self.world.truth
        self.authority = Authority.kubernetes()
        self.port = 0
        self.pulse = Pulse(timeline, clock)
        self.door = KubernetesDoor(cluster, self.api, self.pulse, ceph=parts.ceph)
        self._began = threading.Event()

    def do(self, action: Callable[[], T]) -> T:
        """Do that in the loop's thread, now."""

        async def act() -> T:
            self.pulse.advance()
            return action()

        return self._wait_for(act())

    def _wait_for(self, coroutine: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(coroutine, PATIENCE), self._loop).result()

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Until this is true of the cluster; it is asked after everything that happens there."""

        async def wait() -> None:
            happened = asyncio.Event()
            self.pulse.on_advance.append(happened.set)
            try:
                while not true():
                    happened.clear()
                    await happened.wait()
            finally:
                self.pulse.on_advance.remove(happened.set)
            await self.door.settle()

        self._wait_for(wait())

    def behave(self, fault: Instead | None) -> None:
        """What the server does with every request from now on, instead of answering it."""
        self._wait_for(self.door.behave(fault))

    def stop_serving(self) -> None:
        """As if the process had gone: the port is closed and every connection ends."""
        self._wait_for(self.door.close())

    def serve_again(self) -> int:
        return self._wait_for(self.door.open(self._context))

    @contextmanager
    def running(self, folder: Path) -> Iterator[None]:
        """Serve until the end of the block. `folder` is private."""
        credentials = self.authority.server(["127.0.0.1"])
        self._context = self.authority.listening(credentials, folder, client_needed=False, protocols=["http/1.1"])
        self._loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self._run)
        thread.start()
        assert self._began.wait(PATIENCE)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._stop)
            thread.join(PATIENCE)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._pulsing = asyncio.create_task(self.pulse.run())
        self.port = await self.door.open(self._context)
        self._began.set()
        with suppress(asyncio.CancelledError):
            await self._pulsing
        await self.door.close()
        self.door.give_up_port()

    def _stop(self) -> None:
        self._pulsing.cancel()


class Kubectl:
    """The real one, with a home and a discovery cache of its own."""

    def __init__(self, door: NetworkDoor, home: Path, credentials: Credentials | None = None) -> None:
        self.home = home
        self.config = home / "kubeconfig"
        self.config.write_text(json.dumps(_kubeconfig(door, credentials)))

    def argv(self, *words: str) -> list[str]:
        return [str(BIN / "kubectl"), *words]

    @property
    def environment(self) -> dict[str, str]:
        cache = str(self.home / "cache")
        known = {"HOME": str(self.home), "KUBECACHEDIR": cache, "KUBECONFIG": str(self.config), "LANG": "C.UTF-8"}
        return {**known, "PATH": f"{BIN}{os.pathsep}/usr/bin{os.pathsep}/bin"}

    def run(self, *words: str, stdin: str = "", seconds: float = PATIENCE) -> Ran:
        """Run it to its end; an assertion fails when it has none."""
        done = subprocess.run(
            self.argv(*words),
            input=stdin,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Ran(exit=done.returncode, out=done.stdout, err=done.stderr)

    def ok(self, *words: str, stdin: str = "") -> str:
        """Its output; an assertion fails when it does not exit 0."""
        ran = self.run(*words, stdin=stdin)
        assert ran.exit == 0, f"kubectl {' '.join(words)}: {ran.err}{ran.out}"
        return ran.out

    @contextmanager
    def started(self, *words: str) -> Iterator["Started"]:
        """Running, its output a pipe; killed at the end of the block."""
        process = subprocess.Popen(
            self.argv(*words), env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
        )
        with process:
            try:
                yield Started(process)
            finally:
                process.kill()


class Started:
    """A kubectl that runs, and what it has said so far."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.said = ""

    def wait_for(self, words: str) -> None:
        while words not in self.said:
            more = self._more()
            assert more, f"{words!r} was never said, but:\n{self.said}"
            self.said += more

    def end(self) -> int:
        """Its exit code; `said` is then everything."""
        while more := self._more():
            self.said += more
        return self.process.wait(PATIENCE)

    def _more(self) -> str:
        """Empty at the end."""
        pipe = self.process.stdout
        assert pipe is not None
        assert select.select([pipe], [], [], PATIENCE)[0], f"it says no more than:\n{self.said}"
        return os.read(pipe.fileno(), 1 << 16).decode()


def _kubeconfig(door: NetworkDoor, credentials: Credentials | None) -> dict[str, object]:
    def encoded(pem: bytes) -> str:
        return base64.b64encode(pem).decode()

    user: dict[str, str] = {}
    if credentials is not None:
        user["client-certificate-data"] = encoded(credentials.certificate)
        user["client-key-data"] = encoded(credentials.key)
    server = {
        "server": f"https://127.0.0.1:{door.port}",
        "certificate-authority-data": encoded(door.authority.certificate),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "admin@test",
        "clusters": [{"name": "test", "cluster": server}],
        "users": [{"name": "admin", "user": user}],
        "contexts": [{"name": "admin@test", "context": {"cluster": "test", "user": "admin"}}],
    }


@contextmanager
def served(desired: Desired, *, faults: Sequence[str] = (), speed: float = 20.0) -> Iterator[NetworkDoor]:
    """Serve a new cluster until the end of the block."""
    door = NetworkDoor(desired, faults=faults, speed=speed)
    with tempfile.TemporaryDirectory() as folder, door.running(Path(folder)):
        yield door


def admin(door: NetworkDoor, home: Path) -> Kubectl:
    """A kubectl with the credentials that Talos gives to an administrator."""
    return Kubectl(door, home, door.authority.client(name="admin", organizations=["system:masters"]))
