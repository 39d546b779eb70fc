"""Kubernetes as it is now: every list a fact or Unknown, and absence only where it is proven."""

from dataclasses import replace

import pytest
from observed_world import Clock, World, desired, kube_node, listing, reply

from talops.domain.kubernetes import KubeNode
from talops.domain.process import Response, Stop, Wake
from talops.domain.talos import Absent, Unknown
from talops.observe import observe, observe_attachments, observe_gates, observe_pods

FORBIDDEN = reply({"kind": "Status", "message": "no"}, 403)
REFUSED = Response(status=None, error="connection refused")
CEPH = listing("CephClusterList", {"metadata": {"name": "rook-ceph", "namespace": "rook-ceph"}})
OSD = {"metadata": {"name": "osd-0", "namespace": "rook-ceph"}, "spec": {"nodeName": "kube-w-1"}}


@pytest.fixture
def world() -> World:
    return World()


def test_nodes_are_matched_by_address_since_names_may_differ(world: World) -> None:
    nodes = observe(desired(world.machines), world.tools()).nodes
    assert {name: node.kube.name for name, node in nodes.items() if isinstance(node.kube, KubeNode)} == {
        machine.hostname: f"kube-{machine.hostname}" for machine in world.machines
    }


def test_nodes_that_the_files_call_by_name_are_matched_by_name(world: World) -> None:
    files = desired(world.machines)
    named = replace(files, nodes=tuple(replace(node, addresses=(node.hostname,)) for node in files.nodes))
    world.replies["nodes"] = listing("NodeList", *(kube_node(m, name=m.hostname) for m in world.machines))
    assert all(isinstance(node.kube, KubeNode) for node in observe(named, world.tools()).nodes.values())


def test_a_node_that_kubernetes_does_not_know_has_none(world: World) -> None:
    world.replies["nodes"] = listing("NodeList", *(kube_node(machine) for machine in world.machines[1:]))
    nodes = observe(desired(world.machines), world.tools()).nodes
    assert nodes["cp-1"].kube is None
    assert isinstance(nodes["cp-2"].kube, KubeNode)


@pytest.mark.parametrize(("answer", "forbidden"), [(FORBIDDEN, True), (REFUSED, False)])
@pytest.mark.parametrize(
    ("template", "field"),
    [
        ("nodes", "kube_nodes"),
        ("budgets", "budgets"),
        ("pods-labelled", "rook_pods"),
        ("pods-labelled", "postgres_pods"),
        ("lease", "lease"),
        ("attachments", "attachments"),
        ("daemonsets", "foreign"),
        ("api-groups", "ceph"),
        ("api-groups", "postgres"),
        ("api-groups", "foreign"),
    ],
)
def test_a_list_that_cannot_be_had_is_unknown_and_never_empty(
    world: World, template: str, field: str, answer: Response, forbidden: bool
) -> None:
    world.replies[template] = answer
    found = getattr(observe(desired(world.machines), world.tools()), field)
    assert isinstance(found, Unknown)
    assert found.forbidden is forbidden
    assert found.reason


def test_no_lease_is_a_fact(world: World) -> None:
    assert observe(desired(world.machines), world.tools()).lease is None


def test_absence_takes_two_answers_two_seconds_apart(world: World) -> None:
    began = world.clock.now()
    assert observe(desired(world.machines), world.tools()).ceph == Absent()
    assert world.clock.now() - began >= 2
    assert sum(request.template == "api-groups" for request in world.requests) == 2


def test_absence_is_proven_once_a_run(world: World) -> None:
    tools = world.tools()
    observe(desired(world.machines), tools)
    began = world.clock.now()
    assert observe(desired(world.machines), tools).postgres == Absent()
    assert world.clock.now() == began


def test_an_interrupt_does_not_wait_for_the_second_answer(world: World) -> None:
    class Interrupting(Clock):
        def wait(self, until: float) -> Wake:
            self.asked_to = Stop.FINISH
            return Wake.SIGNAL

    world.clock = Interrupting()
    found = observe(desired(world.machines), world.tools()).ceph
    assert found == Unknown("whether Rook is installed is not confirmed yet")


def test_an_operator_that_appears_between_the_two_answers_is_installed(world: World) -> None:
    class Installing(Clock):
        def wait(self, until: float) -> Wake:
            world.groups.append("ceph.rook.io/v1")
            return super().wait(until)

    world.clock = Installing()
    world.replies["ceph"] = CEPH
    found = observe(desired(world.machines), world.tools()).ceph
    assert isinstance(found, tuple)


def installed(world: World) -> World:
    world.groups += ["ceph.rook.io/v1", "postgresql.cnpg.io/v1"]
    return world


def test_an_installed_operator_is_asked_for_its_clusters(world: World) -> None:
    world.replies["ceph"] = CEPH
    observed = observe(desired(world.machines), installed(world).tools())
    assert isinstance(observed.ceph, tuple)
    assert [cluster.name for cluster in observed.ceph] == ["rook-ceph"]
    assert observed.postgres == ()


def test_the_proof_that_an_api_is_served_is_had_once(world: World) -> None:
    tools = installed(world).tools()
    for _ in range(3):
        observe(desired(world.machines), tools)
    assert sum(request.template == "api-resources" for request in world.requests) == 2


def test_a_group_without_its_resource_is_unknown(world: World) -> None:
    world.replies["api-resources"] = reply({"kind": "APIResourceList", "resources": [{"name": "cephblockpools"}]})
    found = observe(desired(world.machines), installed(world).tools()).ceph
    assert isinstance(found, Unknown)
    assert "without cephclusters" in found.reason


