"""Who is who in etcd, who is meant by a word, and what may be done to whom."""

from dataclasses import replace

import pytest

from builders import desired_cluster, healthy_node, member_id
from etcd_views import RUNNING, THREE, Change, dead, down, told, views
from talops.domain.cluster import Desired
from talops.domain.kubernetes import IN_FLIGHT, KubeNode
from talops.domain.standing import Condition, Seat, Standing
from talops.domain.talos import Alarm, EtcdView, Member, MemberStatus, Unknown, Version
from talops.errors import UsageError
from talops.plan.etcd import faults_of, standing, strangers
from talops.plan.etcd_care import (
    DEFAULT_QUOTA,
    defragment_refusals,
    disarm_refusals,
    forfeit_refusals,
    next_to_defragment,
)
from talops.plan.etcd_removal import Gone, in_flight, member_meant, removal


def found(desired: Desired, seen: dict[str, EtcdView]) -> Standing:
    made = standing(desired, tuple(seen.values()))
    assert isinstance(made, Standing)
    return made


def seat(name: str, seen: Standing) -> Seat:
    return next(one for one in seen.seats if one.name == name)


def kube(desired: Desired, hostname: str, *, ready: bool, marked: bool = False) -> KubeNode:
    node = healthy_node(desired.node(hostname), Version.parse("v1.13.0")).kube
    assert isinstance(node, KubeNode)
    return replace(node, ready=ready, annotations={IN_FLIGHT: "{}"} if marked else {})


CONDITIONS: dict[str, tuple[Change, Condition]] = {
    "well": (lambda view: view, Condition.WELL),
    "silent": (dead, Condition.SILENT),
    "its etcd is down": (down, Condition.DOWN),
    "sees no leader": (lambda view: told(view, leader="0" * 16), Condition.ILL),
    "reports errors": (lambda view: told(view, errors="etcdserver: something"), Condition.ILL),
    "full, which is no fault of its own": (
        lambda view: told(view, errors="memberID:3 alarm:NOSPACE , memberID:4 alarm:NOSPACE "),
        Condition.WELL,
    ),
    "not allowed to ask": (
        lambda view: replace(dead(view), status=Unknown("not authorized", forbidden=True)),
        Condition.UNKNOWN,
    ),
    "it runs, and does not tell": (lambda view: down(view, RUNNING), Condition.UNKNOWN),
    "it runs another member": (lambda view: told(view, id="f" * 16), Condition.DOWN),
}


@pytest.mark.parametrize("how", CONDITIONS)
def test_how_a_member_is_follows_from_what_its_node_says(how: str) -> None:
    change, condition = CONDITIONS[how]
    seen = views(THREE)
    seen["cp-2"] = change(seen["cp-2"])

    made = found(THREE, seen)

    assert seat("cp-2", made).condition is condition
    assert made.membership.healthy == (3 if condition is Condition.WELL else 2)


def test_whoever_the_others_follow_is_alive_and_not_removed() -> None:
    seen = views(THREE, "cp-2")
    seen["cp-2"] = dead(seen["cp-2"])
    made = found(THREE, seen)

    assert seat("cp-2", made).condition is Condition.UNKNOWN
    refusals = removal(seat("cp-2", made), made, None).refusals
    assert "so it is alive" in refusals[0].what


def test_an_alarm_for_want_of_space_is_no_fault_of_the_member_that_tells_it() -> None:
    status = views(THREE)["cp-1"].status
    assert isinstance(status, MemberStatus)

    assert faults_of(replace(status, errors="memberID:93 alarm:NOSPACE ")) == ""
    assert faults_of(replace(status, errors="memberID:93 alarm:NOSPACE , etcdserver: broken")) != ""


def test_a_member_that_the_files_do_not_know_is_asked_at_its_address() -> None:
    stranger = Member(id="e" * 16, hostname="cp-9", peer_urls=("https://10.9.9.9:2380",), learner=False)
    seen = {
        host: replace(view, members=(*view.members, stranger) if isinstance(view.members, tuple) else view.members)
        for host, view in views(THREE).items()
    }

    assert strangers(THREE, tuple(seen.values())) == (("cp-9", "10.9.9.9"),)
    assert seat("cp-9", found(THREE, seen)).condition is Condition.UNKNOWN
    seen["10.9.9.9"] = replace(dead(seen["cp-1"]), hostname="10.9.9.9", address="10.9.9.9")
    assert seat("cp-9", found(THREE, seen)).condition is Condition.SILENT
    assert found(THREE, seen).membership.voters == 4


