"""The network door before an embedded cluster, in a thread of its own, and the real talosctl at it."""

import asyncio
import os
import subprocess
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from real_tools import real
from talops.domain.process import Result
from talops.sim.network.configs import talosconfig
from talops.sim.network.pki import Authority
from talops.sim.network.pulse import Pulse
from talops.sim.network.talos.door import TalosDoor
from talops.sim.world import World

T = TypeVar("T")
GENERATIONS = ("1.12.0", "1.13.0")
KUBECONFIG = b"apiVersion: v1\nkind: Config\ncurrent-context: admin@test\n"
PATIENCE = 20.0


@dataclass(slots=True, kw_only=True)
class OpenDoor:
    """`ports` by hostname. `home` holds a talosconfig of an administrator, and is where talosctl runs."""

    world: World
    door: TalosDoor
    authority: Authority
    loop: asyncio.AbstractEventLoop
    home: Path
    ports: Mapping[str, int]

    def do(self, action: Callable[[], T]) -> T:
        """In the loop's thread, where the cluster may be touched."""

        async def act() -> T:
            return action()

        return self.wait(act)

    def wait(self, action: Callable[[], Awaitable[T]]) -> T:
        async def act() -> T:
            return await action()

        return asyncio.run_coroutine_threadsafe(act(), self.loop).result(PATIENCE)

    def endpoint(self, hostname: str = "cp-1") -> str:
        return f"127.0.0.1:{self.ports[hostname]}"

    def talosctl(
        self,
        *words: str,
        version: str = "1.13.0",
        nodes: Sequence[str] = (),
        endpoint: str = "",
        config: str = "",
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> Result:
        """All endpoints unless one is named; `environment` has more than its own. Blocks until it ended."""
        ended = subprocess.run(
            self.argv(*words, version=version, nodes=nodes, endpoint=endpoint, config=config),
            cwd=self.home,
            env=self.environment | dict(environment or {}),
            input=stdin,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return Result(exit=ended.returncode, stdout=ended.stdout, stderr=ended.stderr)

    @contextmanager
    def running(
        self, *words: str, version: str = "1.13.0", nodes: Sequence[str] = (), endpoint: str = ""
    ) -> Iterator[subprocess.Popen[bytes]]:
        """For what does not end by itself. Killed at the end."""
        with subprocess.Popen(
            self.argv(*words, version=version, nodes=nodes, endpoint=endpoint),
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            watchdog = threading.Timer(PATIENCE, process.kill)
            watchdog.start()
            try:
                yield process
            finally:
                watchdog.cancel()
                process.kill()

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": os.environ["PATH"]}

    def argv(
        self, *words: str, version: str, nodes: Sequence[str] = (), endpoint: str = "", config: str = ""
    ) -> tuple[str, ...]:
        flags = ["--talosconfig", config or "talosconfig"]
        flags += ["-n", ",".join(nodes)] if nodes else []
        flags += ["-e", endpoint] if endpoint else []
        return (str(real("talosctl", version)), *flags, *words)

    def config(
        self,
        *roles: str,
        life: timedelta = timedelta(days=1),
        signed_by: Authority | None = None,
        trusts: Authority | None = None,
    ) -> str:
        """Another talosconfig, for a client of these roles. Gives its name."""
        client = (signed_by or self.authority).client(organizations=roles or ("os:admin",), life=life)
        endpoints = [self.endpoint(hostname) for hostname in self.ports]
        nodes = [machine.address for machine in self.world.truth.nodes.values()]
        text = talosconfig("test", (trusts or self.authority).certificate, client, endpoints=endpoints, nodes=nodes)
        with tempfile.NamedTemporaryFile("w", dir=self.home, prefix="talosconfig-", delete=False) as file:
            file.write(text)
        return Path(file.name).name


@contextmanager
def open_door(
    world: World,
    home: Path,
    *,
    speed: float = 100.0,
    still: bool = False,
    called: Callable[[str], object] = lambda _method: None,
) -> Iterator[OpenDoor]:
    """`still`: no time passes for the cluster, whatever the wall says. `called` hears of each call for a change."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    cluster, authority = world.truth.cluster, Authority.talos()
    cluster.timeline.speed = speed

    def tell(method: str) -> None:
        called(method)

    async def start() -> tuple[TalosDoor, Mapping[str, int], asyncio.Task[None] | None]:
        pulse = Pulse(cluster.timeline, clock=lambda: 0.0) if still else Pulse(cluster.timeline)
        door = TalosDoor(
            cluster, pulse, authority, kubeconfig=lambda: KUBECONFIG, called=lambda _machine, method: tell(method)
        )
        return door, await door.open(home), None if still else asyncio.create_task(pulse.run())

    async def stop(door: TalosDoor, beating: asyncio.Task[None] | None) -> None:
        await door.close()
        if beating is not None:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    try:
        door, ports, beating = asyncio.run_coroutine_threadsafe(start(), loop).result(PATIENCE)
        opened = OpenDoor(world=world, door=door, authority=authority, loop=loop, home=home, ports=ports)
        (home / opened.config()).rename(home / "talosconfig")
        try:
            yield opened
        finally:
            asyncio.run_coroutine_threadsafe(stop(door, beating), loop).result(PATIENCE)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()
