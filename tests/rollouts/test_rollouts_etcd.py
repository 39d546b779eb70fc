"""The commands that change etcd: what they do, what they refuse, and how they leave it."""

from pathlib import Path

import pytest
from etcdplay import (
    FILE,
    at,
    defrag,
    disarmed,
    hand_over,
    members,
    mend,
    no,
    order,
    remove,
    save,
    three,
    without_kubernetes,
)
from play import Rehearsed

from talops.domain.cluster import Policy
from talops.domain.event import Step
from talops.errors import Exit

REPLACED = "control-plane-replaced@cp-2"
DEAD = "dead-node@cp-2"


def healthy(rehearsed: Rehearsed) -> bool:
    """Three voters that are up, and one of them leads."""
    etcd = rehearsed.world.truth.etcd
    return etcd.led and [member.connected for member in etcd.voters] == [True] * 3


def test_the_old_runbook_in_one_command(tmp_path: Path) -> None:
    rehearsed = three(REPLACED)
    assert members(rehearsed) == ["cp-1", "cp-2-old", "cp-3"]

    played = mend(rehearsed, tmp_path)

    assert played.exit is Exit.DONE, played.said
    assert members(rehearsed) == ["cp-1", "cp-2", "cp-3"]
    assert healthy(rehearsed)
    assert "cp-2 is a voter of etcd, and well: 3 of 3" in played.said
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert rehearsed.world.truth.lease_holder is None
    (tmp_path / FILE).unlink()
    assert "Nothing is wrong" in mend(rehearsed, tmp_path).said


def test_where_nobody_answers_it_only_says_what_it_would_do(tmp_path: Path) -> None:
    rehearsed = three(REPLACED)

    played = mend(rehearsed, tmp_path, None)

    assert played.exit is Exit.PENDING
    assert "talops etcd recover --yes" in played.said
    assert "a replacement stuck joining" in played.notes
    assert "talops etcd remove-member" in played.notes
    assert members(rehearsed) == ["cp-1", "cp-2-old", "cp-3"]
    assert list(tmp_path.iterdir()) == []


def test_each_step_is_asked_for_and_what_was_done_stays_done(tmp_path: Path) -> None:
    rehearsed, asked = three(REPLACED), []

    def first_only(question: str, name: str) -> bool:
        asked.append((question.split()[0], name))
        return len(asked) == 1

    played = mend(rehearsed, tmp_path, first_only)

    assert asked == [("Remove", "cp-2"), ("Watch", "")]
    assert played.exit is Exit.STOPPED
    assert "was removed" in played.said
    assert (tmp_path / FILE).exists()


NAMED = {
    DEAD: ("a dead member, with quorum", "talops etcd remove-member"),
    "etcd-member-lost@cp-2": ("a member that is down, with quorum", "logs etcd"),
    "etcd-nospace@cp-2": ("no space", "talops etcd alarms --disarm"),
    "etcd-quorum-lost": ("quorum lost", "bootstrap --recover-from="),
}


@pytest.mark.parametrize("fault", NAMED)
def test_a_case_that_is_a_persons_to_mend_is_named_with_its_commands(fault: str, tmp_path: Path) -> None:
    case, command = NAMED[fault]
    rehearsed = three(fault)
    before = members(rehearsed)

    played = mend(rehearsed, tmp_path)

    assert played.exit is Exit.GATE
    assert case in played.notes
    assert command in played.notes
    assert members(rehearsed) == before
    assert list(tmp_path.iterdir()) == []


def test_where_no_snapshot_can_be_kept_the_case_is_named_all_the_same(tmp_path: Path) -> None:
    named = mend(three(DEAD), tmp_path / "no" / "folder")
    replaced = three(REPLACED)
    refused = mend(replaced, tmp_path / "no" / "folder")

    assert (named.exit, "a dead member, with quorum" in named.notes) == (Exit.GATE, True)
    assert (refused.exit, "no folder" in refused.said) == (Exit.USAGE, True)
    assert "cp-2-old" in members(replaced)


def test_nothing_wrong_is_said_and_nothing_is_asked(tmp_path: Path) -> None:
    played = mend(three(), tmp_path, no)

    assert (played.exit, "Nothing is wrong" in played.said) == (Exit.DONE, True)


