"""Which Talos may follow which (facts, talos.md 4), and which Kubernetes each runs."""

from dataclasses import replace

import pytest

from builders import change_kube, desired_cluster, healthy_observed
from talops.domain.cluster import Policy
from talops.domain.talos import Version
from talops.plan import supported_path, upgrade_plan
from talops.plan.paths import RELEASES, kubernetes_objection, path_objection, skips_a_minor, stop_over

V = Version.parse


@pytest.mark.parametrize(
    ("start", "target"),
    [
        ("v1.13.0", "v1.13.1"),
        ("v1.12.4", "v1.13.1"),
        ("v1.11.0", "v1.13.1"),
        ("v1.10.9", "v1.12.0"),
        ("v1.8.0", "v1.9.0"),
        ("v1.8.4", "v1.10.0"),
        ("v1.12.0", "v1.14.0"),
        ("v1.13.1", "v1.14.0-alpha.2"),
        ("v1.13.0-rc.1", "v1.13.0"),
        ("v1.8.0-beta.0", "v1.8.0"),
        ("v1.13.1", "v1.13.1"),
    ],
)
def test_supported_path(start: str, target: str) -> None:
    assert supported_path(V(start), V(target)) is None


@pytest.mark.parametrize(
    ("start", "target", "words"),
    [
        ("v1.13.1", "v1.13.0", "v1.13.1 to v1.13.0 is a downgrade"),
        ("v1.13.0", "v1.12.9", "v1.13.0 to v1.12.9 is a downgrade"),
        ("v1.13.0", "v1.13.0-rc.1", "is a downgrade"),
        ("v1.15.0", "v1.14.0", "is a downgrade"),
        ("v1.7.7", "v1.8.0", "wipes the node's data"),
        ("v1.7.7", "v1.7.7", "wipes the node's data"),
        ("v1.2.0", "v1.13.0", "wipes the node's data"),
        ("v0.14.0", "v1.13.0", "wipes the node's data"),
        ("v1.14.0", "v1.15.0", "does not know Talos v1.15"),
        ("v1.15.0", "v1.15.1", "does not know Talos v1.15"),
        ("v1.14.0", "v2.0.0", "does not know Talos v2.0"),
        ("v1.14.0", "v2.9.0", "does not know Talos v2.9"),
        ("v1.10.9", "v1.13.0", "v1.10.9 is too old to upgrade to v1.13.0 in one step: go to v1.12.x first"),
        ("v1.8.0", "v1.13.0", "go to v1.10.x first"),
        ("v1.8.0", "v1.11.0", "go to v1.10.x first"),
        ("v1.9.0", "v1.14.0", "go to v1.11.x first"),
        ("v1.11.0", "v1.14.0-rc.0", "go to v1.13.x first"),
    ],
)
def test_refused_path(start: str, target: str, words: str) -> None:
    told = supported_path(V(start), V(target))
    assert told is not None
    assert words in told
    objection = path_objection(V(start), V(target))
    assert objection is not None
    assert objection.hint


@pytest.mark.parametrize("start", range(8, 14))
@pytest.mark.parametrize("target", range(8, 15))
def test_every_stop_over_is_a_step_forward_on_a_supported_path(start: int, target: int) -> None:
    one, other = V(f"v1.{start}.0"), V(f"v1.{target}.0")
    if start >= target or supported_path(one, other) is None:
        return
    stop = stop_over(one, other)
    assert start < stop < target
    assert supported_path(one, V(f"v1.{stop}.0")) is None


@pytest.mark.parametrize(
    ("target", "oldest_from", "first", "last"),
    [
        (6, 3, 24, 29),
        (7, 4, 25, 30),
        (8, 5, 26, 31),
        (9, 8, 27, 32),
        (10, 8, 28, 33),
        (11, 9, 29, 34),
        (12, 10, 30, 35),
        (13, 11, 31, 36),
        (14, 12, 32, 37),
    ],
)
def test_table_is_that_of_talos(target: int, oldest_from: int, first: int, last: int) -> None:
    assert RELEASES[target].oldest_from == oldest_from
    talos = V(f"v1.{target}.0")
    assert kubernetes_objection(V(f"v1.{first}.0"), talos) is None
    assert kubernetes_objection(V(f"v1.{last}.9"), talos) is None
    too_old, too_new = (
        kubernetes_objection(V(f"v1.{first - 1}.9"), talos),
        kubernetes_objection(V(f"v1.{last + 1}.0"), talos),
    )
    assert too_old is not None
    assert "too old" in too_old.what
    assert f"v1.{first}" in too_old.hint
    assert too_new is not None
    assert "too new" in too_new.what
    assert too_new.hint


