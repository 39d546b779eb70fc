"""Faults begin and end one by one, while the cluster lives."""

import pytest
from play import cluster

from builders import desired_cluster
from talops.errors import UsageError
from talops.sim.faults import FAULTS, NETWORK_FAULTS, SANDBOX_FAULTS, Fault, parse_fault
from talops.sim.kube.objects import Object
from talops.sim.trouble import Trouble
from talops.sim.world import Truth, World

DESIRED = desired_cluster()


class Broken:
    """A cluster that lives, and its switches."""

    def __init__(self, *faults: str) -> None:
        self.world: World = cluster(*faults, workers=3).world
        self.truth: Truth = self.world.truth
        self.trouble: Trouble = self.truth.parts.trouble

    def begin(self, text: str) -> None:
        self.trouble.begin(parse_fault(text, DESIRED, SANDBOX_FAULTS))

    def end(self, text: str) -> None:
        self.trouble.end(parse_fault(text, DESIRED, SANDBOX_FAULTS))

    def budgets(self, namespace: str) -> list[Object]:
        found = self.truth.cluster.store.all("poddisruptionbudgets")
        return [one for one in found if one["metadata"]["namespace"] == namespace]

    def boot_ids(self) -> dict[str, str]:
        nodes = self.truth.cluster.store.all("nodes")
        return {node["metadata"]["name"]: node["status"]["nodeInfo"]["bootID"] for node in nodes}

    def real_boot_ids(self) -> dict[str, str]:
        return {name: machine.boot_id for name, machine in self.truth.nodes.items()}


@pytest.mark.parametrize("name", [*FAULTS, "power-cut"])
def test_a_fault_that_has_ended_has_left_a_cluster_that_gets_well(name: str) -> None:
    broken = Broken()
    objects = len(broken.budgets("legacy"))

    broken.begin(name)
    broken.world.advance(60)
    broken.end(name)
    broken.world.advance(300)

    truth = broken.truth
    assert truth.cluster.faults == set()
    assert truth.cluster.held == {}
    assert all(machine.up and machine.ready and machine.stage == "running" for machine in truth.nodes.values())
    assert all(member.up for member in truth.etcd.members)
    assert truth.lease_holder is None
    assert len(broken.budgets("legacy")) == objects == 0
    assert broken.boot_ids() == broken.real_boot_ids()


@pytest.mark.parametrize("name", ["dead-node", "power-cut"])
def test_a_machine_without_power_is_off_until_it_has_it_again(name: str) -> None:
    broken = Broken()
    broken.begin(f"{name}@cp-1")
    broken.world.advance(600)
    assert not broken.truth.nodes["cp-1"].up
    assert [member.up for member in broken.truth.etcd.members] == [False, True, True]

    broken.end(f"{name}@cp-1")
    broken.world.advance(120)

    assert broken.truth.nodes["cp-1"].up
    assert all(member.up for member in broken.truth.etcd.members)


@pytest.mark.parametrize("seconds", range(0, 100, 3))
def test_the_power_can_fail_at_any_moment_of_a_reboot(seconds: int) -> None:
    broken = Broken()
    machine = broken.truth.nodes["w-1"]
    broken.truth.cluster.go_down(machine, "rebooting")
    broken.truth.cluster.later(machine, 10, lambda: broken.truth.cluster.power_off(machine))
    broken.world.advance(seconds)

    if machine.up:
        broken.begin("power-cut@w-1")
        broken.world.advance(300)
        assert not machine.up
        broken.end("power-cut@w-1")
    else:
        with pytest.raises(UsageError, match="w-1 is off at this moment"):
            broken.begin("power-cut@w-1")
    broken.world.advance(300)

    assert machine.ready
    assert broken.truth.cluster.faults == set()


def test_the_virtual_ip_leaves_a_machine_that_is_switched_off() -> None:
    broken = Broken()
    broken.begin("dead-node@cp-1")
    assert [bool(broken.truth.nodes[name].virtual_ip) for name in ("cp-1", "cp-2")] == [False, True]


