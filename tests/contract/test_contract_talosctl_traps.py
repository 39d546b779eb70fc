"""What the real talosctl does to a machine when it is ended, cut off or left waiting in the middle of a change.

talops is built on these facts: they are why it ends a talosctl by SIGKILL only, and believes no exit code.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from contract.talos_changes import NO_DRAIN, SPEED, UPGRADE, Change, Ending, at_rest, ending, wait_until
from contract.talos_door import PATIENCE, OpenDoor, open_door
from real_tools import real
from talops.domain.process import Result
from talops.sim.machine import Machine

Strike = Callable[[subprocess.Popen[bytes], OpenDoor], object]
OLD, NEW, BEFORE = "v1.13.0", "v1.13.1", "v1.12.0"
LEGACY, LEGACY_BEFORE = "v1.12.4", "v1.12.3"
KILLED = -signal.SIGKILL
HANGS = ("installer-hangs@w-1",)


def interrupt(process: subprocess.Popen[bytes], _door: OpenDoor) -> None:
    process.send_signal(signal.SIGINT)


def kill(process: subprocess.Popen[bytes], _door: OpenDoor) -> None:
    process.kill()


def cut(_process: subprocess.Popen[bytes], door: OpenDoor) -> None:
    for hostname in door.ports:
        door.do(partial(door.door.cut, hostname))


def outlive(process: subprocess.Popen[bytes], door: OpenDoor) -> None:
    """Its --timeout passes, and it is still there; then the installer goes on."""
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2.5)
    door.do(door.world.mend)


def answering(machine: Machine) -> bool:
    """A call is being answered that ends when the machine goes off: the door itself hears of that, too."""
    return len(machine.on_power) > 1


def installing(machine: Machine) -> bool:
    return machine.installing


def rebooting(machine: Machine) -> bool:
    return machine.sequence == "reboot"


def is_off(machine: Machine) -> bool:
    return not machine.up


def upgrading(machine: Machine) -> bool:
    return machine.sequence == "upgrade"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """`when` the machine is like that, `strike`. `ends`: what may come of it, as exit code and whether it rebooted."""

    name: str
    when: Callable[[Machine], bool]
    strike: Strike
    ends: tuple[tuple[int, bool], ...]
    version: str
    other: str
    words: tuple[str, ...] = NO_DRAIN
    start: str = OLD
    faults: tuple[str, ...] = ()
    generation: str = "1.13.0"
    speed: float = SPEED


TRAPS = (
    # INT in the install step: it is a race, whether it gives up, or goes on and reboots into the old version
    Trap(
        name="int-installing",
        when=installing,
        strike=interrupt,
        faults=HANGS,
        ends=((0, True), (1, False)),
        version=OLD,
        other=BEFORE,
    ),
    # as long as it makes the call that reboots, exit 1 is possible; when it only waits, it says that all is well
    Trap(name="int-waiting", when=is_off, strike=interrupt, ends=((0, True),), version=NEW, other=OLD),
    Trap(
        name="kill-pulling",
        when=answering,
        strike=kill,
        speed=5.0,
        ends=((KILLED, False),),
        version=OLD,
        other=BEFORE,
    ),
    Trap(
        name="kill-installing",
        when=installing,
        strike=kill,
        faults=HANGS,
        ends=((KILLED, False),),
        version=OLD,
        other=BEFORE,
    ),
    Trap(name="kill-rebooting", when=rebooting, strike=kill, ends=((KILLED, True),), version=NEW, other=OLD),
    Trap(
        name="cut-installing",
        when=installing,
        strike=cut,
        faults=HANGS,
        ends=((1, False),),
        version=OLD,
        other=BEFORE,
    ),
    # --timeout does not bound the installer; what it bounds then is too short, and the node reboots all the same
    Trap(
        name="outlived-timeout",
        words=(*NO_DRAIN, "--timeout", "1s"),
        when=installing,
        strike=outlive,
        faults=HANGS,
        ends=((1, True),),
        version=NEW,
        other=OLD,
    ),
    Trap(
        name="kill-legacy-pulling",
        start=LEGACY,
        when=answering,
        strike=kill,
        speed=5.0,
        ends=((KILLED, False),),
        version=LEGACY,
        other=LEGACY_BEFORE,
    ),
    Trap(
        name="kill-legacy-upgrading",
        start=LEGACY,
        when=upgrading,
        strike=kill,
        ends=((KILLED, True),),
        version=NEW,
        other=LEGACY,
    ),
    Trap(
        name="kill-older-client",
        generation="1.12.0",
        words=UPGRADE,
        start=LEGACY,
        when=upgrading,
        strike=kill,
        ends=((KILLED, True),),
        version=NEW,
        other=LEGACY,
    ),
)


def sprung(trap: Trap, home: Path) -> Ending:
    change = Change(name=trap.name, words=trap.words, start=trap.start, faults=trap.faults)
    world = change.world()
    machine = world.truth.nodes["w-1"]
    boot_id = machine.boot_id
    home.mkdir()
    with (
        open_door(world, home, speed=trap.speed) as door,
        door.running(*trap.words, version=trap.generation, nodes=(machine.address,)) as process,
    ):
        wait_until(door, lambda: trap.when(machine))
        trap.strike(process, door)
        stdout, stderr = process.communicate(timeout=PATIENCE)
        calm = time.monotonic() + 1
        wait_until(door, lambda: time.monotonic() > calm and at_rest(world, "w-1"))
        result = Result(exit=process.returncode, stdout=stdout, stderr=stderr)
        return door.do(lambda: ending(change, world, result, boot_id))


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ending]:
    """They mostly wait, so they do it together."""
    for generation in ("1.13.0", "1.12.0"):
        real("talosctl", generation)
    home = tmp_path_factory.mktemp("traps")
    with ThreadPoolExecutor(len(TRAPS)) as pool:
        found = list(pool.map(lambda trap: sprung(trap, home / trap.name), TRAPS))
    return {trap.name: one for trap, one in zip(TRAPS, found, strict=True)}


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: str(trap.name))
def test_a_talosctl_in_trouble_leaves_the_machine_like_that(trap: Trap, endings: Mapping[str, Ending]) -> None:
    left = endings[trap.name]
    assert (left.exit, left.rebooted) in trap.ends, left.told
    assert (left.version, left.other_version, left.next_is_other) == (trap.version, trap.other, False)
    assert not left.cordoned
