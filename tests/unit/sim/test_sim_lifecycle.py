"""What a machine does when its API is asked to change it, whoever asks: its replies, its events, what stays written."""

from collections.abc import Callable

import pytest
from play import cluster

from talops.domain.process import End
from talops.sim.events import Event, MachineStatusEvent, PhaseEvent, Published, SequenceEvent, TaskEvent
from talops.sim.lifecycle import ask_to_reboot, install, legacy_upgrade, pull, roll_back
from talops.sim.served import Accepted, Code, Ended, ExitCode, Message, Pulled, Refused, Reply
from talops.sim.world import World
from talops.tools.calls import Talosctl

IMAGE = f"factory.talos.dev/metal-installer/{'a' * 64}:v1.13.1"


def world_of(*faults: str, start: str = "v1.13.0", control_planes: int = 3) -> World:
    return cluster(*faults, start=start, control_planes=control_planes).world


def heard(world: World, hostname: str = "w-1") -> list[Published]:
    """Everything that the machine tells from now on, until it goes down."""
    events: list[Published] = []
    world.truth.nodes[hostname].events.watch(events.append, lambda: None)
    return events


def short(event: Event) -> str:
    match event:
        case SequenceEvent(sequence=name, action=action):
            return f"{name} {action}"
        case PhaseEvent(phase=name, action=action) | TaskEvent(task=name, action=action):
            return f"{name} {action}"
        case MachineStatusEvent(stage=stage, ready=ready):
            return f"{stage} {ready}"


def test_a_reboot_tells_of_its_sequence_its_phases_and_its_stage() -> None:
    world = world_of()
    machine, cluster_ = world.truth.nodes["w-1"], world.truth.cluster
    events, boot_id = heard(world), machine.boot_id

    actor = ask_to_reboot(cluster_, machine)
    world.advance(20)

    assert [short(one.event) for one in events][:6] == [
        "rebooting False",
        "reboot START",
        "cleanup START",
        "stopAllPods START",
        "stopAllPods STOP",
        "cleanup STOP",
    ]
    assert [short(one.event) for one in events][-2:] == ["reboot START"] * 2
    assert {one.actor for one in events} == {"", actor}
    assert [one.id for one in events] == sorted({one.id for one in events})

    world.advance(120)

    assert machine.boot_id != boot_id
    assert [short(one.event) for one in machine.events.tail(-1)] == ["booting False", "running True"]
    assert [short(one.event) for one in machine.events.tail(1)] == ["running True"]
    assert machine.events.tail(0) == ()


def test_a_legacy_upgrade_needs_nobody_once_it_is_accepted() -> None:
    world = world_of(start="v1.12.4")
    machine, replies, events = world.truth.nodes["w-1"], list[Reply](), heard(world)

    served = legacy_upgrade(world.truth.cluster, machine, IMAGE, replies.append)
    world.advance(36)
    served.cancel()

    assert isinstance(replies[0], Accepted)
    assert replies[1:] == [Ended()]
    assert machine.stage == "upgrading"
    assert [node.name for node in world.truth.kube_nodes() if node.unschedulable] == ["w-1"]

    world.advance(240)

    assert (str(machine.version), machine.stage, machine.ready) == ("v1.13.1", "running", True)
    assert [short(one.event) for one in events if isinstance(one.event, PhaseEvent)][::2][:3] == [
        "drain START",
        "cleanup START",
        "dbus START",
    ]
    assert not any(node.unschedulable for node in world.truth.kube_nodes())


def test_a_node_that_somebody_had_cordoned_stays_so_after_a_legacy_upgrade() -> None:
    world = world_of(start="v1.12.4")
    world.truth.cordon("w-1")

    legacy_upgrade(world.truth.cluster, world.truth.nodes["w-1"], IMAGE, lambda _: None)
    world.advance(300)

    assert str(world.truth.nodes["w-1"].version) == "v1.13.1"
    assert [node.name for node in world.truth.kube_nodes() if node.unschedulable] == ["w-1"]


def test_a_reboot_is_locked_out_while_an_upgrade_runs() -> None:
    world = world_of(start="v1.12.4")
    machine, events = world.truth.nodes["w-1"], heard(world)
    legacy_upgrade(world.truth.cluster, machine, IMAGE, lambda _: None)
    world.advance(36)

    ask_to_reboot(world.truth.cluster, machine)
    world.advance(0.3)

    locked = [one for one in events if isinstance(one.event, SequenceEvent)][-1]
    assert (short(locked.event), locked.actor) == ("reboot NOOP", "")


