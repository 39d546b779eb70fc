"""The texts of `talops plan`, `status` and `nodes`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from builders import SCHEMATIC, change_kube, change_node, change_view, desired_cluster, healthy_observed
from talops.domain.cluster import Desired, Policy
from talops.domain.event_json import plan_to_json
from talops.domain.kubernetes import Lease
from talops.domain.plan import Plan, Refusal
from talops.domain.status import Status
from talops.domain.talos import Unknown
from talops.execute.status import cluster_status
from talops.plan import upgrade_plan
from talops.ui.show import nodes_to_json, show_nodes, show_plan, show_status, status_to_json

Golden = Callable[[str, str], None]
DESIRED = desired_cluster()
WIDTHS = pytest.mark.parametrize("width", [100, 60])


def plan_of(desired: Desired, version: str, *, only: Sequence[str] = (), skip: Sequence[str] = ()) -> Plan:
    return upgrade_plan(desired, healthy_observed(desired, version=version), Policy(), only=only, skip=skip)


def troubled() -> Status:
    """w-2 is gone, w-3 is cordoned and not Ready, cp-3 has lost etcd, and somebody holds the Lease."""
    observed = healthy_observed(DESIRED, version="v1.13.0")
    observed = change_node(observed, "w-2", lambda node: replace(node, talos=Unknown("no route to host")))
    observed = change_kube(observed, "w-3", lambda kube: replace(kube, ready=False, unschedulable=True))
    observed = change_view(observed, "cp-3", lambda view: replace(view, status=Unknown("connection refused")))
    return replace(
        cluster_status(DESIRED, Policy(), observed),
        lease="ann@laptop/20260301T030002Z-1a2b, renewed 2026-03-01T03:05:51Z",
        strangers=("w-9",),
        foreign=("kured: holds its lock",),
    )


def fits(text: str, width: int) -> bool:
    """Every line does, but for an image, which is never broken, and a command to type."""
    return all(len(line) <= width or SCHEMATIC in line or "next: " in line for line in text.splitlines())


@WIDTHS
def test_a_plan(width: int, golden: Golden) -> None:
    text = show_plan(plan_of(DESIRED, "v1.13.0", skip=["w-2"]), DESIRED, width=width)
    assert fits(text, width)
    golden(f"plan-{width}.txt", text + "\n")


@WIDTHS
def test_a_refused_plan_says_why_and_what_to_type(width: int, golden: Golden) -> None:
    desired = desired_cluster(control_planes=1)
    plan = plan_of(desired, "v1.11.0")
    assert plan.refusals
    text = show_plan(plan, desired, width=width)
    assert fits(text, width)
    assert "Refused: nothing will be done" in text
    golden(f"plan-refused-{width}.txt", text + "\n")


def test_a_reason_that_holds_for_many_nodes_is_said_once() -> None:
    desired = desired_cluster(workers=12, talos_version="v1.13.1")
    plan = plan_of(desired, "v1.9.0")
    said = show_plan(plan, desired, width=300)
    assert said.count("is too old") == 1
    assert "- cp-2, cp-3, cp-1, w-1, w-2, w-3, w-4, w-5 and 7 more: v1.9.0 is too old" in said


def test_a_warning_about_the_files_is_said_once() -> None:
    desired = replace(DESIRED, warnings=("talconfig.yaml:3:1: odd",))
    for version in ("v1.13.0", "v1.13.1"):
        assert show_plan(plan_of(desired, version), desired).count("warning: talconfig.yaml:3:1: odd") == 1


def test_a_plan_with_nothing_to_do_says_so() -> None:
    assert show_plan(plan_of(DESIRED, "v1.13.1"), DESIRED).splitlines()[-1] == "Nothing to do."


@WIDTHS
def test_a_healthy_status(width: int, golden: Golden) -> None:
    text = show_status(cluster_status(DESIRED, Policy(), healthy_observed(DESIRED)), width=width)
    assert fits(text, width)
    golden(f"status-healthy-{width}.txt", text + "\n")


@WIDTHS
def test_a_troubled_status(width: int, golden: Golden) -> None:
    text = show_status(troubled(), width=width)
    assert fits(text, width)
    golden(f"status-troubled-{width}.txt", text + "\n")


def test_a_healthy_cluster_that_is_behind_is_sent_to_the_plan() -> None:
    status = cluster_status(DESIRED, Policy(), healthy_observed(DESIRED, version="v1.13.0"))
    assert show_status(status).splitlines()[-2:] == [
        "Healthy; 6 nodes not at the wanted version.",
        "next: talops plan",
    ]


@WIDTHS
def test_the_nodes_of_the_files(width: int, golden: Golden) -> None:
    text = show_nodes(desired_cluster(control_planes=1, workers=1), width=width)
    assert fits(text, width)
    golden(f"nodes-{width}.txt", text + "\n")


def test_the_json_forms_carry_their_schema(golden: Golden) -> None:
    small = desired_cluster(control_planes=1, workers=1)
    refusal = Refusal(law=5, hostname="w-1", what="no", hint="talops status", transient=True)
    plan = replace(plan_of(DESIRED, "v1.13.0", only=["cp-2"]), refusals=(refusal,))
    forms = {
        "plan": plan_to_json(plan),
        "status": status_to_json(troubled()),
        "nodes": nodes_to_json(small),
    }
    assert all(form["schema"] == 1 for form in forms.values())
    golden("forms.json", json.dumps(forms, indent=1) + "\n")


def test_what_cannot_be_seen_is_not_said_to_be_at_work() -> None:
    gap = Unknown("connection refused")
    status = cluster_status(DESIRED, Policy(), replace(healthy_observed(DESIRED), lease=gap, foreign=gap))
    text = show_status(status)
    assert not status.healthy
    assert "AT WORK" not in text
    assert "unlock" not in text
    assert "NOT KNOWN, who holds the rollout Lease: connection refused" in text
    assert "NOT KNOWN, whether another tool is at work: connection refused" in text


def test_a_cluster_that_does_not_answer_at_all_may_be_the_wrong_one() -> None:
    observed = healthy_observed(DESIRED)
    for node in DESIRED.nodes:
        observed = change_node(observed, node.hostname, lambda node: replace(node, talos=Unknown("refused")))
    text = show_status(cluster_status(DESIRED, Policy(), observed))
    assert text.splitlines()[-1].startswith("next: talosctl config info")


def test_a_kubernetes_that_says_nothing_of_any_node_is_asked_by_hand() -> None:
    observed = healthy_observed(DESIRED)
    for node in DESIRED.nodes:
        observed = change_node(observed, node.hostname, lambda node: replace(node, kube=Unknown("401")))
    text = show_status(cluster_status(DESIRED, Policy(), replace(observed, kube_nodes=Unknown("401"))))
    assert text.splitlines()[-1].startswith("next: kubectl get nodes")


def test_a_lease_that_somebody_holds_is_left_to_them() -> None:
    lease = Lease(holder="ann", renewed="", duration_seconds=60, resource_version="1", uid="u")
    status = cluster_status(DESIRED, Policy(), replace(healthy_observed(DESIRED), lease=lease))
    assert show_status(status).splitlines()[-1].startswith("next: wait for that run")
