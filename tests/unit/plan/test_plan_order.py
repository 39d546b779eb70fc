"""The order of a plan: control planes first, and last among them those that hold the cluster together."""

from dataclasses import replace

import pytest

from builders import (
    change_node,
    change_status,
    change_view,
    desired_cluster,
    healthy_observed,
    member_id,
)
from talops.domain.cluster import Desired, Observed, ObservedNode, Policy
from talops.domain.talos import Role, Unknown
from talops.plan import order, upgrade_plan
from talops.plan.order import etcd_leader

DESIRED = desired_cluster()
OLD = healthy_observed(DESIRED, version="v1.12.4")
SILENT = Unknown("i/o timeout")


def hostnames(observed: Observed, policy: Policy | None = None, desired: Desired = DESIRED) -> list[str]:
    return [placed.node.hostname for placed in order(desired.nodes, observed, policy or Policy())]


def whys(observed: Observed, policy: Policy | None = None) -> dict[str, str]:
    return {placed.node.hostname: placed.why for placed in order(DESIRED.nodes, observed, policy or Policy())}


def led_by(hostname: str, *, vip: str) -> Observed:
    """The old cluster with the leader of etcd and the virtual IP on two control planes."""
    observed = healthy_observed(DESIRED, version="v1.12.4", leader=hostname)
    for node in DESIRED.control_planes:
        observed = change_node(observed, node.hostname, lambda live: replace(live, holds_vip=live.hostname == vip))
    return observed


def without_leader() -> Observed:
    observed = led_by("cp-1", vip="")
    return replace(observed, etcd=tuple(replace(view, status=SILENT) for view in observed.etcd))


@pytest.mark.parametrize(
    ("leader", "vip", "expected"),
    [
        ("cp-1", "cp-1", ["cp-2", "cp-3", "cp-1"]),
        ("cp-2", "cp-2", ["cp-1", "cp-3", "cp-2"]),
        ("cp-3", "cp-3", ["cp-1", "cp-2", "cp-3"]),
        ("cp-1", "cp-2", ["cp-3", "cp-2", "cp-1"]),
        ("cp-2", "cp-1", ["cp-3", "cp-1", "cp-2"]),
        ("cp-2", "", ["cp-1", "cp-3", "cp-2"]),
    ],
)
def test_leader_goes_last_and_the_virtual_ip_just_before_it(leader: str, vip: str, expected: list[str]) -> None:
    assert hostnames(led_by(leader, vip=vip)) == [*expected, "w-1", "w-2", "w-3"]


def test_without_a_known_leader_the_order_is_that_of_the_files() -> None:
    assert hostnames(without_leader()) == ["cp-1", "cp-2", "cp-3", "w-1", "w-2", "w-3"]


def test_without_a_known_leader_the_virtual_ip_still_goes_last() -> None:
    observed = change_node(without_leader(), "cp-2", lambda live: replace(live, holds_vip=True))
    assert hostnames(observed)[:3] == ["cp-1", "cp-3", "cp-2"]


@pytest.mark.parametrize(
    ("observed", "leader"),
    [
        (OLD, "cp-1"),
        (replace(OLD, etcd=()), ""),
        (without_leader(), ""),
        # the leader itself is silent: others name its ID, and nobody is it
        (change_view(OLD, "cp-1", lambda v: replace(v, status=SILENT)), ""),
        (change_view(OLD, "cp-2", lambda v: replace(v, status=SILENT)), "cp-1"),
        (change_status(OLD, "cp-2", lambda s: replace(s, leader=member_id(1))), ""),
        (change_status(OLD, "cp-2", lambda s: replace(s, leader="0" * 16)), "cp-1"),
    ],
)
def test_leader_is_whom_nobody_contradicts(observed: Observed, leader: str) -> None:
    assert etcd_leader(observed) == leader


def test_control_planes_go_before_workers_wherever_the_files_list_them() -> None:
    mixed = replace(DESIRED, nodes=tuple(DESIRED.nodes[index] for index in (5, 2, 3, 0, 4, 1)))
    assert [node.hostname for node in mixed.nodes] == ["w-3", "cp-3", "w-1", "cp-1", "w-2", "cp-2"]
    assert hostnames(OLD, desired=mixed) == ["cp-3", "cp-2", "cp-1", "w-3", "w-1", "w-2"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (("w-3",), ["cp-2", "cp-3", "cp-1", "w-3", "w-1", "w-2"]),
        (("w-2", "cp-3"), ["cp-3", "cp-2", "cp-1", "w-2", "w-1", "w-3"]),
        # whom the policy names goes where it says, the leader of etcd, too
        (("cp-1",), ["cp-1", "cp-2", "cp-3", "w-1", "w-2", "w-3"]),
        (("cp-1", "cp-3"), ["cp-1", "cp-3", "cp-2", "w-1", "w-2", "w-3"]),
        (("w-3", "w-2", "w-1", "cp-3", "cp-2", "cp-1"), ["cp-3", "cp-2", "cp-1", "w-3", "w-2", "w-1"]),
    ],
)
def test_policy_orders_within_the_roles_and_never_across_them(wanted: tuple[str, ...], expected: list[str]) -> None:
    assert hostnames(OLD, Policy(order=wanted)) == expected


def test_each_place_is_explained() -> None:
    assert whys(OLD) == {
        "cp-2": "control plane 1 of 3",
        "cp-3": "control plane 2 of 3",
        "cp-1": "control plane 3 of 3, late because it leads etcd and it holds the virtual IP",
        "w-1": "worker 1 of 3",
        "w-2": "worker 2 of 3",
        "w-3": "worker 3 of 3",
    }
    named = whys(OLD, Policy(order=("cp-1", "w-2")))
    assert named["cp-1"] == (
        "control plane 1 of 3, placed by the policy, although it leads etcd and it holds the virtual IP"
    )
    assert named["w-2"] == "worker 1 of 3, placed by the policy"


def test_the_only_control_plane_is_not_late() -> None:
    desired = desired_cluster(1, 1)
    placed = order(desired.nodes, healthy_observed(desired), Policy())
    assert [each.why for each in placed] == ["control plane 1 of 1", "worker 1 of 1"]


def test_a_worker_that_claims_the_virtual_ip_is_not_late() -> None:
    observed = change_node(OLD, "w-1", lambda live: replace(live, holds_vip=True))
    assert hostnames(observed)[3:] == ["w-1", "w-2", "w-3"]


def test_a_node_that_was_not_observed_has_its_place_too() -> None:
    observed = replace(OLD, nodes=dict[str, ObservedNode]())
    assert sorted(hostnames(observed)) == sorted(node.hostname for node in DESIRED.nodes)


def test_plan_upgrades_in_this_order() -> None:
    plan = upgrade_plan(DESIRED, led_by("cp-2", vip="cp-1"), Policy(order=("w-3",)))
    assert [step.hostname for step in plan.upgrades] == ["cp-3", "cp-1", "cp-2", "w-3", "w-1", "w-2"]
    assert [step.role for step in plan.upgrades] == [Role.CONTROL_PLANE] * 3 + [Role.WORKER] * 3
