"""The Ceph gate: by health code, and by what Kubernetes says about the daemons."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from builders import (
    ROOK,
    change_ceph,
    change_kube,
    change_node,
    change_pod,
    check,
    desired_cluster,
    healthy_observed,
    rook_pod,
)
from talops.domain.cluster import GatePolicy, Observed, Policy
from talops.domain.kubernetes import Budget, CephCluster
from talops.domain.talos import NOT_ASKED, Absent, Unknown
from talops.domain.verdict import GateState, Verdict
from talops.gates import judge, last_proof
from talops.gates.ceph_codes import ROWS, TABLE, Weight

DESIRED = desired_cluster()
HEALTHY = healthy_observed(DESIRED)
SILENT = Unknown("i/o timeout")
GUARD = Budget(namespace=ROOK, name="rook-ceph-osd-host-w-1", allowed=0, healthy=1, desired=1, expected=1)


def verdict(
    observed: Observed, policy: Policy | None = None, *, going: str = "", baseline: Observed | None = None
) -> Verdict:
    return judge(observed, DESIRED, policy or Policy(), going=going, baseline=baseline)[2]


def allowing(*codes: str) -> Policy:
    return Policy(ceph_gate=GatePolicy(allow=codes))


def with_check(code: str, message: str = "something", health: str = "HEALTH_WARN") -> Observed:
    return change_ceph(HEALTHY, lambda c: replace(c, health=health, checks=(check(code, message),)))


def test_a_whole_cluster_opens_the_gate_and_hands_on_how_old_its_status_is() -> None:
    found = verdict(HEALTHY, going="w-1")
    assert str(found) == "ceph open: rook-ceph/rook-ceph HEALTH_OK"
    assert found.freshness == {"rook-ceph/rook-ceph": "2026-08-22T10:00:00Z"}


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        (lambda c: replace(c, phase="Progressing"), GateState.SHUT, "is Progressing, not Ready"),
        (lambda c: replace(c, phase="Connected"), GateState.SHUT, "is Connected, not Ready"),
        (lambda c: replace(c, phase=""), GateState.UNKNOWN, "has no phase"),
        (lambda c: replace(c, state="Error", message="failed to start"), GateState.SHUT, "(failed to start)"),
        (lambda c: replace(c, health=""), GateState.UNKNOWN, "health is not known"),
        (lambda c: replace(c, health="HEALTH_FINE"), GateState.UNKNOWN, "health is HEALTH_FINE"),
        (lambda c: replace(c, health="HEALTH_WARN"), GateState.UNKNOWN, "does not say why"),
        (lambda c: replace(c, health="HEALTH_ERR"), GateState.UNKNOWN, "does not say why"),
        (lambda c: replace(c, last_checked=""), GateState.UNKNOWN, "when its health was checked is not known"),
        (lambda c: replace(c, checks_disabled=True), GateState.UNKNOWN, "health checks are switched off"),
        (lambda c: replace(c, deleting=True), GateState.SHUT, "is being deleted"),
        (lambda c: replace(c, mixed_versions=True), GateState.SHUT, "several versions"),
        (lambda c: replace(c, migrating_osds=2), GateState.SHUT, "migrating 2 OSDs"),
        (lambda c: replace(c, monitors=5), GateState.SHUT, "3 of 5 monitors are ready"),
    ],
)
def test_a_status_that_is_not_settled_keeps_the_gate_from_opening(
    change: Callable[[CephCluster], CephCluster], state: GateState, words: str
) -> None:
    found = verdict(change_ceph(HEALTHY, change))
    assert found.state is state
    assert any(words in reason for reason in found.reasons), found.reasons


@pytest.mark.parametrize(
    ("code", "message", "state"),
    [
        ("OSD_DOWN", "1 osds down", GateState.SHUT),
        ("OSD_RACK_DOWN", "1 rack (3 osds) down", GateState.SHUT),
        ("PG_DEGRADED", "Degraded data redundancy", GateState.SHUT),
        ("MON_DOWN", "1/3 mons down", GateState.SHUT),
        ("DEGRADED_STRETCH_MODE", "", GateState.SHUT),
        ("error", "timed out", GateState.UNKNOWN),
        ("POOL_NO_REDUNDANCY", "1 pool(s) have no replicas", GateState.SHUT),
        ("SOMETHING_NEW", "nobody knows", GateState.SHUT),
        ("MON_DISK_LOW", "mons a,b are low on space", GateState.OPEN),
        ("PG_NOT_DEEP_SCRUBBED", "12 pgs", GateState.OPEN),
        ("OLD_CRUSH_TUNABLES", "", GateState.OPEN),
        ("BLUESTORE_STALLED_READ_ALERT", "", GateState.OPEN),
        ("RECENT_CRASH", "2 daemons have recently crashed", GateState.OPEN),
        ("OSDMAP_FLAGS", "noout flag(s) set", GateState.OPEN),
        ("OSDMAP_FLAGS", "noout,noscrub,nodeep-scrub flag(s) set", GateState.OPEN),
        ("OSDMAP_FLAGS", "noout,norebalance flag(s) set", GateState.SHUT),
        ("OSDMAP_FLAGS", "full flag(s) set", GateState.SHUT),
        ("OSDMAP_FLAGS", "", GateState.SHUT),
        ("OSDMAP_FLAGS", "something else", GateState.SHUT),
        ("OSD_FLAGS", "1 OSDs or CRUSH nodes have flags set", GateState.SHUT),
    ],
)
@pytest.mark.parametrize("health", ["HEALTH_OK", "HEALTH_WARN", "HEALTH_ERR"])
def test_a_health_code_is_judged_by_the_table_whatever_the_health_says(
    code: str, message: str, state: GateState, health: str
) -> None:
    found = verdict(with_check(code, message, health))
    assert found.state is state
    assert any(code in text for text in (*found.reasons, *found.notes))


@pytest.mark.parametrize("code", ["POOL_NO_REDUNDANCY", "OSD_NEARFULL", "SOMETHING_NEW", "OSD_FLAGS"])
def test_a_standing_code_may_be_allowed_by_name(code: str) -> None:
    found = verdict(with_check(code), allowing(code))
    assert found.state is GateState.OPEN
    assert "allowed by talops.yaml" in found.notes[0]


@pytest.mark.parametrize(
    ("code", "message"), [("OSD_DOWN", "1 osds down"), ("PG_DEGRADED", "x"), ("OSDMAP_FLAGS", "norecover flag(s) set")]
)
def test_a_code_that_means_lost_redundancy_cannot_be_allowed(code: str, message: str) -> None:
    found = verdict(with_check(code, message), allowing(code))
    assert found.state is GateState.SHUT
    assert "cannot be allowed" in found.reasons[0]


def test_flags_on_osds_cannot_be_allowed_while_rook_drains() -> None:
    assert isinstance(HEALTHY.budgets, tuple)
    draining = replace(with_check("OSD_FLAGS"), budgets=(*HEALTHY.budgets, GUARD))
    assert verdict(draining, allowing("OSD_FLAGS")).state is GateState.SHUT


def test_the_baseline_lets_stand_what_stood_and_nothing_new() -> None:
    policy = allowing("BASELINE")
    stood = with_check("OSD_NEARFULL")
    assert verdict(stood, policy, baseline=stood).state is GateState.OPEN
    assert verdict(stood, policy, baseline=HEALTHY).state is GateState.SHUT
    assert verdict(stood, policy).state is GateState.SHUT
    assert verdict(stood, baseline=stood).state is GateState.SHUT
    down = with_check("OSD_DOWN")
    assert verdict(down, policy, baseline=down).state is GateState.SHUT


@pytest.mark.parametrize(
    ("before", "now", "state"),
    [
        ("2 daemons have recently crashed", "2 daemons have recently crashed", GateState.OPEN),
        ("2 daemons have recently crashed", "1 daemons have recently crashed", GateState.OPEN),
        ("2 daemons have recently crashed", "3 daemons have recently crashed", GateState.SHUT),
        ("some daemons have crashed", "some daemons have crashed", GateState.OPEN),
        ("some daemons have crashed", "more daemons have crashed", GateState.SHUT),
        (None, "1 daemons have recently crashed", GateState.SHUT),
    ],
)
def test_a_crash_during_the_run_shuts_the_gate_and_an_old_one_does_not(
    before: str | None, now: str, state: GateState
) -> None:
    baseline = with_check("RECENT_CRASH", before) if before else HEALTHY
    assert verdict(with_check("RECENT_CRASH", now), baseline=baseline).state is state


@pytest.mark.parametrize(
    ("observed", "state", "words"),
    [
        (
            change_pod(HEALTHY, "rook-ceph-osd-1", lambda p: replace(p, ready=False)),
            GateState.SHUT,
            "not ready in rook-ceph: rook-ceph-osd-1",
        ),
        (
            change_pod(HEALTHY, "rook-ceph-mon-b", lambda p: replace(p, terminating=True)),
            GateState.SHUT,
            "not ready in rook-ceph: rook-ceph-mon-b",
        ),
        (
            change_pod(HEALTHY, "rook-ceph-operator", lambda p: replace(p, ready=False)),
            GateState.UNKNOWN,
            "operator is not ready",
        ),
        (replace(HEALTHY, rook_pods=()), GateState.SHUT, "0 of 3 monitors are ready"),
        (replace(HEALTHY, rook_pods=SILENT), GateState.UNKNOWN, "pods of Rook: i/o timeout"),
        (replace(HEALTHY, budgets=SILENT), GateState.UNKNOWN, "budgets of the OSDs: i/o timeout"),
        (replace(HEALTHY, budgets=(GUARD,)), GateState.SHUT, "Rook has not ended its last drain"),
        (
            replace(HEALTHY, budgets=(replace(GUARD, name="rook-ceph-osd"),)),
            GateState.SHUT,
            "allows no OSD to go",
        ),
        (
            replace(HEALTHY, budgets=(replace(GUARD, name="rook-ceph-osd", allowed=1, current=False),)),
            GateState.UNKNOWN,
            "older than the budget",
        ),
    ],
)
def test_daemons_that_are_not_whole_keep_the_gate_from_opening(
    observed: Observed, state: GateState, words: str
) -> None:
    found = verdict(observed)
    assert found.state is state
    assert any(words in reason for reason in found.reasons), found.reasons


def test_finished_pods_and_canaries_are_no_daemons() -> None:
    assert isinstance(HEALTHY.rook_pods, tuple)
    finished = replace(rook_pod("rook-ceph-osd", "osd-0-old", "w-1", ready=False), phase="Failed")
    canary = replace(
        rook_pod("rook-ceph-mon", "mon-d-canary", "w-1", ready=False),
        labels={"app": "rook-ceph-mon", "mon_canary": "true"},
    )
    assert verdict(replace(HEALTHY, rook_pods=(*HEALTHY.rook_pods, finished, canary))).state is GateState.OPEN


def test_an_osd_that_vanished_since_the_run_began_shuts_the_gate() -> None:
    assert isinstance(HEALTHY.rook_pods, tuple)
    fewer = replace(HEALTHY, rook_pods=tuple(p for p in HEALTHY.rook_pods if p.name != "rook-ceph-osd-1"))
    assert verdict(fewer).state is GateState.OPEN
    assert verdict(fewer, baseline=HEALTHY).state is GateState.SHUT


def test_a_budget_that_vanished_since_the_run_began_shuts_the_gate() -> None:
    without = replace(HEALTHY, budgets=())
    assert verdict(without).state is GateState.OPEN
    assert verdict(without, baseline=HEALTHY).state is GateState.SHUT


def test_a_pod_with_the_containers_of_before_the_reboot_is_not_believed_to_be_ready() -> None:
    rebooted = change_kube(HEALTHY, "w-1", lambda k: replace(k, boot_id="a new one"))
    found = verdict(rebooted, baseline=HEALTHY)
    assert found.state is GateState.UNKNOWN
    assert found.reasons == ("still called ready from before the reboot: rook-ceph-osd-0",)
    restarted = change_pod(rebooted, "rook-ceph-osd-0", lambda p: replace(p, restarts_id=("containerd://new",)))
    assert verdict(restarted, baseline=HEALTHY).state is GateState.OPEN


@pytest.mark.parametrize(("going", "state"), [("cp-1", GateState.OPEN), ("w-1", GateState.OPEN)])
def test_three_monitors_let_one_go(going: str, state: GateState) -> None:
    assert verdict(HEALTHY, going=going).state is state
    assert last_proof(HEALTHY, DESIRED, Policy(), going=going).state is state


def test_two_monitors_on_one_node_would_end_their_quorum_with_it() -> None:
    crowded = change_pod(HEALTHY, "rook-ceph-mon-b", lambda p: replace(p, node="cp-1"))
    assert verdict(crowded, going="cp-2").state is GateState.OPEN
    assert verdict(crowded, going="cp-1").state is GateState.SHUT
    found = last_proof(crowded, DESIRED, Policy(), going="cp-1")
    assert found.state is GateState.SHUT
    assert found.reasons == ("rook-ceph: without cp-1 1 of 3 monitors are left, which is no quorum",)


def test_the_monitor_that_the_drain_has_evicted_is_not_missed_by_the_last_proof() -> None:
    evicted = change_pod(HEALTHY, "rook-ceph-mon-a", lambda p: replace(p, node="", ready=False, phase="Pending"))
    assert last_proof(evicted, DESIRED, Policy(), going="cp-1").state is GateState.OPEN
    another_down = change_pod(evicted, "rook-ceph-mon-b", lambda p: replace(p, ready=False))
    assert last_proof(another_down, DESIRED, Policy(), going="cp-1").state is GateState.SHUT


def test_monitors_are_not_proven_for_a_node_that_kubernetes_does_not_know() -> None:
    unknown = change_node(HEALTHY, "w-1", lambda n: replace(n, kube=SILENT))
    assert verdict(unknown, going="w-1").state is GateState.UNKNOWN
    assert last_proof(unknown, DESIRED, Policy(), going="w-1").state is GateState.UNKNOWN


def test_an_external_cluster_is_connected_and_has_no_daemons_here() -> None:
    external = replace(
        change_ceph(HEALTHY, lambda c: replace(c, external=True, phase="Connected", last_checked="")), rook_pods=()
    )
    found = verdict(external, going="w-1")
    assert found.state is GateState.OPEN
    assert not found.freshness
    assert verdict(change_ceph(external, lambda c: replace(c, health="HEALTH_ERR"))).state is GateState.SHUT
    assert verdict(change_ceph(external, lambda c: replace(c, phase="Connecting"))).state is GateState.SHUT


@pytest.mark.parametrize(
    ("observed", "state", "words"),
    [
        (replace(HEALTHY, ceph=SILENT), GateState.UNKNOWN, "CephClusters: i/o timeout"),
        (replace(HEALTHY, ceph=Absent(), rook_pods=()), GateState.NOT_APPLICABLE, "no Rook in this cluster"),
        (replace(HEALTHY, ceph=Absent(), rook_pods=NOT_ASKED), GateState.NOT_APPLICABLE, "no Rook in this cluster"),
        (replace(HEALTHY, ceph=Absent(), rook_pods=SILENT), GateState.UNKNOWN, "pods of Rook: i/o timeout"),
        (replace(HEALTHY, ceph=Absent()), GateState.UNKNOWN, "pods of Rook run, but its API is not there"),
        (replace(HEALTHY, ceph=(), rook_pods=()), GateState.NOT_APPLICABLE, "there is no CephCluster"),
        (replace(HEALTHY, ceph=()), GateState.UNKNOWN, "OSDs or monitors run, but there is no CephCluster"),
        (replace(HEALTHY, ceph=(), rook_pods=SILENT), GateState.UNKNOWN, "pods of Rook: i/o timeout"),
    ],
)
def test_only_proven_absence_makes_the_gate_not_apply(observed: Observed, state: GateState, words: str) -> None:
    found = verdict(observed)
    assert found.state is state
    assert words in found.reasons[0]


@pytest.mark.parametrize("ceph", [Absent(), ()])
def test_a_required_gate_does_not_pass_without_its_operator(ceph: Absent | tuple[CephCluster, ...]) -> None:
    found = verdict(replace(HEALTHY, ceph=ceph, rook_pods=()), Policy(ceph_gate=GatePolicy(required=True)))
    assert found.state is GateState.UNKNOWN
    assert found.hopeless


@pytest.mark.parametrize("ceph", [Absent(), ()])
def test_what_was_there_when_the_run_began_cannot_be_absent_now(ceph: Absent | tuple[CephCluster, ...]) -> None:
    gone = replace(HEALTHY, ceph=ceph, rook_pods=())
    assert verdict(gone, baseline=HEALTHY).state is GateState.UNKNOWN


def test_every_code_has_one_row_and_reads_like_a_code() -> None:
    codes = [code for row in TABLE for code in row.codes.split()]
    assert len(codes) == len(ROWS)
    assert all(re.fullmatch(r"[A-Z0-9_]+|error", code) for code in codes)
    assert {row.weight for row in TABLE} == set(Weight)
