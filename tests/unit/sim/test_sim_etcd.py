"""etcd of the embedded cluster, over time: replacements that come in, learners, files that are full."""

import pytest
from play import cluster

from talops.domain.process import Response
from talops.sim import etcdapi, etcdjoin, membership
from talops.sim.served import Refused
from talops.sim.services import services
from talops.sim.tables import humanized
from talops.sim.world import World
from talops.tools import requests
from talops.tools.kubernetes import complaint


def etcd_of(world: World, hostname: str) -> tuple[str, bool | None, str]:
    """State, health and last event of its etcd service."""
    found = services(world.truth.cluster, world.truth.nodes[hostname])
    return next((one.state, one.healthy, one.last_event) for one in found if one.id == "etcd")


def members(world: World) -> list[tuple[str, bool]]:
    return sorted((member.name, member.learner) for member in world.truth.etcd.members)


def remove(world: World, name: str) -> None:
    etcd = world.truth.etcd
    dead = next(member for member in etcd.members if member.machine.hostname == name)
    etcdapi.remove(world.truth.cluster, world.truth.nodes["cp-1"], dead.id)


def write(world: World) -> Response:
    return world.kube.gather((requests.lease_create("me", world.clock.wall(), 60),))[0]


def test_a_replacement_waits_outside_until_the_dead_member_is_removed_and_then_becomes_a_voter() -> None:
    world = cluster("control-plane-replaced@cp-2").world
    world.advance(600)
    assert etcd_of(world, "cp-2") == ("Preparing", None, "Running pre state")
    assert world.truth.etcd.joining == {"cp-2": "error adding member: etcdserver: unhealthy cluster"}
    assert ("cp-2-old", False) in members(world)

    remove(world, "cp-2-old")
    world.advance(etcdjoin.TRIES_EVERY)
    assert ("", True) in members(world)
    world.advance(etcdjoin.STARTS_AFTER)
    assert etcd_of(world, "cp-2")[:2] == ("Running", False)
    assert ("cp-2", True) in members(world)
    world.advance(30)

    assert etcd_of(world, "cp-2") == ("Running", True, "Health check successful")
    assert members(world) == [("cp-1", False), ("cp-2", False), ("cp-3", False)]
    assert world.truth.nodes["cp-2"].ready


def test_a_replacement_with_the_name_of_its_old_member_takes_that_out_by_itself() -> None:
    world = cluster().world
    machine = world.truth.nodes["cp-2"]
    etcdjoin.replace(world.truth.cluster, machine)
    etcd = world.truth.etcd
    etcd.members[1].machine.hostname = "cp-2"
    world.advance(60)
    assert members(world) == [("cp-1", False), ("cp-2", False), ("cp-3", False)]
    assert etcd.member(machine) is not None


def test_of_five_one_may_be_dead_and_its_address_still_keeps_the_replacement_out() -> None:
    world = cluster("control-plane-replaced@cp-2", control_planes=5).world
    assert world.truth.etcd.joining == {"cp-2": "error adding member: etcdserver: Peer URLs already exists"}


def test_a_replacement_that_is_rebooted_tries_again() -> None:
    world = cluster("control-plane-replaced@cp-2").world
    machine = world.truth.nodes["cp-2"]
    world.truth.cluster.power_off(machine)
    world.advance(120)
    assert not machine.ready
    remove(world, "cp-2-old")
    world.advance(60)
    assert machine.ready


def test_a_learner_that_nobody_promoted_in_time_stays_one() -> None:
    world = cluster("control-plane-replaced@cp-2", "member-stays-learner@cp-2").world
    remove(world, "cp-2-old")
    world.advance(etcdjoin.PROMOTES_FOR + 60)
    world.truth.cluster.faults.clear()
    world.advance(600)
    assert ("cp-2", True) in members(world)
    assert etcd_of(world, "cp-2")[2] == f"Health check failed: {membership.NOT_FOR_LEARNERS}"


def test_a_member_that_is_removed_while_its_machine_is_up_starts_again_and_again() -> None:
    world = cluster().world
    remove(world, "cp-3")
    world.advance(60)
    expected = "Runner Containerd(etcd) exited without error, going to restart it"
    assert etcd_of(world, "cp-3") == ("Waiting", False, expected)
    with pytest.raises(Refused):
        etcdapi.status(world.truth.cluster, world.truth.nodes["cp-3"])


def test_an_alarm_for_want_of_space_comes_back_until_the_file_is_smaller() -> None:
    world = cluster("etcd-nospace@cp-2").world
    truth = world.truth
    assert complaint(write(world)) == "etcdserver: mvcc: database space exceeded (500)"

    etcdapi.disarm(truth.cluster, truth.nodes["cp-1"])
    assert write(world).status == 201
    world.advance(10)
    assert truth.etcd.full

    etcdapi.defragment(truth.cluster, truth.nodes["cp-2"])
    etcdapi.disarm(truth.cluster, truth.nodes["cp-1"])
    world.advance(600)
    assert not truth.etcd.full


def test_whoever_forfeits_to_a_dead_member_is_told_so() -> None:
    world = cluster().world
    etcd = world.truth.etcd
    leader, first = etcd.listed[1], etcd.listed[0]
    etcd.lead(leader)
    etcd.set_up(first.machine, False)
    with pytest.raises(Refused, match="leader transfer took too long"):
        etcdapi.forfeit(world.truth.cluster, leader.machine)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (9, "9 B"),
        (10, "10 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9949, "9.9 kB"),
        (9950, "10 kB"),
        (20480, "20 kB"),
        (7_340_032, "7.3 MB"),
        (23_068_672, "23 MB"),
        (2_147_483_648, "2.1 GB"),
    ],
)
def test_sizes_are_written_as_talosctl_writes_them(size: int, words: str) -> None:
    assert humanized(size) == words
