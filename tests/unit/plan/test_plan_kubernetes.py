"""The plan of `upgrade k8s`: hops, who takes them, and what is refused before anything is touched."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import change_desired, desired_cluster, healthy_observed
from talops.domain.cluster import Desired, Observed, Policy
from talops.domain.components import STATIC_PODS, Component, ComponentPod, KubernetesNow, NodeComponents
from talops.domain.kubernetes import KubeNode
from talops.domain.plan import Aim, Plan
from talops.domain.talos import Role, TalosNode, Unknown, Version
from talops.plan.kubernetes import kubernetes_plan
from talops.plan.releases import STOPS, TALOSCTL_KNOWS, hops, knows, talosctl_for

V = Version.parse
PROXY, KUBELET, API = Component.PROXY, Component.KUBELET, Component.API_SERVER


def running(desired: Desired, version: str, **others: dict[Component, str]) -> KubernetesNow:
    """Everything at `version`, but for `cp_1={KUBELET: "v1.34.0"}` and the like."""
    nodes = []
    for node in desired.nodes:
        parts = [*(STATIC_PODS if node.role is Role.CONTROL_PLANE else ()), PROXY, KUBELET]
        own = others.get(node.hostname.replace("-", "_"), {})
        runs: dict[Component, Version | Unknown] = {part: V(own.get(part, version)) for part in parts}
        nodes.append(NodeComponents(hostname=node.hostname, role=node.role, address=node.addresses[0], runs=runs))
    return KubernetesNow(nodes=tuple(nodes))


def planned(
    target: str,
    now: KubernetesNow | Unknown | str,
    *,
    desired: Desired | None = None,
    observed: Observed | None = None,
    policy: Policy | None = None,
    talos: str = "v1.13.1",
    talosctls: tuple[str, ...] = (),
) -> Plan:
    desired = desired or desired_cluster(talos_version=talos)
    return kubernetes_plan(
        desired,
        observed or healthy_observed(desired),
        policy or Policy(),
        running(desired, now) if isinstance(now, str) else now,
        target=V(target),
        talosctls=tuple(map(V, talosctls)),
    )


def reasons(plan: Plan) -> str:
    return "\n".join(f"{refusal.hostname}: {refusal.what} | {refusal.hint}" for refusal in plan.refusals)


def test_one_patch_further_is_one_hop_over_every_component() -> None:
    plan = planned("v1.35.4", "v1.35.2")

    assert plan.aim is Aim.KUBERNETES
    assert [(step.from_version, step.version, step.last) for step in plan.hops] == [(V("v1.35.2"), V("v1.35.4"), True)]
    assert plan.hops[0].why == ("21 components on 6 nodes",)
    assert plan.hops[0].talosctl == V("v1.13.0")
    assert plan.refusals == ()


def test_everything_at_the_target_is_nothing_to_do() -> None:
    plan = planned("v1.35.4", "v1.35.4")

    assert plan.steps == ()
    assert plan.refusals == ()
    assert {kept.why for kept in plan.kept} == {"runs Kubernetes v1.35.4"}


@pytest.mark.parametrize(
    ("now", "others", "target", "way"),
    [
        ("v1.35.2", {}, "v1.36.1", ["v1.36.1"]),
        ("v1.34.2", {}, "v1.36.1", [str(STOPS[35]), "v1.36.1"]),
        ("v1.33.2", {}, "v1.36.1", [str(STOPS[34]), str(STOPS[35]), "v1.36.1"]),
        # a hop that was left half done goes on to where it was going
        ("v1.34.2", {"cp_1": {API: "v1.35.7"}}, "v1.36.1", ["v1.35.7", "v1.36.1"]),
        # the control plane is there, a kubelet is not
        ("v1.35.7", {"w_1": {KUBELET: "v1.34.2"}}, "v1.36.1", ["v1.35.7", "v1.36.1"]),
        ("v1.36.1", {"w_1": {KUBELET: "v1.34.2"}}, "v1.36.1", ["v1.36.1"]),
        ("v1.36.1", {"cp_3": {API: "v1.36.0"}}, "v1.36.1", ["v1.36.1"]),
        ("v1.36.1", {}, "v1.36.1", []),
    ],
)
def test_hops_go_one_minor_at_a_time(
    now: str, others: dict[str, dict[Component, str]], target: str, way: list[str]
) -> None:
    found = hops(running(desired_cluster(), now, **others).nodes, V(target))

    assert isinstance(found, tuple)
    assert list(map(str, found)) == way


MINORS = st.integers(31, 36)
RUNNING = st.lists(st.tuples(MINORS, st.integers(0, 3)), min_size=6, max_size=6)


@given(running_versions=RUNNING, to=st.tuples(MINORS, st.integers(0, 9)))
def test_the_way_goes_up_by_one_minor_at_a_time_and_ends_at_the_target(
    running_versions: list[tuple[int, int]], to: tuple[int, int]
) -> None:
    target, desired = V(f"v1.{to[0]}.{to[1]}"), desired_cluster()
    versions = [V(f"v1.{minor}.{patch}") for minor, patch in running_versions]
    if max(versions) > target:
        return  # refused as a downgrade, whatever the way
    now = running(desired, str(versions[0]))
    nodes = [
        replace(node, runs=dict.fromkeys(node.runs, version)) for node, version in zip(now.nodes, versions, strict=True)
    ]
    way = hops(nodes, target)

    assert isinstance(way, tuple)
    assert list(way) == sorted(set(way))
    assert way[-1:] == ((target,) if set(versions) != {target} else ())
    planes = min(version for node, version in zip(nodes, versions, strict=True) if node.role is Role.CONTROL_PLANE)
    for before, hop in pairwise((planes, *way)):
        assert hop.minor - before.minor <= 1


def test_a_hop_of_the_plan_begins_where_the_one_before_ended() -> None:
    plan = planned("v1.36.1", "v1.34.2")

    first, second = plan.hops
    assert (first.version, first.last) == (STOPS[35], False)
    assert "on the way to v1.36.1" in first.why[0]
    assert (second.from_version, second.last) == (STOPS[35], True)
    assert {version for node in second.nodes for version in node.runs.values()} == {STOPS[35]}


def test_a_stop_that_is_not_known_is_refused_and_not_guessed() -> None:
    plan = planned("v1.40.0", "v1.38.0")

    assert "leads through v1.39, of which this talops knows no release" in reasons(plan)
    assert "talops upgrade k8s --to v1.39.PATCH" in reasons(plan)


@pytest.mark.parametrize(
    ("talos", "now", "target", "said"),
    [
        ("v1.12.4", "v1.35.2", "v1.36.1", "Kubernetes v1.36.1 is too new: Talos v1.12 runs Kubernetes v1.30 to v1.35"),
        ("v1.13.1", "v1.36.1", "v1.37.0", "Kubernetes v1.37.0 is too new: Talos v1.13 runs Kubernetes v1.31 to v1.36"),
        ("v1.13.1", "v1.35.1", "v9.9.9", "set kubernetesVersion to a release up to v1.36, or upgrade Talos first"),
        ("v1.13.1", "v1.29.1", "v1.30.1", "Kubernetes v1.30.1 is too old: Talos v1.13 runs Kubernetes v1.31 to v1.36"),
        ("v1.99.0", "v1.35.2", "v1.35.4", "does not know which Kubernetes Talos v1.99.0 runs"),
    ],
)
def test_a_kubernetes_that_talos_does_not_run_is_refused_for_each_node(
    talos: str, now: str, target: str, said: str
) -> None:
    plan = planned(target, now, talos=talos, talosctls=("v1.14.0",))

    assert {refusal.hostname for refusal in plan.refusals} - {""} == {"cp-1", "cp-2", "cp-3", "w-1", "w-2", "w-3"}
    assert said in reasons(plan)


def test_one_node_with_an_old_talos_is_enough() -> None:
    desired = desired_cluster()
    observed = healthy_observed(desired)
    old = observed.nodes["w-2"]
    assert isinstance(old.talos, TalosNode)
    nodes = {**observed.nodes, "w-2": replace(old, talos=replace(old.talos, version=V("v1.12.0")))}

    plan = planned("v1.36.1", "v1.35.2", desired=desired, observed=replace(observed, nodes=nodes))

    assert [refusal.hostname for refusal in plan.refusals] == ["w-2"]
    assert "talops upgrade all" in plan.refusals[0].hint


@pytest.mark.parametrize(("minor", "last"), list(TALOSCTL_KNOWS.items()))
def test_each_talosctl_knows_kubernetes_up_to_its_own(minor: int, last: int) -> None:
    assert knows(V(f"v1.{minor}.3"), V(f"v1.{last}.9"))
    assert not knows(V(f"v1.{minor}.3"), V(f"v1.{last + 1}.0"))


def test_a_talosctl_that_the_table_does_not_have_knows_nothing() -> None:
    assert not knows(V("v1.15.0"), V("v1.37.0"))
    assert not knows(V("v2.13.0"), V("v1.35.0"))


@pytest.mark.parametrize(
    ("hop", "available", "nodes", "chosen"),
    [
        ("v1.35.1", ["v1.12.0", "v1.13.0", "v1.14.1"], ["v1.13.4", "v1.14.0"], "v1.14.1"),
        ("v1.35.1", ["v1.12.0", "v1.14.1"], ["v1.13.4"], "v1.14.1"),
        ("v1.36.1", ["v1.12.0", "v1.13.0"], ["v1.12.4"], "v1.13.0"),
        ("v1.35.1", ["v1.12.0", "v1.13.0"], ["v1.12.4", "v1.13.4"], "v1.13.0"),
        ("v1.35.1", ["v1.12.0", "v1.12.8"], ["v1.12.4"], "v1.12.8"),
        ("v1.35.1", ["v1.12.0"], ["v1.13.4"], None),
        ("v1.36.1", ["v1.12.0"], ["v1.13.4"], None),
    ],
)
def test_the_talosctl_is_that_of_the_newest_node_or_the_nearest_newer_that_knows_the_way(
    hop: str, available: list[str], nodes: list[str], chosen: str | None
) -> None:
    found = talosctl_for(V(hop), map(V, available), list(map(V, nodes)))

    assert found == (V(chosen) if chosen else None)


def test_a_talosctl_that_does_not_know_the_target_is_refused_unless_another_does() -> None:
    desired = desired_cluster()
    observed = replace(healthy_observed(desired), talosctl=V("v1.12.0"))

    refused = planned("v1.36.1", "v1.35.2", desired=desired, observed=observed)
    other = planned("v1.36.1", "v1.35.2", desired=desired, observed=observed, talosctls=("v1.13.0",))

    assert "talosctl v1.12.0 does not know Kubernetes v1.36.1 nor Talos v1.13.1" in reasons(refused)
    assert "it takes talosctl v1.13 or newer" in reasons(refused)
    assert "talops init --update" in reasons(refused)
    assert other.refusals == ()
    assert other.hops[0].talosctl == V("v1.13.0")


def test_a_talosctl_older_than_the_talos_of_a_node_is_refused_though_it_knows_the_kubernetes() -> None:
    desired = desired_cluster()
    observed = replace(healthy_observed(desired), talosctl=V("v1.12.0"))

    plan = planned("v1.35.4", "v1.35.2", desired=desired, observed=observed)

    assert "talosctl v1.12.0 does not know Talos v1.13.1: it takes talosctl v1.13 or newer" in reasons(plan)


def test_a_talosctl_that_does_not_say_its_version_is_no_permission() -> None:
    desired = desired_cluster()
    observed = replace(healthy_observed(desired), talosctl=Unknown("it said nothing"))

    plan = planned("v1.36.1", "v1.35.2", desired=desired, observed=observed)

    assert "is not known: it said nothing" in reasons(plan)


@pytest.mark.parametrize("component", list(Component))
def test_going_back_is_refused_whatever_component_is_ahead(component: Component) -> None:
    now = running(desired_cluster(), "v1.35.2", cp_2={component: "v1.35.9"})

    plan = planned("v1.35.4", now)

    assert [refusal.hostname for refusal in plan.refusals] == ["cp-2"]
    assert f"v1.35.4 would be a downgrade: {component.value} runs v1.35.9" in reasons(plan)


def test_a_minor_back_is_refused() -> None:
    assert "v1.34.1 would be a downgrade" in reasons(planned("v1.34.1", "v1.35.2"))


def test_an_old_pod_beside_a_newer_kubelet_is_refused_with_what_refreshes_it() -> None:
    now = running(desired_cluster(), "v1.33.8", cp_2={API: "v1.32.12"})

    plan = planned("v1.34.4", now)

    assert [refusal.hostname for refusal in plan.refusals] == ["cp-2"]
    assert "most likely the API shows an old pod" in reasons(plan)
    assert "talosctl -n 10.1.0.2 service kubelet restart" in reasons(plan)


def test_a_control_plane_further_apart_than_kubernetes_allows_is_refused() -> None:
    old = dict.fromkeys((*STATIC_PODS, KUBELET), "v1.33.1")

    plan = planned("v1.36.1", running(desired_cluster(), "v1.35.2", cp_3=old))

    assert "the control plane runs v1.33.1 and v1.35.2: more than one minor release apart" in reasons(plan)


def test_a_kubelet_older_than_the_skew_allows_is_refused() -> None:
    plan = planned("v1.36.1", running(desired_cluster(), "v1.36.0", w_1={KUBELET: "v1.32.0"}))

    assert "v1.32.0 runs beside v1.36.0: more than 3 minor releases apart" in reasons(plan)


def test_a_node_that_does_not_answer_is_refused_for_now() -> None:
    desired = desired_cluster()
    observed = healthy_observed(desired)
    nodes = {**observed.nodes, "w-2": replace(observed.nodes["w-2"], talos=Unknown("timeout"))}

    plan = planned("v1.35.4", "v1.35.2", desired=desired, observed=replace(observed, nodes=nodes))

    assert [(refusal.hostname, refusal.transient) for refusal in plan.refusals] == [("w-2", True)]


def test_a_node_that_kubernetes_does_not_have_is_refused_even_when_the_others_are_done() -> None:
    now = running(desired_cluster(), "v1.35.4")
    now = replace(now, nodes=(*now.nodes[:5], replace(now.nodes[5], runs={})))

    plan = planned("v1.35.4", now)

    assert "w-3: no node in Kubernetes has its address" in reasons(plan)


def test_a_control_plane_without_a_scheduler_is_refused_for_now() -> None:
    now = running(desired_cluster(), "v1.35.2")
    runs: dict[Component, Version | Unknown] = dict(now.nodes[1].runs)
    del runs[Component.SCHEDULER]
    now = replace(now, nodes=(now.nodes[0], replace(now.nodes[1], runs=runs), *now.nodes[2:]))

    plan = planned("v1.35.4", now)

    assert "cp-2: it runs no pod of kube-scheduler" in reasons(plan)
    assert plan.refusals[0].transient


def test_a_cluster_without_kube_proxy_is_none_the_worse() -> None:
    now = running(desired_cluster(), "v1.35.2")
    nodes = []
    for node in now.nodes:
        runs: dict[Component, Version | Unknown] = dict(node.runs)
        del runs[PROXY]
        nodes.append(replace(node, runs=runs))

    assert planned("v1.35.4", replace(now, nodes=tuple(nodes))).refusals == ()


def test_a_node_of_kubernetes_that_the_files_do_not_know_would_be_touched() -> None:
    desired = desired_cluster()
    observed = healthy_observed(desired)
    assert isinstance(observed.kube_nodes, tuple)
    stranger = KubeNode(name="old-1", addresses=("10.9.9.9",), ready=True)

    plan = planned(
        "v1.35.4", "v1.35.2", desired=desired, observed=replace(observed, kube_nodes=(*observed.kube_nodes, stranger))
    )

    assert "the files do not know the node old-1" in reasons(plan)
    assert plan.refusals[0].law == 13


def test_a_node_that_talops_yaml_leaves_out_cannot_be() -> None:
    plan = planned("v1.35.4", "v1.35.2", policy=Policy(skip=("w-1",)))

    assert "w-1: talops.yaml leaves it out" in reasons(plan)


def test_a_pod_of_a_node_that_is_gone_would_mislead_talosctl() -> None:
    stray = ComponentPod(
        component=API, name="kube-apiserver-old", node="old", version=V("v1.33.1"), repository="", mirror=True
    )

    plan = planned("v1.35.4", replace(running(desired_cluster(), "v1.35.2"), strays=(stray,)))

    assert "kubectl delete pod -n kube-system kube-apiserver-old" in reasons(plan)


def test_what_cannot_be_read_is_refused() -> None:
    gone = planned("v1.35.4", Unknown("connection refused"))
    forbidden = planned("v1.35.4", Unknown("no", forbidden=True))
    now = running(desired_cluster(), "v1.35.2")
    runs: dict[Component, Version | Unknown] = {**now.nodes[0].runs, API: Unknown("'custom' is not a version")}
    unread = planned("v1.35.4", replace(now, nodes=(replace(now.nodes[0], runs=runs), *now.nodes[1:])))

    assert "what Kubernetes runs is not known: connection refused" in reasons(gone)
    assert [refusal.transient for refusal in (*gone.refusals, *forbidden.refusals)] == [True, False]
    assert "cp-1: which kube-apiserver it runs cannot be told: 'custom' is not a version" in reasons(unread)


def test_images_from_elsewhere_are_warned_about_and_so_is_a_single_control_plane() -> None:
    desired = desired_cluster(control_planes=1)
    now = replace(running(desired, "v1.35.2"), elsewhere=("registry.example:5000/kube-apiserver",))

    warnings = "\n".join(planned("v1.35.4", now, desired=desired).warnings)

    assert "registry.example:5000/kube-apiserver is not where talosctl takes that image from" in warnings
    assert "there is one control plane" in warnings


def test_two_clusters_are_refused() -> None:
    desired = desired_cluster()
    observed = healthy_observed(change_desired(desired, "w-1", lambda node: replace(node, addresses=("10.7.7.7",))))
    nodes = {name: replace(node, kube=None) for name, node in observed.nodes.items()}

    plan = planned("v1.35.4", "v1.35.2", desired=desired, observed=replace(observed, nodes=nodes))

    assert "kubeconfig and talconfig are two clusters" in reasons(plan)
