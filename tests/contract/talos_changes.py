"""One talosctl that changes a machine, through either door of the same cluster, and what became of both."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from play import cluster

from contract.talos_door import PATIENCE, OpenDoor, open_door
from contract.transcripts import narrated
from talops.domain.process import Call, End, Result
from talops.sim.machine import Machine
from talops.sim.world import World

IMAGE = f"factory.talos.dev/metal-installer/{'a' * 64}:v1.13.1"
UPGRADE = ("upgrade", "--image", IMAGE)
NO_DRAIN = (*UPGRADE, "--drain=false")
SPEED = 50.0
_LOOKS = 0.02
_CALM = 0.5
"""Seconds of the wall after which a machine that was asked to reboot has begun."""

# these are missed when talosctl opens the stream of events anew, and how many of them is a matter of milliseconds
STEPS = ("phase:", "task:", "stopAllServices task")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`when` the machine is like that, `then` something happens. `without`: lines that are not compared."""

    name: str
    words: tuple[str, ...] = NO_DRAIN
    hostname: str = "w-1"
    start: str = "v1.13.0"
    faults: tuple[str, ...] = ()
    control_planes: int = 3
    prepare: Callable[[World], object] = lambda _world: None
    when: Callable[[Machine], bool] | None = None
    then: Callable[[World], object] = lambda _world: None
    without: tuple[str, ...] = STEPS
    version: str = "1.13.0"
    """Of the real talosctl. The embedded one is a 1.13.0."""

    def world(self) -> World:
        found = cluster(*self.faults, start=self.start, control_planes=self.control_planes).world
        self.prepare(found)
        found.truth.cluster.timeline.speed = SPEED
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What it said, and how the machine is, once it is at rest."""

    exit: int
    stdout: bytes
    told: tuple[str, ...]
    version: str
    other_version: str
    next_is_other: bool
    rebooted: bool
    stage: str
    ready: bool
    cordoned: bool


def ending(change: Change, world: World, result: Result, boot_id: str) -> Ending:
    machine = world.truth.nodes[change.hostname]
    other = machine.slots[machine.other_slot]
    node = next(node for node in world.truth.kube_nodes() if node.name == change.hostname)
    return Ending(
        exit=result.exit,
        stdout=result.stdout,
        told=tuple(narrated(result.stderr, without=change.without)),
        version=str(machine.version),
        other_version=str(other.version) if other is not None else "",
        next_is_other=machine.default != machine.booted,
        rebooted=machine.boot_id != boot_id,
        stage=machine.stage if machine.up else "off",
        ready=machine.ready,
        cordoned=node.unschedulable,
    )


def at_rest(world: World, hostname: str) -> bool:
    """It works and Kubernetes knows, or something holds it up that will not go away by itself."""
    machine, truth = world.truth.nodes[hostname], world.truth.cluster
    busy = machine.sequence or machine.installing or hostname in truth.down
    held_up = any(fault.hostname == hostname for fault in truth.held)
    return held_up or (not busy and machine.up and machine.ready)


def embedded(change: Change) -> Ending:
    """In process, in virtual time."""
    world = change.world()
    machine = world.truth.nodes[change.hostname]
    boot_id = machine.boot_id
    argv = ("talosctl", "-n", machine.address, *change.words)
    running = world.runner.start(Call(template=change.words[0], argv=argv, deadline=timedelta(hours=1)))
    if change.when is not None:
        _pass_until(world, lambda: change.when is not None and change.when(machine))
        change.then(world)
    _pass_until(world, lambda: running.poll() is not None)
    world.advance(_CALM)
    _pass_until(world, lambda: at_rest(world, change.hostname))
    result = running.poll()
    assert result is not None
    assert result.end is End.EXITED
    return ending(change, world, result, boot_id)


def _pass_until(world: World, true: Callable[[], bool]) -> None:
    until = world.clock.now() + 600
    while not true():
        assert world.clock.now() < until, "it never came to that"
        world.advance(_LOOKS)


def wait_until(door: OpenDoor, true: Callable[[], bool]) -> None:
    """Of the cluster behind the door, in the time of the wall."""
    until = time.monotonic() + PATIENCE
    while not door.do(true):
        assert time.monotonic() < until, "it never came to that"
        time.sleep(_LOOKS)


def real(change: Change, home: Path) -> Ending:
    """The real talosctl at the network door, in the time of the wall."""
    world = change.world()
    machine = world.truth.nodes[change.hostname]
    boot_id = machine.boot_id
    home.mkdir()
    with (
        open_door(world, home, speed=SPEED) as door,
        door.running(*change.words, version=change.version, nodes=(machine.address,)) as process,
    ):
        if change.when is not None:
            wait_until(door, lambda: change.when is not None and change.when(machine))
            door.do(lambda: change.then(world))
        stdout, stderr = process.communicate(timeout=PATIENCE)
        ended = time.monotonic() + _CALM
        wait_until(door, lambda: time.monotonic() > ended and at_rest(world, change.hostname))
        result = Result(exit=process.returncode, stdout=stdout, stderr=stderr)
        return door.do(lambda: ending(change, world, result, boot_id))


def side_by_side(changes: Sequence[Change], home: Path) -> Mapping[str, Ending]:
    """By name. They mostly wait, so they do it together."""
    with ThreadPoolExecutor(len(changes)) as pool:
        endings = list(pool.map(lambda change: real(change, home / change.name), changes))
    return {change.name: found for change, found in zip(changes, endings, strict=True)}
