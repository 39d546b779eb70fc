"""`talosctl upgrade` and `rollback` of the embedded cluster tell the story that the real one tells, line by line."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from play import cluster

from contract.transcripts import narrated, plain, talosctl_capture
from talops.domain.process import Call, End, Result
from talops.sim.world import World
from talops.tools.calls import Talosctl

MAKE = Talosctl()
CP2, W3 = "10.1.0.2", "10.1.0.6"
IMAGE = f"factory.talos.dev/metal-installer/{'a' * 64}:v1.13.1"
LONGEST = 3600.0


def run(world: World, call: Call) -> Result:
    """Start it and let virtual time pass until it has ended."""
    running = world.runner.start(call)
    until = world.clock.now() + LONGEST
    while running.poll() is None and world.clock.now() < until:
        world.clock.wait(until)
    result = running.poll()
    assert result is not None
    assert result.end is End.EXITED
    return result


def upgraded(*faults: str, start: str = "v1.13.0") -> Result:
    return run(cluster(*faults, start=start).world, MAKE.upgrade(W3, IMAGE, drain_flag=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`without`: what belongs to that one capture, as words of the lines that are left out on both sides."""

    capture: str
    faults: tuple[str, ...] = ()
    start: str = "v1.13.0"
    without: tuple[str, ...] = ()


# the fake node of these captures says that it is done before its installer fails
_TOO_EARLY = ("installation of",)
# and its sequences have phases of their own: those of a real node are held to by the tests with the real talosctl
_STEPS = ("phase:", "task:", "stopAllServices task")
NEW_PATH = (
    Story(capture="upgrade-realistic-timing"),
    Story(capture="upgrade"),
    Story(capture="err-upgrade-installer-exit-3", faults=("install-fails@w-3",), without=_TOO_EARLY),
    Story(capture="err-upgrade-pull-fails", faults=("pull-fails@w-3",)),
    Story(
        capture="err-upgrade-stream-ends-without-exit-code",
        faults=("exit-zero-not-upgraded@w-3",),
        without=_TOO_EARLY,
    ),
    Story(capture="err-upgrade-never-back", faults=("never-returns@w-3",)),
)
LEGACY_PATH = (Story(capture="upgrade-old-node-fallback", start="v1.12.4"),)


@pytest.mark.parametrize("story", [*NEW_PATH, *LEGACY_PATH], ids=lambda story: str(story.capture))
def test_an_upgrade_is_told_line_by_line_as_by_the_real_one(story: Story) -> None:
    real, ours = talosctl_capture(story.capture).result, upgraded(*story.faults, start=story.start)
    assert (ours.exit, ours.stdout) == (real.exit, real.stdout)
    without = (*story.without, *_STEPS)
    told = narrated(ours.stderr, without=without)
    assert told == narrated(real.stderr, without=without)
    assert told


def test_a_node_that_refuses_a_legacy_upgrade_does_so_in_the_same_place() -> None:
    real = talosctl_capture("err-upgrade-legacy-refused").result
    ours = upgraded("pull-fails@w-3", start="v1.12.4")
    refusal = "rpc error: code = Unknown desc = error validating "
    assert [line.partition(refusal)[:2] for line in narrated(ours.stderr)] == [
        line.partition(refusal)[:2] for line in narrated(real.stderr)
    ]
    assert (ours.exit, ours.stdout) == (real.exit, real.stdout)


def test_a_failed_legacy_upgrade_ends_at_once_and_tells_the_error_three_times() -> None:
    real = talosctl_capture("err-legacy-upgrade-sequence-error").result
    ours = upgraded("install-fails@w-3", start="v1.12.4")
    # ours stops its sequence first, and tells of the error afterwards, as the sources of Talos do
    told = [line for line in narrated(ours.stderr, without=_STEPS) if not line.endswith("STOP")]
    assert [_same_error(line) for line in told] == [_same_error(line) for line in narrated(real.stderr, without=_STEPS)]
    assert sum("exit code N" in line for line in told) == 3
    assert (ours.exit, ours.stdout) == (real.exit, real.stdout)


def _same_error(line: str) -> str:
    """Without what went wrong, and the action and code that only the two nodes know."""
    line = re.sub(r"failed to stop services|sequence failed: .* exit code N", "WHY", line)
    return re.sub("action: (STOP|NOOP) error(.*) message: [A-Z]+", r"action: ENDED error\2", line)


@pytest.mark.parametrize(
    "lose",
    [
        lambda world: world.truth.cluster.power_cut(world.truth.nodes["w-3"]),
        lambda world: world.truth.cluster.clients[-1].break_off(),
    ],
    ids=["machine lost", "connection lost"],
)
def test_what_is_lost_in_the_middle_of_an_install_is_worded_as_by_the_real_one(lose: Callable[[World], None]) -> None:
    world = cluster("installer-hangs@w-3").world
    world.at(world.clock.now() + 60, lambda: lose(world))
    ours = run(world, MAKE.upgrade(W3, IMAGE, drain_flag=True))
    real = talosctl_capture("err-upgrade-drop-mid-install-self-endpoint").result
    # the fake node of this capture has found its disk by then
    assert narrated(ours.stderr) == narrated(real.stderr, without=("discovered system disk",))
    assert (ours.exit, ours.stdout) == (real.exit, real.stdout)


def test_a_refused_reboot_is_worded_as_by_the_real_one() -> None:
    real = talosctl_capture("err-rbac-reboot").result
    ours = upgraded("reboot-refused@w-3")
    told = narrated(real.stderr)
    assert narrated(ours.stderr)[-len(told) :] == told
    assert (ours.exit, ours.stdout) == (real.exit, real.stdout)


def test_a_failed_rollback_is_worded_as_by_the_real_one() -> None:
    real = talosctl_capture("rollback-nothing").result
    world = cluster().world
    world.truth.nodes["cp-2"].slots["B"] = None
    ours = run(world, MAKE.rollback(CP2))
    assert (ours.exit, ours.stdout, plain(ours.stderr)) == (real.exit, real.stdout, plain(real.stderr))


def test_a_rollback_says_nothing() -> None:
    world = cluster().world
    assert run(world, MAKE.upgrade(CP2, IMAGE, drain_flag=True)).ok
    assert run(world, MAKE.rollback(CP2)) == talosctl_capture("rollback").result


def test_an_upgrade_of_a_silent_node_fails_while_it_compares_versions() -> None:
    """The capture's silent endpoint and our silent node differ in what follows: there, nobody could ask on."""
    real = talosctl_capture("err-endpoint-refused-upgrade").result
    ours = upgraded("dead-node@w-3")
    beginning, _, _ = real.stderr.partition(b"rpc error")
    assert (ours.exit, ours.stdout) == (real.exit, real.stdout)
    assert ours.stderr.startswith(beginning)
    several = talosctl_capture("err-dead-only-version-json").result.stderr.partition(b": ")[2]
    assert plain(ours.stderr.removeprefix(beginning)) == plain(several)