def test_a_dead_member_of_the_name_of_a_node_that_has_another_is_not_that_node() -> None:
    old = Member(id="e" * 16, hostname="cp-2", peer_urls=("https://10.9.9.9:2380",), learner=False)
    seen = {
        host: replace(view, members=(*view.members, old) if isinstance(view.members, tuple) else view.members)
        for host, view in views(THREE).items()
    }
    made = found(THREE, seen)

    assert [one.node.hostname if one.node else None for one in made.seats] == ["cp-1", "cp-2", "cp-3", None]
    with pytest.raises(UsageError, match="may mean 2 members"):
        member_meant("cp-2", made, THREE)
    meant = member_meant("e" * 16, made, THREE)
    assert isinstance(meant, Seat)
    assert meant.node is None


WORDS = ["cp-2", member_id(1), member_id(1).lstrip("0"), f"0x{member_id(1).upper()}", "10.1.0.2"]


@pytest.mark.parametrize("word", WORDS)
def test_a_member_is_called_by_node_name_address_or_id(word: str) -> None:
    meant = member_meant(word, found(THREE, views(THREE)), THREE)

    assert isinstance(meant, Seat)
    assert meant.name == "cp-2"


@pytest.mark.parametrize("word", ["w-1", "abcdefabcdefabcd"])
def test_who_is_no_member_is_gone_already(word: str) -> None:
    assert isinstance(member_meant(word, found(THREE, views(THREE)), THREE), Gone)


def test_a_slip_of_the_pen_is_told_what_was_probably_meant() -> None:
    with pytest.raises(UsageError) as told_:
        member_meant("cp2", found(THREE, views(THREE)), THREE)

    assert told_.value.hint == "did you mean cp-2?"


REMOVALS: dict[str, tuple[int, dict[str, Change], str, str]] = {
    # control planes, how those that are not well are, who goes, and what forbids it
    "a dead one of three": (3, {"cp-2": dead}, "cp-2", ""),
    "a crashing one of three": (3, {"cp-2": down}, "cp-2", ""),
    "a healthy one": (3, {}, "cp-2", "it is healthy"),
    "a dead one of two": (2, {"cp-2": dead}, "cp-2", "no quorum, so it can agree on nothing"),
    "the only one": (1, {}, "cp-1", "it is healthy"),
    "one of two dead ones of five": (5, {"cp-2": dead, "cp-3": dead}, "cp-2", ""),
    "one of three dead ones of five": (5, {f"cp-{n}": dead for n in (2, 3, 4)}, "cp-2", "no quorum"),
    "one that nobody may ask": (
        3,
        {"cp-2": lambda view: replace(view, status=Unknown("not authorized", forbidden=True))},
        "cp-2",
        "cannot be seen",
    ),
    "one that sees no leader": (3, {"cp-2": lambda view: told(view, leader="0" * 16)}, "cp-2", ""),
}


@pytest.mark.parametrize("how", REMOVALS)
def test_only_a_dead_member_is_removed_and_only_while_quorum_is_kept(how: str) -> None:
    planes, unwell, going, forbidden = REMOVALS[how]
    desired = desired_cluster(control_planes=planes, workers=0)
    seen = views(desired)
    for hostname, change in unwell.items():
        seen[hostname] = change(seen[hostname])
    made = found(desired, seen)

    refusals = removal(seat(going, made), made, None).refusals

    assert bool(refusals) is bool(forbidden)
    assert forbidden in " ".join(refusal.what for refusal in refusals)
    if not refusals:
        assert made.membership.removed(seat(going, made).id).quorate


def test_views_that_disagree_are_nothing_to_act_upon() -> None:
    seen = views(THREE)
    seen["cp-2"] = dead(seen["cp-2"])
    third = seen["cp-3"]
    assert isinstance(third.members, tuple)
    seen["cp-3"] = replace(third, members=third.members[:2])
    made = found(THREE, seen)

    refusals = removal(seat("cp-2", made), made, None).refusals

    assert [refusal.what for refusal in refusals] == ["cp-1 and cp-3 list different members"]


@pytest.mark.parametrize(("ready", "forbidden"), [(False, ""), (True, "only out of our reach")])
def test_what_kubernetes_knows_of_a_silent_node_counts(ready: bool, forbidden: str) -> None:
    seen = views(THREE)
    seen["cp-2"] = dead(seen["cp-2"])
    made = found(THREE, seen)

    refusals = removal(seat("cp-2", made), made, kube(THREE, "cp-2", ready=ready)).refusals

    assert forbidden in " ".join(refusal.what for refusal in refusals)
    assert bool(refusals) is bool(forbidden)


