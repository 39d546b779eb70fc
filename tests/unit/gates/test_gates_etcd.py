"""The etcd gate: quorum is arithmetic, and every member speaks for itself."""

from dataclasses import replace

import pytest

from builders import change_members, change_status, change_view, desired_cluster, healthy_observed, member_id
from talops.domain.cluster import Desired, GatePolicy, Observed, Policy
from talops.domain.talos import Alarm, Member, Unknown
from talops.domain.verdict import GateState, Verdict
from talops.gates import judge, last_proof

DESIRED = desired_cluster()
HEALTHY = healthy_observed(DESIRED)
SILENT = Unknown("i/o timeout")
ACCEPTED = Policy(accept_downtime=frozenset({"etcd"}))
STRANGER = Member(id="00000000000000aa", hostname="old-cp", peer_urls=("https://10.9.9.9:2380",), learner=False)


def verdict(
    observed: Observed, going: str = "cp-2", policy: Policy | None = None, desired: Desired = DESIRED
) -> Verdict:
    return judge(observed, desired, policy or Policy(), going=going)[1]


def test_three_healthy_members_let_one_go_and_the_leader_is_named() -> None:
    assert str(verdict(HEALTHY)) == "etcd open: 3 of 3 voters healthy, led by cp-1"


@pytest.mark.parametrize(
    ("observed", "state", "words"),
    [
        (change_view(HEALTHY, "cp-3", lambda v: replace(v, status=SILENT)), GateState.UNKNOWN, "cp-3 does not answer"),
        (change_view(HEALTHY, "cp-3", lambda v: replace(v, members=SILENT)), GateState.UNKNOWN, "cp-3 does not answer"),
        (change_view(HEALTHY, "cp-3", lambda v: replace(v, alarms=SILENT)), GateState.UNKNOWN, "cp-3 does not answer"),
        (replace(HEALTHY, etcd=HEALTHY.etcd[:2]), GateState.UNKNOWN, "cp-3 was not asked about etcd"),
        (replace(HEALTHY, etcd=()), GateState.UNKNOWN, "cp-1 was not asked about etcd"),
        (change_members(HEALTHY, lambda _: ()), GateState.UNKNOWN, "cp-1 sees no etcd member at all"),
        (
            change_view(HEALTHY, "cp-3", lambda v: replace(v, alarms=(Alarm(kind="NOSPACE", member=member_id(2)),))),
            GateState.SHUT,
            "cp-3 sees an alarm: NOSPACE on member 0000000000000003",
        ),
        (
            change_status(HEALTHY, "cp-3", lambda s: replace(s, errors="etcdserver: corrupt")),
            GateState.SHUT,
            "cp-3 reports errors: etcdserver: corrupt",
        ),
        (change_status(HEALTHY, "cp-3", lambda s: replace(s, leader="0" * 16)), GateState.SHUT, "cp-3 sees no leader"),
        (
            change_status(HEALTHY, "cp-3", lambda s: replace(s, leader=member_id(1))),
            GateState.SHUT,
            "do not agree on a leader",
        ),
        (change_status(HEALTHY, "cp-3", lambda s: replace(s, raft_term=8)), GateState.SHUT, "different raft terms"),
        (
            change_status(HEALTHY, "cp-3", lambda s: replace(s, applied=4000)),
            GateState.SHUT,
            "1000 entries still to apply",
        ),
        (
            change_status(HEALTHY, "cp-3", lambda s: replace(s, raft_index=2000, applied=2000)),
            GateState.SHUT,
            "cp-3 is 3000 entries behind",
        ),
        (
            change_status(HEALTHY, "cp-3", lambda s: replace(s, learner=True)),
            GateState.SHUT,
            "cp-3 calls itself a learner",
        ),
        (
            change_members(HEALTHY, lambda ms: (*ms[:2], replace(ms[2], learner=True))),
            GateState.SHUT,
            "cp-3 is still a learner",
        ),
        (
            change_members(HEALTHY, lambda ms: (*ms, replace(STRANGER, hostname=""))),
            GateState.SHUT,
            "was added and never started",
        ),
        (change_members(HEALTHY, lambda ms: ms[:2]), GateState.SHUT, "cp-3 is not among the members of etcd"),
        (
            change_view(HEALTHY, "cp-3", lambda v: replace(v, members=v.members[:2] if v.members else ())),  # type: ignore[index]  # a tuple here
            GateState.SHUT,
            "cp-1 and cp-3 see different members: cp-3",
        ),
        (
            change_status(HEALTHY, "cp-3", lambda s: replace(s, id=member_id(0))),
            GateState.UNKNOWN,
            "cp-3 and cp-1 say that they are the same etcd member",
        ),
    ],
)
@pytest.mark.parametrize("going", ["cp-2", "w-1", ""])
def test_one_member_that_is_not_well_keeps_the_gate_from_opening(
    observed: Observed, state: GateState, words: str, going: str
) -> None:
    found = verdict(observed, going)
    assert found.state in ({state, GateState.SHUT} if going == "cp-2" else {state})
    assert any(words in reason for reason in found.reasons), found.reasons


