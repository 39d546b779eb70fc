"""The real talosctl that upgrades Kubernetes, at the network door of a sandbox in a thread of the test."""

import asyncio
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import TypeVar

from contract.kubernetes_upgrades import LOOKS, SPEED, Ending, Upgrade, at_rest, between, ending, is_renewed
from real_tools import real as real_tool
from talops.domain.process import Result
from talops.domain.sandbox import Orders
from talops.domain.talos import Version
from talops.sim.cluster import Cluster
from talops.sim.network.doors import opened
from talops.sim.network.sandbox import Sandbox

T = TypeVar("T")
PATIENCE = 40.0


def real(upgrade: Upgrade, folder: Path) -> Ending:
    """The real talosctl at the network door, in the time of the wall."""
    folder.mkdir()
    with served(upgrade, folder) as door:
        door.do(lambda: upgrade.prepare(door.cluster))
        if upgrade.first is not None:
            ran(upgrade.first, door)
            door.do(lambda: between(door.cluster, upgrade))
            if upgrade.restarted:
                _restart_kubelet(upgrade, door)
            door.wait_until(lambda: at_rest(door.cluster))
        result = ran(upgrade, door)
        return door.do(lambda: ending(door.cluster, upgrade, result))


def ran(upgrade: Upgrade, door: "Door") -> Result:
    """The cluster is at rest afterwards."""
    argv = door.argv(*upgrade.argv, version=upgrade.version)
    stdout = b""
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            for line in process.stdout:
                stdout += line
                if line.decode() == f"{upgrade.until}\n":
                    process.kill()
                    break
            stderr = process.stderr.read()
            process.wait()
        finally:
            watchdog.cancel()
            process.kill()
    door.wait_until(lambda: at_rest(door.cluster))
    return Result(exit=process.returncode, stdout=stdout, stderr=stderr)


def _restart_kubelet(upgrade: Upgrade, door: "Door") -> None:
    assert not door.do(lambda: is_renewed(door.cluster, upgrade.restarted))
    argv = door.argv("-n", upgrade.restarted, "service", "kubelet", "restart", version=upgrade.version)
    done = subprocess.run(argv, capture_output=True, check=True, timeout=PATIENCE)
    assert done.stdout.decode().splitlines()[1].split("   ") == [upgrade.restarted, 'Service "kubelet" restarted']
    door.wait_until(lambda: is_renewed(door.cluster, upgrade.restarted))


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A sandbox in a thread of its own, where its cluster may be touched."""

    loop: asyncio.AbstractEventLoop
    sandbox: Sandbox

    @property
    def cluster(self) -> Cluster:
        return self.sandbox.cluster

    def argv(self, *words: str, version: str) -> tuple[str, ...]:
        return (str(real_tool("talosctl", version)), "--talosconfig", str(self.sandbox.talosconfig), *words)

    def do(self, action: Callable[[], T]) -> T:
        async def act() -> T:
            return action()

        return asyncio.run_coroutine_threadsafe(act(), self.loop).result(PATIENCE)

    def wait_until(self, true: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not self.do(true):
            assert time.monotonic() < until, "it never came to that"
            time.sleep(LOOKS)


@contextmanager
def served(upgrade: Upgrade, folder: Path) -> Iterator[Door]:
    orders = Orders(
        name=upgrade.name,
        desired=upgrade.desired,
        repository="",
        start=Version.parse(upgrade.start),
        kubernetes=Version.parse(upgrade.kubernetes),
        speed=SPEED,
        faults=upgrade.faults,
        configs=upgrade.configs,
    )
    began: Queue[Door | BaseException] = Queue()

    async def live() -> None:
        sandbox = Sandbox(orders, folder)
        over = asyncio.Event()
        async with opened(sandbox):
            beating = asyncio.create_task(sandbox.pulse.run())
            began.put(Door(loop=asyncio.get_running_loop(), sandbox=sandbox))
            ends.append(over)
            await over.wait()
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    ends: list[asyncio.Event] = []

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            began.put(error)
            raise

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        door = began.get(timeout=PATIENCE)
        assert isinstance(door, Door), door
        try:
            yield door
        finally:
            door.loop.call_soon_threadsafe(lambda: ends[0].set())
    finally:
        thread.join(PATIENCE)


def side_by_side(upgrades: Sequence[Upgrade], folder: Path) -> Mapping[str, Ending]:
    """By name. They mostly wait, so they do it together."""
    with ThreadPoolExecutor(len(upgrades)) as pool:
        endings = list(pool.map(lambda upgrade: real(upgrade, folder / upgrade.name), upgrades))
    return {upgrade.name: found for upgrade, found in zip(upgrades, endings, strict=True)}
