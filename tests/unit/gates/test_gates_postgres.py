"""The Postgres gate: the phase is sticky, so everything else has to agree with it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from builders import (
    change_kube,
    change_pod,
    change_postgres,
    desired_cluster,
    healthy_observed,
    postgres_cluster,
    postgres_pods,
)
from talops.domain.cluster import GatePolicy, Observed, Policy
from talops.domain.kubernetes import Pod, PostgresCluster
from talops.domain.talos import NOT_ASKED, Absent, Unknown
from talops.domain.verdict import GateState, Verdict
from talops.gates import judge, last_proof

DESIRED = desired_cluster()
HEALTHY = healthy_observed(DESIRED)
SILENT = Unknown("i/o timeout")


def verdict(observed: Observed, policy: Policy | None = None, baseline: Observed | None = None) -> Verdict:
    return judge(observed, DESIRED, policy or Policy(), going="w-1", baseline=baseline)[3]


def test_a_whole_cluster_opens_the_gate() -> None:
    assert str(verdict(HEALTHY)) == "postgres open: 1 cluster in healthy state"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: replace(c, phase="Failing over", phase_reason="pg-1 is gone"), "Failing over (pg-1 is gone)"),
        (lambda c: replace(c, phase="Cluster in healthy state "), "is in phase"),
        (lambda c: replace(c, phase=""), "is in phase unknown"),
        (lambda c: replace(c, ready_condition=False), "is not ready"),
        (lambda c: replace(c, ready=2), "has 2 of 3 instances ready"),
        (lambda c: replace(c, instances=2), "instances ready"),
        (lambda c: replace(c, instances=4, ready=4), "has 4 of 3 instances ready"),
        (lambda c: replace(c, reported=2), "hears from 2 of 3 instances"),
        (lambda c: replace(c, target_primary="pg-2"), "is moving its primary from pg-1 to pg-2"),
        (lambda c: replace(c, target_primary=""), "moving its primary from pg-1 to nowhere yet"),
        (lambda c: replace(c, primary="", target_primary=""), "has no primary"),
        (lambda c: replace(c, primary="pg-2", target_primary="pg-2"), "labelled so: pg-1"),
        (lambda c: replace(c, reported_primaries=("pg-1", "pg-2")), "acting so: pg-1, pg-2"),
        (lambda c: replace(c, reported_primaries=()), "acting so: no instance"),
        (lambda c: replace(c, fenced=True), "has fenced instances"),
        (lambda c: replace(c, deleting=True), "is being deleted"),
        (lambda c: replace(c, hibernation_unsettled=True), "is going to sleep or waking up"),
        (lambda c: replace(c, switching_replica=True), "switching between primary and replica cluster"),
        (lambda c: replace(c, troubled_volumes=("pg-3",)), "volumes in trouble: pg-3"),
        (lambda c: replace(c, consistent_system_id=False), "different database systems"),
        (lambda c: replace(c, wanted=0, instances=0, ready=0, reported=0), "wants no instance"),
    ],
)
def test_anything_amiss_in_the_status_shuts_the_gate(
    change: Callable[[PostgresCluster], PostgresCluster], words: str
) -> None:
    found = verdict(change_postgres(HEALTHY, change))
    assert found.state is GateState.SHUT
    assert any(words in reason for reason in found.reasons), found.reasons
    assert all(reason.startswith("db/pg ") for reason in found.reasons)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: replace(p, ready=False), "has 2 of 3 pods ready"),
        (lambda p: replace(p, terminating=True), "has pods on their way out: pg-2"),
        (lambda p: replace(p, phase="Failed"), "has 2 of 3 pods ready"),
        (lambda p: replace(p, labels={**p.labels, "cnpg.io/cluster": "other"}), "has 2 of 3 pods ready"),
        (lambda p: replace(p, labels={**p.labels, "cnpg.io/instanceRole": "primary"}), "labelled so: pg-1, pg-2"),
    ],
)
def test_a_healthy_phase_with_a_pod_amiss_shuts_the_gate(change: Callable[[Pod], Pod], words: str) -> None:
    found = verdict(change_pod(HEALTHY, "pg-2", change))
    assert found.state is GateState.SHUT
    assert any(words in reason for reason in found.reasons), found.reasons


def test_a_status_that_its_operator_does_not_keep_is_not_believed() -> None:
    assert (
        verdict(change_postgres(HEALTHY, lambda c: replace(c, reconciliation_disabled=True))).state is GateState.UNKNOWN
    )
    assert verdict(change_postgres(HEALTHY, lambda c: replace(c, ready_condition=None))).state is GateState.UNKNOWN


def test_a_hibernating_cluster_has_nothing_to_lose() -> None:
    asleep = change_postgres(HEALTHY, lambda c: replace(c, hibernated=True, ready=0, phase="Hibernated"))
    found = verdict(replace(asleep, postgres_pods=()))
    assert found.state is GateState.OPEN
    assert found.notes == ("db/pg hibernates",)
    assert verdict(asleep).state is GateState.UNKNOWN


def test_a_replica_cluster_has_a_designated_primary_that_does_not_call_itself_one() -> None:
    replica = change_postgres(HEALTHY, lambda c: replace(c, replica_cluster=True, reported_primaries=()))
    assert verdict(replica).state is GateState.OPEN


def test_a_cluster_of_one_instance_is_named() -> None:
    single = replace(HEALTHY, postgres=(postgres_cluster(1),), postgres_pods=postgres_pods(("w-1",), 1))
    found = verdict(single)
    assert found.state is GateState.OPEN
    assert found.notes == ("one instance only, so down while its node is: db/pg",)


def test_the_role_label_of_older_operators_is_understood() -> None:
    def older(pod: Pod) -> Pod:
        return replace(pod, labels={"cnpg.io/cluster": "pg", "role": pod.labels["cnpg.io/instanceRole"]})

    assert isinstance(HEALTHY.postgres_pods, tuple)
    assert verdict(replace(HEALTHY, postgres_pods=tuple(map(older, HEALTHY.postgres_pods)))).state is GateState.OPEN


@pytest.mark.parametrize(
    ("observed", "state", "words"),
    [
        (replace(HEALTHY, postgres=SILENT), GateState.UNKNOWN, "Postgres clusters: i/o timeout"),
        (replace(HEALTHY, postgres_pods=SILENT), GateState.UNKNOWN, "pods of Postgres: i/o timeout"),
        (replace(HEALTHY, postgres_pods=()), GateState.SHUT, "has 0 of 3 pods ready"),
        (replace(HEALTHY, postgres=Absent(), postgres_pods=()), GateState.NOT_APPLICABLE, "no CloudNativePG"),
        (replace(HEALTHY, postgres=Absent(), postgres_pods=NOT_ASKED), GateState.NOT_APPLICABLE, "no CloudNativePG"),
        (replace(HEALTHY, postgres=Absent(), postgres_pods=SILENT), GateState.UNKNOWN, "pods of Postgres"),
        (replace(HEALTHY, postgres=Absent()), GateState.UNKNOWN, "no Postgres cluster to be seen"),
        (replace(HEALTHY, postgres=(), postgres_pods=()), GateState.NOT_APPLICABLE, "there is no Postgres cluster"),
        (replace(HEALTHY, postgres=(), postgres_pods=NOT_ASKED), GateState.UNKNOWN, "pods of Postgres: not asked"),
        (replace(HEALTHY, postgres=()), GateState.UNKNOWN, "no Postgres cluster to be seen"),
    ],
)
def test_only_proven_absence_makes_the_gate_not_apply(observed: Observed, state: GateState, words: str) -> None:
    found = verdict(observed)
    assert found.state is state
    assert words in found.reasons[0]


def test_a_required_gate_does_not_pass_without_its_operator() -> None:
    absent = replace(HEALTHY, postgres=Absent(), postgres_pods=())
    found = verdict(absent, Policy(postgres_gate=GatePolicy(required=True)))
    assert found.state is GateState.UNKNOWN
    assert found.hopeless


def test_an_operator_that_was_there_when_the_run_began_cannot_be_absent_now() -> None:
    absent = replace(HEALTHY, postgres=Absent(), postgres_pods=())
    assert verdict(absent, baseline=HEALTHY).state is GateState.UNKNOWN


def test_a_database_that_was_deleted_meanwhile_is_nobodys_loss() -> None:
    assert verdict(replace(HEALTHY, postgres=(), postgres_pods=()), baseline=HEALTHY).state is GateState.NOT_APPLICABLE


def test_an_instance_with_the_containers_of_before_the_reboot_is_not_believed_to_be_ready() -> None:
    rebooted = change_kube(HEALTHY, "w-3", lambda k: replace(k, boot_id="a new one"))
    found = verdict(rebooted, baseline=HEALTHY)
    assert found.state is GateState.UNKNOWN
    assert found.reasons == ("still called ready from before the reboot: pg-1",)


@pytest.mark.parametrize(
    ("observed", "going", "state"),
    [
        (HEALTHY, "w-3", GateState.SHUT),
        (HEALTHY, "w-2", GateState.OPEN),
        (change_postgres(HEALTHY, lambda c: replace(c, target_primary="pg-2")), "w-2", GateState.SHUT),
        (change_postgres(HEALTHY, lambda c: replace(c, primary="pg-2")), "w-2", GateState.SHUT),
        (change_pod(HEALTHY, "pg-1", lambda p: replace(p, terminating=True)), "w-3", GateState.SHUT),
        (replace(HEALTHY, postgres=SILENT), "w-2", GateState.UNKNOWN),
        (replace(HEALTHY, postgres_pods=SILENT), "w-2", GateState.UNKNOWN),
        (replace(HEALTHY, postgres=Absent(), postgres_pods=()), "w-2", GateState.OPEN),
    ],
)
def test_the_last_proof_wants_no_primary_on_the_node_that_goes(
    observed: Observed, going: str, state: GateState
) -> None:
    assert last_proof(observed, DESIRED, Policy(), going=going).state is state