def test_a_version_that_we_do_not_know_is_unknown_and_says_what_to_do(world: World) -> None:
    world.groups.append("ceph.rook.io/v2")
    found = observe(desired(world.machines), world.tools()).ceph
    assert found == Unknown(
        "Rook serves ceph.rook.io as v2, which this talops does not know: update talops", forbidden=False
    )


def test_an_operator_that_was_there_and_is_gone_is_unknown(world: World) -> None:
    tools = installed(world).tools()
    files = desired(world.machines)
    last = observe(files, tools)
    del world.groups[-2:]
    world.replies["ceph"] = world.replies["postgres"] = Response(status=404, body=b"404 page not found")
    for _ in range(3):
        world.clock.at += 10
        last = observe_gates(files, tools, last)
        assert isinstance(last.ceph, Unknown)
        assert isinstance(last.postgres, Unknown)


def test_pods_of_an_operator_whose_api_is_absent_are_a_contradiction(world: World) -> None:
    world.replies["pods-labelled"] = listing("PodList", OSD)
    found = observe(desired(world.machines), world.tools()).ceph
    assert isinstance(found, Unknown)
    assert "rook-ceph/osd-0" in found.reason


def test_a_list_that_was_had_is_a_fact_even_when_the_groups_were_not(world: World) -> None:
    tools = installed(world).tools()
    files = desired(world.machines)
    last = observe(files, tools)
    world.replies |= {"api-groups": REFUSED, "ceph": CEPH}
    assert isinstance(observe_gates(files, tools, last).ceph, tuple)


def test_an_unreadable_answer_starts_the_proof_of_absence_anew(world: World) -> None:
    tools = world.tools()
    files = desired(world.machines)
    world.replies["api-groups"] = REFUSED
    last = observe(files, tools)
    del world.replies["api-groups"]
    last = observe_gates(files, tools, last)
    assert isinstance(last.ceph, Unknown)
    world.replies["api-groups"] = REFUSED
    last = observe_gates(files, tools, last)
    del world.replies["api-groups"]
    world.clock.at += 10
    last = observe_gates(files, tools, last)
    assert isinstance(last.ceph, Unknown)
    world.clock.at += 2
    assert observe_gates(files, tools, last).ceph == Absent()


def test_foreign_actors_are_seen_where_their_api_is(world: World) -> None:
    world.groups += ["tuppr.home-operations.com/v1alpha1", "upgrade.cattle.io/v1"]
    world.replies["tuppr"] = listing("TalosUpgradeList", {"metadata": {"name": "t"}, "status": {"phase": "Upgrading"}})
    world.replies["system-upgrade"] = REFUSED
    foreign = observe(desired(world.machines), world.tools()).foreign
    assert isinstance(foreign, tuple)
    assert [(actor.tool, actor.what) for actor in foreign] == [("tuppr", "TalosUpgrade t is Upgrading")]


def test_what_other_tools_do_is_unknown_when_one_of_them_cannot_be_asked(world: World) -> None:
    world.groups.append("upgrade.cattle.io/v1")
    world.replies["system-upgrade"] = FORBIDDEN
    assert observe(desired(world.machines), world.tools()).foreign == Unknown("no", forbidden=True)


def test_no_other_tool_at_work_is_a_fact(world: World) -> None:
    assert observe(desired(world.machines), world.tools()).foreign == ()
    assert not any(request.template in {"tuppr", "system-upgrade"} for request in world.requests)


def test_gates_are_refreshed_without_asking_the_nodes(world: World) -> None:
    tools = world.tools()
    files = desired(world.machines)
    last = observe(files, tools)
    world.calls.clear()
    world.clock.at += 5
    again = observe_gates(files, tools, last)
    assert {call.template for call in world.calls} == {"etcd-members", "etcd-status", "etcd-alarms"}
    assert again.at == world.clock.now() > last.at
    assert again.nodes is last.nodes
    assert (again.talosctl, again.strangers, again.foreign) == (last.talosctl, last.strangers, last.foreign)


def test_a_changed_kubernetes_node_changes_only_its_own_observation(world: World) -> None:
    tools = world.tools()
    files = desired(world.machines)
    last = observe(files, tools)
    changed = kube_node(world.machines[0]) | {"spec": {"unschedulable": True}}
    world.replies["nodes"] = listing("NodeList", changed, *(kube_node(machine) for machine in world.machines[1:]))
    again = observe_gates(files, tools, last)
    kube = again.nodes["cp-1"].kube
    assert isinstance(kube, KubeNode)
    assert kube.unschedulable
    assert again.nodes["cp-1"].talos is last.nodes["cp-1"].talos


def test_lost_kubernetes_makes_every_nodes_part_of_it_unknown(world: World) -> None:
    tools = world.tools()
    files = desired(world.machines)
    last = observe(files, tools)
    world.replies["nodes"] = REFUSED
    assert all(isinstance(node.kube, Unknown) for node in observe_gates(files, tools, last).nodes.values())


def test_pods_of_a_node_and_attachments_can_be_asked_alone(world: World) -> None:
    tools = world.tools()
    world.replies["pods-on-node"] = listing("PodList", OSD)
    pods = observe_pods("kube-w-1", tools)
    assert isinstance(pods, tuple)
    assert [pod.name for pod in pods] == ["osd-0"]
    assert observe_attachments(tools) == ()
    world.replies["pods-on-node"] = FORBIDDEN
    assert observe_pods("kube-w-1", tools) == Unknown("no", forbidden=True)
