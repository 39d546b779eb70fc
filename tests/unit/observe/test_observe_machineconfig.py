"""Configs of many nodes with as many processes as of one, and a dead node starves only itself."""

from collections.abc import Sequence

import pytest
from play import Rehearsed, cluster

from talops.domain.process import Call, Result, Running
from talops.domain.talos import TalosNode, Unknown
from talops.observe import Tools, observe_running, read_configs
from talops.observe.symptoms import observe_symptoms
from talops.tools.calls import Talosctl
from talops.tools.nodeconfig import NodeConfigs


class Counting:
    """A runner that remembers what it was asked."""

    def __init__(self, rehearsed: Rehearsed) -> None:
        self._runner = rehearsed.world.runner
        self.calls: list[Call] = []

    def gather(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        self.calls += calls
        return self._runner.gather(calls)

    def start(self, call: Call) -> Running:
        raise AssertionError(f"{call.template} changes something")


def tools(rehearsed: Rehearsed) -> tuple[Tools, Counting]:
    counting, world = Counting(rehearsed), rehearsed.world
    return Tools(runner=counting, kube=world.kube, clock=world.clock, talosctl=Talosctl()), counting


@pytest.mark.parametrize("workers", [1, 40])
def test_one_process_reads_the_configs_of_all(workers: int) -> None:
    rehearsed = cluster(workers=workers)
    ours, counting = tools(rehearsed)
    found = read_configs(rehearsed.desired.nodes, ours)
    assert len(found) == workers + 3
    for hostname, held in found.items():
        assert isinstance(held, NodeConfigs)
        assert held.active is not None
        assert hostname in held.active.text
        assert not held.staged
    assert [call.template for call in counting.calls] == ["machineconfig"]
    assert all(call.secret for call in counting.calls)


@pytest.mark.parametrize("dead", ["w-2", "cp-1"])
def test_a_dead_node_is_unknown_with_its_reason_and_all_others_are_read(dead: str) -> None:
    rehearsed = cluster(f"dead-node@{dead}")
    ours, _ = tools(rehearsed)
    found = read_configs(rehearsed.desired.nodes, ours)
    assert {hostname for hostname, held in found.items() if isinstance(held, Unknown)} == {dead}
    gap = found[dead]
    assert isinstance(gap, Unknown)
    assert "no route to host" in gap.reason


def test_no_secret_of_a_config_is_shown_by_its_value() -> None:
    rehearsed = cluster()
    held = read_configs(rehearsed.desired.nodes, tools(rehearsed)[0])["cp-1"]
    assert isinstance(held, NodeConfigs)
    assert held.active is not None
    assert "machine" in held.active.text
    assert "machine" not in repr(held)


def test_what_runs_is_read_beside_the_configs() -> None:
    rehearsed = cluster("dead-node@w-1", start="v1.13.0", target="v1.13.1")
    found = observe_running(rehearsed.desired.nodes, rehearsed.desired, tools(rehearsed)[0])
    assert isinstance(found["w-1"].talos, Unknown)
    assert isinstance(found["w-2"].talos, TalosNode)
    assert str(found["w-2"].talos.version) == "v1.13.0"
    assert found["w-2"].kubelet == str(rehearsed.desired.kubernetes_version)


@pytest.mark.parametrize("workers", [1, 40])
def test_two_processes_read_what_all_nodes_complain_of(workers: int) -> None:
    rehearsed = cluster(workers=workers)
    ours, counting = tools(rehearsed)
    found = observe_symptoms(rehearsed.desired.nodes, ours)
    assert len(found) == workers + 3
    for symptoms in found.values():
        assert symptoms.diagnostics == ()
        assert not isinstance(symptoms.services, Unknown)
        assert "kubelet" in {service.id for service in symptoms.services}
    assert [call.template for call in counting.calls] == ["services", "diagnostics"]
