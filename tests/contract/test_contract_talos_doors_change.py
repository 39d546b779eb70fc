"""The two doors of one cluster, where talosctl changes a machine: both talosctls say the same, and leave it the same.

Where they differ, the real one is right.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from contract.talos_changes import IMAGE, NO_DRAIN, STEPS, UPGRADE, Change, Ending, embedded, side_by_side
from contract.talos_door import GENERATIONS, open_door
from real_tools import real
from talops.sim import sequences
from talops.sim.world import World

OLD = "v1.12.4"
SOON = (*NO_DRAIN, "--timeout", "10s")
ALL_STEPS = STEPS[:0]
# when its time is up, talosctl says nothing, or tells of all the errors it has retried: a race as well
TIME_IS_UP = ("DeadlineExceeded", "error(s) occurred", "\t")
# whether talosctl says so is a race between its two halves: the call fails, and the stream of events opens or does not
RACE = ("waiting for actor ID", "unavailable, retrying...")


def _no_other(world: World) -> None:
    world.truth.nodes["w-1"].slots["B"] = None


def _lost(world: World) -> None:
    world.truth.power_cut("w-1")


CHANGES = (
    Change(name="upgrade"),
    Change(name="upgrade-control-plane", hostname="cp-2"),
    Change(name="upgrade-cordoned", prepare=lambda world: world.truth.cordon("w-1")),
    Change(name="pull-fails", faults=("pull-fails@w-1",)),
    Change(name="image-of-no-release", words=("upgrade", "--image", "ghcr.io/a/installer:latest", "--drain=false")),
    Change(name="install-fails", faults=("install-fails@w-1",)),
    Change(name="too-far", words=("upgrade", "--image", IMAGE.replace("v1.13.1", "v1.16.0"), "--drain=false")),
    Change(name="no-exit-code", faults=("exit-zero-not-upgraded@w-1",)),
    Change(name="reboot-refused", faults=("reboot-refused@w-1",), without=RACE),
    Change(name="silent-rollback", faults=("silent-rollback@w-1",)),
    Change(name="never-returns", words=SOON, faults=("never-returns@w-1",), without=(*STEPS, *TIME_IS_UP)),
    Change(name="hangs-rebooting", words=SOON, faults=("hangs-rebooting@w-1",), without=(*STEPS, *TIME_IS_UP)),
    Change(name="stays-booting", words=SOON, faults=("stays-booting@w-1",), without=(*STEPS, *TIME_IS_UP)),
    Change(name="kubelet-stays-down", words=SOON, faults=("kubelet-stays-down@w-1",), without=(*STEPS, *TIME_IS_UP)),
    Change(name="lost-while-installing", faults=("installer-hangs@w-1",), when=lambda m: m.installing, then=_lost),
    Change(name="off", faults=("dead-node@w-1",)),
    Change(name="legacy", start=OLD, without=ALL_STEPS),
    Change(name="legacy-control-plane", start=OLD, hostname="cp-1", without=ALL_STEPS),
    Change(name="legacy-cordoned", start=OLD, prepare=lambda world: world.truth.cordon("w-1"), without=ALL_STEPS),
    Change(name="legacy-pull-fails", start=OLD, faults=("pull-fails@w-1",), without=ALL_STEPS),
    Change(name="legacy-install-fails", start=OLD, faults=("install-fails@w-1",), without=ALL_STEPS),
    Change(name="legacy-two-members", start=OLD, hostname="cp-1", control_planes=2, without=RACE),
    Change(name="legacy-sick-member", start=OLD, hostname="cp-1", faults=("etcd-member-lost@cp-2",), without=RACE),
    Change(name="legacy-never-returns", start=OLD, words=SOON, faults=("never-returns@w-1",), without=TIME_IS_UP),
    Change(name="rollback", words=("rollback",)),
    Change(name="rollback-to-nothing", words=("rollback",), prepare=_no_other),
    Change(name="rollback-off", words=("rollback",), faults=("dead-node@w-1",)),
    Change(name="reboot", words=("reboot",)),
    Change(name="reboot-no-wait", words=("reboot", "--wait=false")),
    Change(name="reboot-no-wait-refused", words=("reboot", "--wait=false"), faults=("reboot-refused@w-1",)),
    Change(name="reboot-off", words=("reboot",), faults=("dead-node@w-1",), without=RACE),
    Change(name="reboot-older-node", words=("reboot",), start=OLD),
)

# its words differ, and what becomes of the machine does not
OLDER_CLIENT = (
    Change(name="older-client-upgrade", version="1.12.0", words=UPGRADE, start=OLD),
    Change(name="older-client-upgrade-newer-node", version="1.12.0", words=UPGRADE),
    Change(name="older-client-refused", version="1.12.0", words=UPGRADE, start=OLD, faults=("pull-fails@w-1",)),
    Change(name="older-client-reboot", version="1.12.0", words=("reboot",)),
    Change(name="older-client-rollback", version="1.12.0", words=("rollback",)),
)


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ending]:
    """Of the real talosctl."""
    for version in GENERATIONS:
        real("talosctl", version)
    return side_by_side((*CHANGES, *OLDER_CLIENT), tmp_path_factory.mktemp("doors"))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change.name))
def test_a_change_is_told_alike_and_leaves_the_machine_alike(change: Change, endings: Mapping[str, Ending]) -> None:
    ours, theirs = embedded(change), endings[change.name]
    assert "\n".join(ours.told) == "\n".join(theirs.told)
    assert ours == theirs


@pytest.mark.parametrize("change", OLDER_CLIENT, ids=lambda change: str(change.name))
def test_the_older_talosctl_leaves_the_machine_like_that_too(change: Change, endings: Mapping[str, Ending]) -> None:
    assert replace(embedded(change), told=()) == replace(endings[change.name], told=())


@pytest.mark.parametrize("version", GENERATIONS)
def test_events_of_this_boot_are_told_again(version: str, tmp_path: Path) -> None:
    world = Change(name="events").world()
    sequences.reboot(world.truth.cluster, world.truth.nodes["w-1"])
    world.advance(60)
    with (
        open_door(world, tmp_path, still=True) as door,
        door.running("events", "--tail", "-1", version=version, nodes=("10.1.0.4",)) as process,
    ):
        assert process.stdout is not None
        told = "".join(process.stdout.readline().decode() for _ in range(5))
    assert [word for word in told.split() if word.isupper() and len(word) > 2][-2:] == ["BOOTING", "RUNNING"]
    assert "reboot" not in told
