"""One dead or lying node is a fact about that node, and starves nobody else."""

from collections.abc import Sequence

import pytest
from observed_world import BOOT_ID, SCHEMATIC, Machine, World, desired, timed_out

from talops.domain.process import Call, End, Result
from talops.domain.talos import NOT_ASKED, Absent, TalosNode, Unknown, Version
from talops.observe import has_pending_install, observe, observe_node

MANY = ("version", "machinestatus", "extensions", "addresses", "securitystate")


@pytest.fixture
def world() -> World:
    return World()


def test_a_healthy_cluster_is_seen_whole(world: World) -> None:
    observed = observe(desired(world.machines), world.tools(), boot_ids=True)
    assert list(observed.nodes) == ["cp-1", "cp-2", "cp-3", "w-1", "w-2"]
    assert observed.nodes["w-1"].talos == TalosNode(
        version=Version.parse("v1.13.0"),
        platform="metal",
        stage="running",
        ready=True,
        schematic=SCHEMATIC,
        extensions=("iscsi-tools",),
        addresses=("10.0.0.21",),
    )
    assert observed.nodes["w-1"].boot_id == BOOT_ID.format(21)
    assert [view.hostname for view in observed.etcd] == ["cp-1", "cp-2", "cp-3"]
    assert observed.talosctl == Version.parse("v1.13.0")
    assert observed.strangers == ()
    assert (observed.ceph, observed.postgres) == (Absent(), Absent())


def test_many_nodes_cost_few_processes(world: World) -> None:
    observe(desired(world.machines), world.tools())
    everyone = tuple(machine.address for machine in world.machines)
    assert all(world.asked(template) == [everyone] for template in MANY)
    assert world.asked("etcd-status") == [everyone[:3]]
    assert world.asked("boot-id") == []


def test_the_version_of_talosctl_is_asked_once_a_run(world: World) -> None:
    tools = world.tools()
    for _ in range(3):
        assert observe(desired(world.machines), tools).talosctl == Version.parse("v1.13.0")
    assert len(world.asked("client-version")) == 1


@pytest.mark.parametrize("hostname", ["cp-1", "cp-2", "w-2"])
def test_a_dead_node_is_a_value_with_its_reason_and_the_others_are_known(world: World, hostname: str) -> None:
    world.machine(hostname).alive = False
    observed = observe(desired(world.machines), world.tools(), boot_ids=True)
    dead = observed.nodes[hostname]
    assert isinstance(dead.talos, Unknown)
    assert "connection refused" in dead.talos.reason
    assert isinstance(dead.boot_id, Unknown)
    for name, node in observed.nodes.items():
        assert isinstance(node.talos, Unknown) is (name == hostname)


def test_only_nodes_that_did_not_answer_are_asked_once_more_each_alone(world: World) -> None:
    world.machine("w-2").alive = False
    observe(desired(world.machines), world.tools())
    assert world.asked("machinestatus")[1:] == [("10.0.0.22",)]
    assert world.asked("version")[1:] == [("10.0.0.22",)]


def test_a_batch_that_hangs_is_asked_node_by_node(world: World) -> None:
    world.spoil = timed_out
    world.machine("w-2").alive = False
    observed = observe(desired(world.machines), world.tools())
    assert [isinstance(node.talos, TalosNode) for node in observed.nodes.values()] == [True] * 4 + [False]
    assert all(not isinstance(view.status, Unknown) for view in observed.etcd)
    assert len(world.asked("version")) == 1 + 5


def test_a_node_without_extensions_has_answered(world: World) -> None:
    world.machine("w-2").extensions = ()
    observed = observe(desired(world.machines), world.tools())
    talos = observed.nodes["w-2"].talos
    assert isinstance(talos, TalosNode)
    assert (talos.schematic, talos.extensions) == (None, ())
    assert len(world.asked("extensions")) == 1


def test_extensions_that_cannot_be_read_are_not_none(world: World) -> None:
    def spoil(call: Call, result: Result) -> Result:
        return (
            Result(exit=1, stderr=b"rpc error: code = PermissionDenied desc = not authorized")
            if call.template == "extensions"
            else result
        )

    world.spoil = spoil
    talos = observe(desired(world.machines), world.tools()).nodes["w-1"].talos
    assert isinstance(talos, TalosNode)
    assert talos.schematic == Unknown("PermissionDenied: not authorized")


def test_a_node_that_tells_its_stage_but_not_its_version_is_not_dead(world: World) -> None:
    world.spoil = lambda call, result: Result(stdout=b"garbage") if call.template == "version" else result
    talos = observe(desired(world.machines), world.tools()).nodes["w-1"].talos
    assert isinstance(talos, TalosNode)
    assert isinstance(talos.version, Unknown)
    assert talos.stage == "running"


@pytest.mark.parametrize("template", [*MANY, "members", "etcd-members", "etcd-status", "etcd-alarms", "client-version"])
@pytest.mark.parametrize(
    "result",
    [
        Result(end=End.NOT_FOUND),
        Result(end=End.TIMED_OUT, stdout=b"{"),
        Result(exit=2, stderr=b"panic: runtime error"),
        Result(stdout=b"\xff garbage"),
        Result(stdout=b"[]"),
    ],
    ids=["missing", "hung", "panic", "bytes", "other JSON"],
)
def test_no_answer_however_wrong_is_more_than_unknown(world: World, template: str, result: Result) -> None:
    world.spoil = lambda call, answer: result if call.template == template else answer
    observed = observe(desired(world.machines), world.tools(), boot_ids=True)
    assert set(observed.nodes) == {"cp-1", "cp-2", "cp-3", "w-1", "w-2"}
    views = observed.etcd
    unknown: dict[str, Sequence[object]] = {
        "etcd-members": [view.members for view in views],
        "etcd-status": [view.status for view in views],
        "etcd-alarms": [view.alarms for view in views],
        "client-version": [observed.talosctl],
    }
    assert all(isinstance(answer, Unknown) and answer.reason for answer in unknown.get(template, ()))