def test_law_12_a_learner_that_never_becomes_a_voter_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    rehearsed = three(REPLACED, "member-stays-learner@cp-2")

    played = mend(rehearsed, tmp_path)

    assert played.exit is Exit.FAILED
    assert "it is a learner" in played.said
    assert "talosctl -n 10.1.0.2 logs etcd" in played.said
    assert "Done before that: the member" in played.said
    assert rehearsed.world.truth.lease_holder is None


@pytest.mark.parametrize("fault", [DEAD, "etcd-member-lost@cp-2", REPLACED])
def test_a_dead_member_is_removed_after_a_snapshot_and_proven_to_be_gone(fault: str, tmp_path: Path) -> None:
    rehearsed = three(fault)
    saved_first: list[bool] = []
    at(rehearsed, Step.REMOVE, lambda: saved_first.append((tmp_path / FILE).exists()))

    played = remove(rehearsed, "cp-2", tmp_path)

    assert played.exit is Exit.DONE, played.said
    assert saved_first == [True]
    assert not {"cp-2", "cp-2-old"} & set(members(rehearsed)) or fault == REPLACED
    assert "cp-2-old" not in members(rehearsed)
    assert "quorum: now 2 of 3 voters healthy" in played.notes
    assert str(tmp_path / FILE) in played.said
    (tmp_path / FILE).unlink()
    if fault != REPLACED:
        again = remove(rehearsed, "cp-2", tmp_path)
        assert (again.exit, "no member of etcd lives on cp-2" in again.said) == (Exit.DONE, True)


@pytest.mark.parametrize(
    ("faults", "who", "why"),
    [
        ((), "cp-2", "a member that is alive is not taken away"),
        ((DEAD,), "cp-1", "it is healthy"),
        (("etcd-quorum-lost",), "cp-2", "no quorum"),
        (("member-stays-learner@cp-2",), "cp-2", "a learner"),
    ],
)
def test_law_4_who_is_alive_or_needed_is_not_removed(
    faults: tuple[str, ...], who: str, why: str, tmp_path: Path
) -> None:
    rehearsed = three(*faults)
    before = members(rehearsed)

    played = remove(rehearsed, who, tmp_path)

    assert (played.exit, why in played.said) == (Exit.REFUSED, True), played.said
    assert members(rehearsed) == before
    assert list(tmp_path.iterdir()) == []


def test_one_that_comes_back_while_it_is_looked_at_stays(tmp_path: Path) -> None:
    rehearsed = three("etcd-member-lost@cp-2")
    rehearsed.world.at(rehearsed.world.clock.now() + 8, rehearsed.world.mend)

    played = remove(rehearsed, "cp-2", tmp_path)

    assert (played.exit, "it is healthy" in played.said) == (Exit.REFUSED, True), played.said
    assert members(rehearsed) == ["cp-1", "cp-2", "cp-3"]


def test_without_a_snapshot_nothing_is_removed(tmp_path: Path) -> None:
    rehearsed = three(DEAD)

    def somebody_else() -> None:
        (tmp_path / FILE).write_text("somebody else's")

    at(rehearsed, Step.SNAPSHOT, somebody_else)
    played = remove(rehearsed, "cp-2", tmp_path)

    assert played.exit is Exit.FAILED
    assert "cp-2" in members(rehearsed)
    assert (tmp_path / FILE).read_text() == "somebody else's"


def test_a_no_leaves_everything_as_it_is(tmp_path: Path) -> None:
    rehearsed = three(DEAD)

    played = remove(rehearsed, "cp-2", tmp_path, no)

    assert (played.exit, members(rehearsed)) == (Exit.STOPPED, ["cp-1", "cp-2", "cp-3"])
    assert list(tmp_path.iterdir()) == []


def test_a_snapshot_is_not_the_leaders_work_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    rehearsed = three()

    played = save(rehearsed, tmp_path)

    assert played.exit is Exit.DONE, played.said
    assert rehearsed.world.truth.etcd.leader_hostname not in order(played, Step.SNAPSHOT)
    assert "16416 bytes" in played.said
    assert "SHA-256" in played.said
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / FILE]


@pytest.mark.parametrize("faults", [("etcd-quorum-lost",), (DEAD,), ("etcd-nospace@cp-1",)])
def test_a_snapshot_needs_neither_quorum_nor_kubernetes(faults: tuple[str, ...], tmp_path: Path) -> None:
    rehearsed = without_kubernetes(three(*faults))

    played = save(rehearsed, tmp_path)

    assert played.exit is Exit.DONE, played.said
    assert ("sees no leader" in played.notes) is (faults == ("etcd-quorum-lost",))
    if faults == ("etcd-nospace@cp-1",):
        assert "cp-1" not in order(played, Step.SNAPSHOT)