@pytest.mark.parametrize(
    ("seconds", "installed"),
    [(1, "v1.12.0"), (15, "v1.12.0"), (42, "v1.13.1")],
    ids=["before it writes", "while it writes", "when it has written"],
)
def test_an_installer_stops_with_its_client_and_what_it_has_written_stays(seconds: float, installed: str) -> None:
    world = world_of()
    machine = world.truth.nodes["w-1"]
    served = install(world.truth.cluster, machine, IMAGE, lambda _: None)
    written = world.truth.cluster.timeline.now + seconds
    while world.truth.cluster.timeline.now < written and machine.default == "A":
        world.advance(0.1)
    served.cancel()

    world.advance(600)

    other = machine.slots["B"]
    assert other is not None
    assert (str(machine.version), str(other.version)) == ("v1.13.0", installed)
    assert not machine.installing


def test_two_installers_do_not_run_at_once() -> None:
    world = world_of()
    machine, replies = world.truth.nodes["w-1"], list[Reply]()
    install(world.truth.cluster, machine, IMAGE, lambda _: None)

    install(world.truth.cluster, machine, IMAGE, replies.append)

    (ended,) = replies
    assert isinstance(ended, Ended)
    assert ended.status is not None
    assert ended.status.code is Code.FAILED_PRECONDITION


@pytest.mark.parametrize("image", [IMAGE, "ghcr.io/siderolabs/installer:latest"])
def test_only_an_image_of_a_release_is_found(image: str) -> None:
    world, replies = world_of(), list[Reply]()
    pull(world.truth.cluster, world.truth.nodes["w-1"], image, replies.append)

    world.advance(40)

    assert (Pulled(image) in replies) is (image == IMAGE)
    assert isinstance(replies[-1], Ended)
    assert (replies[-1].status is None) is (image == IMAGE)


def test_every_call_breaks_off_when_the_power_does() -> None:
    world = world_of()
    machine, replies, gone = world.truth.nodes["w-1"], list[Reply](), list[str]()
    machine.events.watch(lambda _: None, lambda: gone.append("events"))
    install(world.truth.cluster, machine, IMAGE, replies.append)

    world.truth.power_cut("w-1")

    assert gone == ["events"]
    assert isinstance(replies[-1], Ended)
    assert replies[-1].status is not None
    assert replies[-1].status.code is Code.UNAVAILABLE
    assert not any(isinstance(reply, ExitCode) for reply in replies)
    assert Message("running pre-flight checks") in replies


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda world: world.truth.etcd.members[1].__setattr__("up", False), "is not healthy; all members must be"),
        (lambda world: world.truth.etcd.members.pop(), "etcd member count(2) is insufficient to maintain quorum"),
    ],
    ids=["a member is down", "two members"],
)
def test_a_legacy_upgrade_of_a_control_plane_proves_etcd_first(prepare: Callable[[World], None], words: str) -> None:
    world, replies = world_of(start="v1.12.4"), list[Reply]()
    prepare(world)

    legacy_upgrade(world.truth.cluster, world.truth.nodes["cp-1"], IMAGE, replies.append)
    world.advance(90)

    assert words in str(replies[-1])
    assert world.truth.went_down == []


def test_a_rollback_boots_the_release_before_and_without_one_is_refused() -> None:
    world = world_of()
    machine = world.truth.nodes["w-1"]

    roll_back(world.truth.cluster, machine)
    world.advance(120)

    assert str(machine.version) == "v1.12.0"
    machine.slots["A"] = None
    with pytest.raises(Refused, match="no previous boot entry"):
        roll_back(world.truth.cluster, machine)


@pytest.mark.parametrize("seconds", [10, 45])
def test_a_killed_talosctl_of_the_new_path_reboots_nothing(seconds: float) -> None:
    world = world_of()
    running = world.runner.start(Talosctl().upgrade("10.1.0.4", IMAGE, drain_flag=True))
    world.advance(seconds)
    running.kill()

    world.advance(600)

    result = running.poll()
    assert result is not None
    assert result.end is End.KILLED
    assert world.truth.went_down == []
