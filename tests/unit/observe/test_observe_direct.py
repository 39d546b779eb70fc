"""Each node is asked by a way of its own, in two short rounds."""

from dataclasses import dataclass, replace

import pytest
from captures import table
from observed_world import Machine, Runner, World, desired

from talops.domain.process import Call, End, Result
from talops.domain.talos import MemberStatus, ServiceState, Unknown
from talops.observe import Tools, observe_etcd_directly, observe_services
from talops.tools.calls import Talosctl

MUTE = Result(end=End.TIMED_OUT)
REFUSED = 'rpc error: code = Unavailable desc = connection error: desc = "dial tcp {}: connect: connection refused"\n'
SERVICES = (("SERVICE", "STATE", "HEALTH", "LAST CHANGE", "LAST EVENT"),)


@dataclass(slots=True)
class Ways(Runner):
    """Endpoints and nodes that are mute, an endpoint that refuses, and an etcd that is down where Talos answers."""

    mute: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    no_etcd: frozenset[str] = frozenset()

    def answer(self, call: Call) -> Result:
        endpoint, node = (call.argv[call.argv.index(flag) + 1] for flag in ("-e", "-n"))
        if endpoint in self.refused:
            return Result(exit=1, stderr=f"error getting status: {REFUSED.format(endpoint)}".encode())
        if {endpoint, node} & self.mute or (node in self.no_etcd and call.template.startswith("etcd-")):
            return MUTE
        if call.template == "service-states":
            state = "Preparing" if node in self.no_etcd else "Running"
            return Result(stdout=table(*SERVICES, ("etcd", state, "?", "3m2s ago", "Running pre state")))
        return Runner.answer(self, call)


def tools(world: World, *endpoints: str, **faults: frozenset[str]) -> Tools:
    made = world.tools()
    talosctl = Talosctl(talosconfig="talosconfig", endpoints=endpoints)
    return replace(made, runner=Ways(world, **faults), talosctl=talosctl)


def ways(world: World) -> list[tuple[str, str]]:
    """By which endpoint, which node was asked, each once."""
    found = [tuple(call.argv[call.argv.index(flag) + 1] for flag in ("-e", "-n")) for call in world.calls]
    return [(endpoint, node) for endpoint, node in dict.fromkeys(found)]


OWN = ("10.0.0.11", "10.0.0.12:50000", "10.0.0.13")
TUNNELS = ("127.0.0.1:4001", "127.0.0.1:4002", "127.0.0.1:4003")


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        (OWN, OWN),
        (TUNNELS, TUNNELS),
        (("10.0.0.5",), ("10.0.0.5",) * 3),
        (("cp-2.example.lan", "cp-3.example.lan", "cp-1.example.lan"), ("cp-1.example.lan",)),
        ((), ("10.0.0.11", "10.0.0.12", "10.0.0.13")),
    ],
)
def test_a_control_plane_is_asked_at_its_own_endpoint(endpoints: tuple[str, ...], expected: tuple[str, ...]) -> None:
    world = World()
    views = observe_etcd_directly(desired(world.machines), tools(world, *endpoints))
    assert tuple(endpoint for endpoint, _ in ways(world))[: len(expected)] == expected
    assert all(isinstance(view.status, MemberStatus) for view in views)
    assert {call.template for call in world.calls} == {"etcd-members", "etcd-status", "etcd-alarms"}
    assert all(call.deadline.total_seconds() <= 2 for call in world.calls)


def test_behind_a_mute_endpoint_a_node_is_asked_once_more_by_way_of_one_that_speaks() -> None:
    world = World()
    views = observe_etcd_directly(desired(world.machines), tools(world, *TUNNELS, mute=frozenset(TUNNELS[:1])))
    assert all(isinstance(view.status, MemberStatus) for view in views)
    assert ways(world)[3:] == [(TUNNELS[1], "10.0.0.11")]


def test_a_mute_node_is_a_reason_and_costs_two_short_rounds() -> None:
    world = World()
    views = observe_etcd_directly(desired(world.machines), tools(world, *OWN, mute=frozenset({"10.0.0.11"})))
    assert isinstance(views[0].status, Unknown)
    assert all(isinstance(view.status, MemberStatus) for view in views[1:])
    first, again = world.calls[0], world.calls[-1]
    assert first.deadline.total_seconds() + again.deadline.total_seconds() <= 4


def test_where_nobody_answers_it_is_tried_once_more_with_patience_and_said_why() -> None:
    world = World()
    views = observe_etcd_directly(desired(world.machines), tools(world, "10.0.0.5", refused=frozenset({"10.0.0.5"})))
    # the way by the endpoint is closed; the nodes themselves answer
    assert all(isinstance(view.status, MemberStatus) for view in views)
    nodes = frozenset({"10.0.0.11", "10.0.0.12", "10.0.0.13"})
    closed = tools(World(), "10.0.0.5", refused=frozenset({"10.0.0.5"}), mute=nodes)
    views = observe_etcd_directly(desired(world.machines), closed)
    assert {view.status.reason for view in views if isinstance(view.status, Unknown)} == {
        "dial tcp 10.0.0.5: connect: connection refused"
    }


def test_where_etcd_is_down_talos_says_how_its_service_is() -> None:
    world = World()
    down = frozenset({"10.0.0.12"})
    views = observe_etcd_directly(desired(world.machines), tools(world, *OWN, no_etcd=down))
    assert isinstance(views[1].status, Unknown)
    assert isinstance(views[1].service, ServiceState)
    assert (views[1].service.state, views[1].service.event) == ("Preparing", "Running pre state")
    assert isinstance(views[0].service, Unknown)
    assert [call.argv[-1] for call in world.calls].count("services") == 1


def test_services_are_of_each_node_by_itself_and_a_mute_worker_is_a_reason() -> None:
    world = World()
    files = desired(world.machines)
    found = observe_services(files.nodes, files, tools(world, *OWN, mute=frozenset({"10.0.0.22"})))
    assert [node.hostname for node in found if isinstance(node.states, Unknown)] == ["w-2"]
    assert ways(world)[3][1] == "10.0.0.21"


def test_a_large_cluster_that_is_not_there_is_not_waited_for_node_by_node() -> None:
    machines = [Machine(hostname=f"w-{n}", address=f"10.0.1.{n}", control_plane=False) for n in range(1, 101)]
    world = World(machines=[*World().machines, *machines])
    files = desired(world.machines)
    nobody = frozenset({*OWN, "10.0.0.12"} | {node.addresses[0] for node in files.nodes})
    found = observe_services(files.nodes, files, tools(world, *OWN, mute=nobody))
    assert all(isinstance(node.states, Unknown) for node in found)
    assert len(world.calls) == len(files.nodes) + 16


def test_behind_a_slow_way_everybody_is_asked_again_with_patience() -> None:
    world = World()
    files = desired(world.machines)
    slow = tools(world, "10.0.0.5")

    class Slow(Ways):
        def answer(self, call: Call) -> Result:
            return Ways.answer(self, call) if call.deadline.total_seconds() > 2 else MUTE

    found = observe_services(files.nodes, files, replace(slow, runner=Slow(world)))
    assert not [node.hostname for node in found if isinstance(node.states, Unknown)]
