"""Laws 4 and 5 of a rollout: quorum is kept, and the drain is ours."""

import pytest
from play import cluster, cordoned, marked

from talops.domain.cluster import Policy
from talops.domain.event import Step
from talops.errors import Exit

IN_FLIGHT = "talops.dev/in-flight"
UNDER_WAY = [Step.UPGRADE, Step.BOOT, Step.VERIFY, Step.UNCORDON, Step.SETTLE]


@pytest.mark.parametrize("control_planes", [3, 4, 5])
def test_law_4_etcd_keeps_its_quorum_at_every_moment(control_planes: int) -> None:
    rehearsed = cluster(control_planes=control_planes, workers=0)
    etcd = rehearsed.world.truth.etcd
    quorate: list[bool] = []
    rehearsed.world.truth.cluster.on_down.append(
        lambda _: quorate.append(sum(m.up for m in etcd.members) == len(etcd.members))
    )

    played = rehearsed.play()

    assert played.exit is Exit.DONE, played.said
    assert quorate == [True] * control_planes


@pytest.mark.parametrize("control_planes", [1, 2])
def test_law_4_without_a_quorum_to_keep_nothing_happens_unless_the_outage_is_accepted(control_planes: int) -> None:
    refused = cluster(control_planes=control_planes, workers=1)
    accepted = cluster(control_planes=control_planes, workers=1, policy=Policy(accept_downtime=frozenset({"etcd"})))

    no, yes = refused.play(), accepted.play()

    assert no.exit is Exit.REFUSED
    assert "--accept-downtime etcd" in no.said
    assert refused.world.truth.went_down == []
    assert yes.exit is Exit.DONE, yes.said


def test_law_4_a_member_of_a_node_that_the_files_do_not_know_is_a_voter_nobody_vouches_for() -> None:
    """Three control planes, two in the files: without one of these only one is known to be well."""
    rehearsed = cluster(workers=1).without("cp-3")

    played = rehearsed.play()

    assert played.exit is Exit.GATE
    assert "quorum needs 2" in played.said
    assert rehearsed.world.truth.went_down == []


def test_law_4_a_rollback_of_a_node_that_is_down_does_not_take_its_healthy_etcd_with_it() -> None:
    rehearsed = cluster("kubelet-stays-down@cp-2", "never-returns@cp-3")
    rehearsed.play(only=("cp-2",))
    rehearsed.world.truth.power_cut("cp-1")
    went = list(rehearsed.world.truth.went_down)

    played = rehearsed.roll_back("cp-2")

    assert played.exit is not Exit.DONE
    assert rehearsed.world.truth.went_down == went
    assert played.ended.hint


def test_law_4_a_learner_is_no_voter_to_count_on() -> None:
    rehearsed = cluster()
    rehearsed.world.truth.etcd.members[1].learner = True

    played = rehearsed.play()

    assert played.exit is Exit.REFUSED or played.exit is Exit.GATE
    assert rehearsed.world.truth.went_down == []


def test_law_4_an_older_node_with_one_peer_would_refuse_by_itself_and_is_left_alone() -> None:
    rehearsed = cluster(control_planes=2, start="v1.12.4", policy=Policy(accept_downtime=frozenset({"etcd"})))

    played = rehearsed.play(only=("cp-1",))

    assert played.exit is Exit.REFUSED
    assert "Talos v1.12.4 itself refuses to upgrade one of two" in played.said
    assert rehearsed.world.truth.went_down == cordoned(rehearsed) == marked(rehearsed) == []


def test_law_5_each_call_of_talosctl_names_one_node_and_leaves_the_drain_to_us() -> None:
    rehearsed = cluster(workers=1)
    clients = rehearsed.world.truth.cluster.clients

    rehearsed.play()

    assert [len(client.nodes) for client in clients] == [1] * 4
    assert all("--drain=false" in client.words for client in clients)


def test_law_5_a_primary_that_moves_back_after_the_drain_keeps_its_node_up() -> None:
    rehearsed = cluster()
    truth = rehearsed.world.truth
    assert truth.postgres is not None

    def moves_back() -> None:
        assert truth.postgres is not None
        here = next(name for name, host in truth.postgres.hosts.items() if host == "w-1")
        truth.postgres.primary = here
        truth.uncordon("w-1")

    rehearsed.when("w-1", Step.DETACH, moves_back, after=0.0)

    played = rehearsed.play()

    assert played.exit is Exit.GATE, played.said
    assert "w-1" not in truth.went_down


def test_law_5_a_node_that_somebody_uncordons_in_the_middle_is_not_taken_down_full_of_pods() -> None:
    rehearsed = cluster()
    truth = rehearsed.world.truth
    rehearsed.when("w-1", Step.DETACH, lambda: truth.uncordon("w-1"), after=0.0)

    played = rehearsed.play()

    assert played.exit is Exit.GATE, played.said
    assert "somebody lifted the cordon of w-1" in played.said
    assert "w-1" not in truth.went_down


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_law_5_a_drain_ends_although_little_room_is_left(workers: int) -> None:
    played = cluster(workers=workers).play()

    assert played.exit is Exit.DONE, played.said


def test_law_5_the_budget_that_blocks_is_named_and_honoured() -> None:
    rehearsed = cluster("pdb-blocks@w-1")

    played = rehearsed.play()

    assert "legacy/legacy-00012 is held by the budget legacy" in played.said
    assert "the cordon that talops had put on w-1 was taken back" in played.said
    assert rehearsed.world.truth.cluster.store.get("pods", "legacy-00012", "legacy") is not None