def test_a_dead_control_plane_leaves_the_views_of_the_others(world: World) -> None:
    world.machine("cp-2").alive = False
    one, two, three = observe(desired(world.machines), world.tools()).etcd
    for part in (two.members, two.status, two.alarms):
        assert isinstance(part, Unknown)
        assert "connection refused" in part.reason
    for view in (one, three):
        assert isinstance(view.members, tuple)
        assert [member.hostname for member in view.members] == ["cp-1", "cp-2", "cp-3"]
        assert view.alarms == ()


def test_silence_about_alarms_is_no_word_of_a_node_that_failed(world: World) -> None:
    def spoil(call: Call, result: Result) -> Result:
        blame = b"WARNING: 1 error occurred:\n\t* rpc error: code = Unavailable desc = gone\n"
        return Result(stderr=blame) if call.template == "etcd-alarms" else result

    world.spoil = spoil
    assert all(isinstance(view.alarms, Unknown) for view in observe(desired(world.machines), world.tools()).etcd)


def test_boot_ids_cost_a_process_a_node_and_are_asked_only_on_request(world: World) -> None:
    assert observe(desired(world.machines), world.tools()).nodes["w-1"].boot_id is NOT_ASKED
    observe(desired(world.machines), world.tools(), boot_ids=True)
    assert len(world.asked("boot-id")) == 5


def test_the_holder_of_the_virtual_ip_is_known(world: World) -> None:
    world.machine("cp-2").holds_vip = True
    observed = observe(desired(world.machines, virtual_ips=("10.0.0.5",)), world.tools())
    assert [name for name, node in observed.nodes.items() if node.holds_vip] == ["cp-2"]


def test_machines_that_the_files_do_not_know_are_strangers(world: World) -> None:
    world.strangers = [Machine(hostname="ghost", address="10.0.0.99", control_plane=False)]
    assert observe(desired(world.machines), world.tools()).strangers == ("ghost", "kube-ghost")


def test_discovery_is_asked_elsewhere_when_the_first_control_plane_is_dead(world: World) -> None:
    world.machine("cp-1").alive = False
    world.strangers = [Machine(hostname="ghost", address="10.0.0.99", control_plane=False)]
    assert "ghost" in observe(desired(world.machines), world.tools()).strangers


def test_one_node_is_observed_alone(world: World) -> None:
    files = desired(world.machines)
    seen = observe_node(files.node("w-1"), world.tools())
    assert isinstance(seen.talos, TalosNode)
    assert seen.talos.schematic == SCHEMATIC
    assert seen.boot_id == BOOT_ID.format(21)
    assert seen.kube is not None
    assert not isinstance(seen.kube, Unknown)
    assert seen.kube.name == "kube-w-1"
    assert {nodes for template in MANY for nodes in world.asked(template)} == {("10.0.0.21",)}


def test_one_dead_node_is_asked_for_its_boot_id_and_for_nothing_else(world: World) -> None:
    world.machine("w-1").alive = False
    seen = observe_node(desired(world.machines).node("w-1"), world.tools())
    assert isinstance(seen.talos, Unknown)
    assert {call.template for call in world.calls} == {"boot-id"}
    assert world.asked("boot-id") == [("10.0.0.21",)]


@pytest.mark.parametrize("pending", [True, False])
def test_an_install_that_has_not_settled_is_seen(world: World, pending: bool) -> None:
    world.machine("w-1").pending_install = pending
    assert has_pending_install(desired(world.machines).node("w-1"), world.tools()) is pending


def test_whether_an_install_is_pending_on_a_dead_node_is_unknown(world: World) -> None:
    world.machine("w-1").alive = False
    assert isinstance(has_pending_install(desired(world.machines).node("w-1"), world.tools()), Unknown)


@pytest.mark.parametrize("boot_ids", [False, True])
def test_who_is_silent_is_found_out_once_and_asked_nothing_else(world: World, *, boot_ids: bool) -> None:
    silent = world.machine("w-2").address

    def spoil(call: Call, result: Result) -> Result:
        return Result(end=End.TIMED_OUT) if any(silent in word for word in call.argv) else result

    world.spoil = spoil
    observed = observe(desired(world.machines), world.tools(), boot_ids=boot_ids)
    assert [isinstance(node.talos, TalosNode) for node in observed.nodes.values()] == [True] * 4 + [False]
    # nobody waits for it twice when the boot IDs have told
    assert ((silent,) in world.asked("version")) is not boot_ids
    everyone, the_others = world.asked("machinestatus")
    assert the_others == tuple(address for address in everyone if address != silent)


def test_a_talosconfig_that_does_not_fit_is_named(world: World) -> None:
    refusal = b'rpc error: code = Unavailable desc = connection error: desc = "remote error: tls: expired certificate"'
    world.spoil = lambda call, result: Result(exit=1, stderr=refusal) if call.template != "client-version" else result
    talos = observe(desired(world.machines), world.tools()).nodes["w-1"].talos
    assert isinstance(talos, Unknown)
    assert talos.reason == "the certificate in the talosconfig has expired (tls: expired certificate)"
    assert "talhelper genconfig" in talos.hint