def test_a_learner_gives_no_snapshot(tmp_path: Path) -> None:
    played = save(three("member-stays-learner@cp-2"), tmp_path)

    assert (played.exit, "cp-2" in order(played, Step.SNAPSHOT)) == (Exit.DONE, False)


def test_defragmenting_takes_one_after_the_other_and_the_leader_last() -> None:
    rehearsed = three()
    leader = rehearsed.world.truth.etcd.leader_hostname

    played = defrag(rehearsed)

    assert played.exit is Exit.DONE, played.said
    turns = order(played, Step.DEFRAGMENT)
    assert (sorted(turns), turns[-1]) == (["cp-1", "cp-2", "cp-3"], leader)
    assert "cp-1 23 MB to 7.3 MB" in played.said
    assert {member.db_bytes for member in rehearsed.world.truth.etcd.members} == {7_340_032}


@pytest.mark.parametrize(
    ("faults", "planes", "accepted", "exit"),
    [
        ((DEAD,), 3, False, Exit.REFUSED),
        (("etcd-quorum-lost",), 3, False, Exit.REFUSED),
        ((), 2, False, Exit.REFUSED),
        ((), 2, True, Exit.DONE),
        ((), 1, True, Exit.DONE),
    ],
)
def test_law_4_no_member_is_defragmented_that_quorum_needs(
    faults: tuple[str, ...], planes: int, accepted: bool, exit: Exit
) -> None:
    accept = frozenset({"etcd"}) if accepted else frozenset[str]()
    rehearsed = three(*faults, control_planes=planes, policy=Policy(accept_downtime=accept))

    played = defrag(rehearsed)

    assert played.exit is exit, played.said
    assert bool(order(played, Step.DEFRAGMENT)) is (exit is Exit.DONE)


def test_defragmenting_stops_when_another_member_is_lost_meanwhile() -> None:
    rehearsed = three()
    at(rehearsed, Step.DEFRAGMENT, lambda: rehearsed.world.truth.power_cut("cp-3"))

    played = defrag(rehearsed)

    assert played.exit in {Exit.REFUSED, Exit.FAILED}, played.said
    assert order(played, Step.DEFRAGMENT) == ["cp-1"]
    assert played.ended.left == ("cp-2", "cp-3") or "cp-3" in played.ended.left


def test_no_space_is_mended_by_defragmenting_and_then_disarming() -> None:
    rehearsed = three("etcd-nospace@cp-2")

    too_early = disarmed(rehearsed)
    smaller = defrag(rehearsed)
    after = disarmed(rehearsed)

    assert (too_early.exit, "talops etcd defrag" in too_early.said) == (Exit.REFUSED, True)
    assert smaller.exit is Exit.DONE, smaller.said
    assert "No Lease" in smaller.notes
    assert after.exit is Exit.DONE, after.said
    assert rehearsed.world.truth.etcd.alarms == {}
    assert "no member has an alarm" in disarmed(rehearsed).said


def test_leadership_is_handed_over_and_proven_to_be_another_members() -> None:
    rehearsed = three()
    leader = rehearsed.world.truth.etcd.leader_hostname

    played = hand_over(rehearsed, leader)

    assert played.exit is Exit.DONE, played.said
    now = rehearsed.world.truth.etcd.leader_hostname
    assert now != leader
    assert f"{now} leads etcd now, in place of {leader}" in played.said
    again = hand_over(rehearsed, leader)
    assert (again.exit, f"{leader} does not lead etcd, {now} does" in again.said) == (Exit.DONE, True)


def test_a_worker_is_no_member_of_etcd() -> None:
    played = hand_over(three(), "w-1")

    assert (played.exit, "no member of etcd lives on w-1" in played.said) == (Exit.DONE, True)


def test_a_name_that_nobody_has_is_a_matter_of_usage(tmp_path: Path) -> None:
    for played in (hand_over(three(), "cp2"), remove(three(), "cp2", tmp_path), defrag(three(), "cp2")):
        assert (played.exit, "did you mean cp-2?" in played.said) == (Exit.USAGE, True)