def test_of_two_faults_of_one_kind_one_can_end() -> None:
    broken = Broken("pdb-blocks@w-1", "pdb-blocks@w-2")

    broken.end("pdb-blocks@w-1")

    assert broken.truth.cluster.faults == {Fault(name="pdb-blocks", hostname="w-2")}
    assert [budget["metadata"]["name"] for budget in broken.budgets("legacy")] == ["legacy-w-2"]


def test_a_budget_that_comes_back_blocks_again() -> None:
    broken = Broken()
    for _ in range(3):
        broken.begin("pdb-blocks@w-1")
        broken.world.advance(5)
        assert [budget["status"]["disruptionsAllowed"] for budget in broken.budgets("legacy")] == [0]
        broken.end("pdb-blocks@w-1")
    assert broken.budgets("legacy") == []


def test_what_two_faults_hold_up_goes_on_when_each_is_over() -> None:
    broken = Broken("hangs-rebooting@w-1", "never-returns@w-1")
    machine = broken.truth.nodes["w-1"]
    broken.truth.cluster.go_down(machine, "rebooting")
    broken.truth.cluster.power_off(machine)
    broken.world.advance(600)
    assert machine.up

    broken.end("hangs-rebooting@w-1")
    broken.world.advance(600)
    assert not machine.up

    broken.end("never-returns@w-1")
    broken.world.advance(600)
    assert machine.up


def test_the_lease_of_a_living_run_can_be_taken_by_another() -> None:
    broken = Broken()
    metadata = {"name": "talops", "namespace": "kube-system"}
    body: Object = {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": metadata}
    broken.truth.cluster.store.create("leases", {**body, "spec": {"holderIdentity": "me"}})

    broken.begin("lease-held")

    assert broken.truth.lease_holder == "somebody@elsewhere"


def test_a_lease_that_was_taken_back_is_neither_renewed_nor_removed() -> None:
    broken = Broken("lease-held")
    broken.truth.take_lease("me")
    lease = broken.truth.cluster.store.get("leases", "talops", "kube-system")

    broken.world.advance(60)
    broken.end("lease-held")

    assert broken.truth.cluster.store.get("leases", "talops", "kube-system") is lease


def test_the_boot_ids_are_those_of_another_cluster_and_then_ours_again() -> None:
    broken = Broken()
    broken.begin("two-clusters")
    assert not set(broken.boot_ids().values()) & set(broken.real_boot_ids().values())
    broken.end("two-clusters")
    assert broken.boot_ids() == broken.real_boot_ids()


def test_a_fault_that_is_on_already_does_not_begin_again() -> None:
    broken = Broken("bare-pod@w-1")
    pods = len(list(broken.truth.cluster.store.all("pods")))
    broken.begin("bare-pod@w-1")
    assert len(list(broken.truth.cluster.store.all("pods"))) == pods


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("silent-rolback@w-1", "there is no fault 'silent-rolback'", "did you mean silent-rollback?"),
        ("api-mut", "there is no fault 'api-mut'", "did you mean api-mute?"),
        ("xyzzy", "there is no fault 'xyzzy'", "see `where they are`"),
        ("power-cut@w-11", "power-cut@w-11: there is no node 'w-11'", "did you mean w-1?"),
        (
            "endpoint-mute@w-1",
            "endpoint-mute happens to a control plane only, and w-1 is a worker",
            "endpoint-mute@cp-1",
        ),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_what_was_meant(text: str, what: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_fault(text, DESIRED, SANDBOX_FAULTS, listed="where they are")
    assert (refused.value.what, refused.value.hint) == (what, hint)


def test_a_rehearsal_has_no_network_that_could_fail() -> None:
    for name in NETWORK_FAULTS:
        with pytest.raises(UsageError, match="there is no fault"):
            parse_fault(name, DESIRED)


@pytest.mark.parametrize(
    ("text", "hostname"),
    [
        ("power-cut", "w-3"),
        ("etcd-member-lost", "cp-2"),
        ("endpoint-refused", "cp-1"),
        ("static-pod-stays", "cp-1"),
        ("api-mute@cp-1", ""),
    ],
)
def test_a_fault_that_names_no_node_happens_where_it_shows(text: str, hostname: str) -> None:
    assert parse_fault(text, DESIRED, SANDBOX_FAULTS).hostname == hostname