def test_while_a_control_plane_is_in_flight_no_other_goes_away() -> None:
    nodes = [kube(THREE, "cp-1", ready=True), kube(THREE, "cp-3", ready=False, marked=True)]

    assert [refusal.hostname for refusal in in_flight(nodes)] == ["cp-3"]


@pytest.mark.parametrize("word", ["", " "])
def test_an_empty_name_is_not_that_of_a_member_that_never_started(word: str) -> None:
    new = Member(id="e" * 16, hostname="", peer_urls=("https://10.9.9.9:2380",), learner=False)
    seen = {
        host: replace(view, members=(*view.members, new) if isinstance(view.members, tuple) else view.members)
        for host, view in views(THREE).items()
    }

    with pytest.raises(UsageError):
        member_meant(word, found(THREE, seen), THREE)


def test_the_leader_is_defragmented_last_whoever_that_is_by_then() -> None:
    first, moved = found(THREE, views(THREE, "cp-1")), found(THREE, views(THREE, "cp-3"))
    todo = {one.id for one in first.seats}

    order = []
    for now in (first, moved, moved):
        turn = next_to_defragment(now, todo)
        assert turn is not None
        order.append(turn.name)
        todo.discard(turn.id)

    assert order == ["cp-2", "cp-1", "cp-3"]
    assert next_to_defragment(first, ()) is None


@pytest.mark.parametrize(
    ("planes", "dead_ones", "accepted", "refused"),
    [
        (3, 0, False, False),
        (3, 1, False, True),
        (5, 1, False, False),
        (5, 2, False, True),
        (2, 0, False, True),
        (2, 0, True, False),
        (1, 0, False, True),
        (1, 0, True, False),
        (3, 1, True, True),
    ],
)
def test_no_member_is_defragmented_that_quorum_needs(
    planes: int, dead_ones: int, accepted: bool, refused: bool
) -> None:
    desired = desired_cluster(control_planes=planes, workers=0)
    seen = views(desired)
    for number in range(dead_ones):
        seen[f"cp-{planes - number}"] = dead(seen[f"cp-{planes - number}"])
    made = found(desired, seen)

    refusals = defragment_refusals([seat("cp-1", made)], made, accepted=accepted, command="talops etcd defrag")

    assert bool(refusals) is refused


def test_a_leader_without_anybody_to_take_over_keeps_leading() -> None:
    seen = views(THREE)
    assert forfeit_refusals(seat("cp-1", found(THREE, seen)), found(THREE, seen)) == ()
    seen |= {host: told(seen[host], applied=10) for host in ("cp-2", "cp-3")}
    late = found(THREE, seen)

    assert "nobody could take over" in forfeit_refusals(seat("cp-1", late), late)[0].what


GB = 1_000_000_000
FULLNESS = [
    # of the database, in use, and whether the alarm may go
    (2.1, 2.1, False),
    (2.1, 0.4, False),
    (1.9, 1.9, True),
    (0.4, 0.4, True),
    (0, 0, False),
]


@pytest.mark.parametrize(("gigabytes", "in_use", "may"), FULLNESS)
def test_an_alarm_is_not_disarmed_while_the_next_write_would_raise_it(
    gigabytes: float, in_use: float, may: bool
) -> None:
    seen = {
        host: replace(
            told(view, db_bytes=int(gigabytes * GB), in_use_bytes=int(in_use * GB)),
            alarms=(Alarm(kind="NOSPACE", member=member_id(0)),),
        )
        for host, view in views(THREE).items()
    }

    assert (not disarm_refusals(found(THREE, seen), DEFAULT_QUOTA)) is may
    assert disarm_refusals(found(THREE, seen), 8 * DEFAULT_QUOTA) == () or gigabytes == 0


def test_a_corrupt_member_is_not_mended_by_disarming() -> None:
    seen = {
        host: replace(told(view, db_bytes=10**8), alarms=(Alarm(kind="CORRUPT", member=member_id(1)),))
        for host, view in views(THREE).items()
    }

    refusals = disarm_refusals(found(THREE, seen), DEFAULT_QUOTA)

    assert [(refusal.hostname, "CORRUPT" in refusal.what) for refusal in refusals] == [("cp-2", True)]