@pytest.mark.parametrize("talos", ["v1.15.0", "v2.13.0", "v1.5.0"])
def test_kubernetes_is_not_judged_by_a_talos_that_the_table_does_not_know(talos: str) -> None:
    assert kubernetes_objection(V("v1.20.0"), V(talos)) is None


def test_another_major_of_kubernetes_is_too_new() -> None:
    objection = kubernetes_objection(V("v2.33.0"), V("v1.13.0"))
    assert objection is not None
    assert "too new" in objection.what


@pytest.mark.parametrize(
    ("start", "target", "skips"),
    [("v1.12.0", "v1.13.0", False), ("v1.11.0", "v1.13.0", True), ("v1.13.0",) * 2 + (False,)],
)
def test_skipping_a_minor(start: str, target: str, skips: bool) -> None:
    assert skips_a_minor(V(start), V(target)) is skips


def test_skipping_a_minor_is_planned_with_a_warning() -> None:
    desired = desired_cluster()
    plan = upgrade_plan(desired, healthy_observed(desired, version="v1.11.5"), Policy())
    assert plan.refusals == ()
    assert len(plan.upgrades) == 6
    for step in plan.upgrades:
        assert "skips a minor release between v1.11.5 and v1.13.1: read its notes, too" in step.warnings


@pytest.mark.parametrize("version", ["v1.10.3", "v1.7.7", "v1.14.0"])
def test_a_wrong_path_refuses_each_node_on_it_and_plans_none(version: str) -> None:
    desired = desired_cluster()
    plan = upgrade_plan(desired, healthy_observed(desired, version=version), Policy())
    assert plan.upgrades == ()
    assert sorted(refusal.hostname for refusal in plan.refusals) == sorted(node.hostname for node in desired.nodes)
    assert {(refusal.law, refusal.transient) for refusal in plan.refusals} == {(9, False)}
    assert all(refusal.hint for refusal in plan.refusals)


def test_one_node_on_a_wrong_path_is_the_only_one_named() -> None:
    desired = desired_cluster()
    observed = healthy_observed(desired, version="v1.12.4")
    lame = healthy_observed(desired, version="v1.9.0").nodes["w-2"]
    plan = upgrade_plan(desired, replace(observed, nodes={**observed.nodes, "w-2": lame}), Policy())
    assert [refusal.hostname for refusal in plan.refusals] == ["w-2"]
    assert [step.hostname for step in plan.upgrades] == ["cp-2", "cp-3", "cp-1", "w-1", "w-3"]


@pytest.mark.parametrize(
    ("kubelet", "refused"),
    [("v1.30.9", "too old"), ("v1.31.0", ""), ("v1.36.9", ""), ("v1.37.0", "too new"), ("", ""), ("garbage", "")],
)
def test_kubelet_decides_whether_kubernetes_fits_and_the_files_where_it_says_nothing(
    kubelet: str, refused: str
) -> None:
    desired = desired_cluster()
    observed = healthy_observed(desired, version="v1.12.4")
    observed = change_kube(observed, "w-1", lambda kube: replace(kube, kubelet_version=kubelet))
    plan = upgrade_plan(desired, observed, Policy())
    assert [refusal.hostname for refusal in plan.refusals] == (["w-1"] if refused else [])
    assert all(refused in refusal.what and refusal.hint for refusal in plan.refusals)


def test_kubernetes_of_the_files_is_refused_when_the_kubelet_says_nothing() -> None:
    desired = desired_cluster(kubernetes_version="v1.30.0")
    observed = healthy_observed(desired, version="v1.12.4")
    observed = change_kube(observed, "w-1", lambda kube: replace(kube, kubelet_version=""))
    plan = upgrade_plan(desired, observed, Policy())
    assert {refusal.hostname for refusal in plan.refusals} == {node.hostname for node in desired.nodes}


def test_kubernetes_that_the_running_talos_does_not_run_is_only_warned_about() -> None:
    desired = desired_cluster(kubernetes_version="v1.36.0")
    plan = upgrade_plan(desired, healthy_observed(desired, version="v1.12.4"), Policy())
    assert plan.refusals == ()
    for step in plan.upgrades:
        assert any("too new" in warning and "leaves that behind" in warning for warning in step.warnings)