def test_a_member_that_the_files_do_not_know_is_a_voter_that_nobody_vouches_for() -> None:
    four = change_members(HEALTHY, lambda ms: (*ms, STRANGER))
    assert verdict(four, "").state is GateState.OPEN
    assert "old-cp is a member that the files do not know: counted, and not counted on" in verdict(four, "").notes
    assert verdict(four, "w-1").state is GateState.OPEN
    found = verdict(four, "cp-2")
    assert found.state is GateState.SHUT
    assert found.reasons == ("3 of 4 voters are known to be healthy; without cp-2 that is 2, and quorum needs 3",)


@pytest.mark.parametrize("planes", [1, 2])
def test_one_or_two_voters_need_the_outage_to_be_accepted(planes: int) -> None:
    desired = desired_cluster(planes)
    observed = healthy_observed(desired)
    refused = verdict(observed, "cp-1", desired=desired)
    assert refused.state is GateState.SHUT
    assert "--accept-downtime etcd" in refused.reasons[0]
    assert refused.hopeless
    accepted = verdict(observed, "cp-1", ACCEPTED, desired)
    assert accepted.state is GateState.OPEN
    assert accepted.notes == ("etcd will be down while cp-1 is: accepted with --accept-downtime etcd",)
    assert verdict(observed, "w-1", desired=desired).state is GateState.OPEN
    assert verdict(observed, "", desired=desired).state is GateState.OPEN


def test_accepting_the_outage_of_one_voter_does_not_give_up_the_quorum_of_three() -> None:
    down = change_status(HEALTHY, "cp-3", lambda s: replace(s, leader="0" * 16))
    assert verdict(down, "cp-2", ACCEPTED).state is GateState.SHUT
    assert last_proof(down, DESIRED, ACCEPTED, going="cp-2").state is GateState.SHUT


def test_a_lost_member_of_three_is_not_mistaken_for_a_cluster_of_two() -> None:
    lost = change_members(HEALTHY, lambda ms: ms[:2])
    assert verdict(lost, "cp-1", ACCEPTED).state is GateState.SHUT


def test_forbidden_is_hopeless_and_a_timeout_is_not() -> None:
    forbidden = Unknown("not authorized", forbidden=True)
    assert verdict(change_view(HEALTHY, "cp-3", lambda v: replace(v, alarms=forbidden))).hopeless
    assert not verdict(change_view(HEALTHY, "cp-3", lambda v: replace(v, alarms=SILENT))).hopeless


def test_switching_the_gate_off_does_not_switch_off_the_last_proof_of_quorum() -> None:
    policy = Policy(etcd_gate=GatePolicy(enabled=False))
    down = change_view(HEALTHY, "cp-3", lambda v: replace(v, status=SILENT, members=SILENT))
    assert verdict(down, "cp-2", policy).state is GateState.NOT_APPLICABLE
    assert last_proof(down, DESIRED, policy, going="cp-2").state is GateState.SHUT


@pytest.mark.parametrize(
    ("own", "others", "state"),
    [
        pytest.param("well", "well", GateState.OPEN, id="a spare voter"),
        pytest.param("well", "one down", GateState.SHUT, id="its healthy member is needed"),
        pytest.param("down", "one down", GateState.OPEN, id="it has nothing left to lose"),
    ],
)
def test_a_node_that_is_down_already_still_may_carry_a_member_that_is_needed(
    own: str, others: str, state: GateState
) -> None:
    observed = HEALTHY
    for hostname in [*(["cp-2"] if own == "down" else []), *(["cp-3"] if others == "one down" else [])]:
        observed = change_view(observed, hostname, lambda v: replace(v, status=SILENT, members=SILENT))

    assert last_proof(observed, DESIRED, Policy(), going="cp-2", already_down=True).state is state
