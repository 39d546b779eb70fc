"""Each trouble of etcd has a name, commands with their reasons, and is carried out only where that is safe."""

from dataclasses import replace

import pytest

from builders import desired_cluster, member_id
from etcd_views import CRASHING, JOINING, SILENT, THREE, Change, dead, down, told, views
from talops.domain.cluster import Desired
from talops.domain.talos import Alarm, EtcdView, Member, Unknown
from talops.plan.etcd import standing
from talops.plan.etcd_recovery import Case, Kind, diagnose

FORBIDDEN = Unknown("not authorized", forbidden=True)
NO_LEADER = Unknown("Unknown: etcdserver: no leader")


def cases(seen: dict[str, EtcdView], desired: Desired = THREE) -> tuple[Case, ...]:
    heard = tuple(seen.values())
    return diagnose(desired, standing(desired, heard), heard)


def typed(case: Case) -> str:
    """Every command of it, a line each."""
    return "\n".join(one.command for one in case.advice if one.command)


def with_member(seen: dict[str, EtcdView], member: Member, *, but: int = 0) -> dict[str, EtcdView]:
    """All of them list it, too, and the member with the number `but` no more."""
    gone = member_id(but - 1) if but else ""
    return {
        host: replace(view, members=(*(one for one in view.members if one.id != gone), member))
        if isinstance(view.members, tuple)
        else view
        for host, view in seen.items()
    }


def joining(view: EtcdView) -> EtcdView:
    return down(view, JOINING)


NAMED: dict[str, tuple[Change, Kind]] = {
    "all are well": (lambda view: view, Kind.WELL),
    "one is silent": (dead, Kind.MEMBER_LOST),
    "one crashes": (lambda view: down(view, CRASHING), Kind.MEMBER_DOWN),
    "one was installed anew": (joining, Kind.STUCK),
    "one may not be asked": (lambda view: replace(dead(view), status=FORBIDDEN), Kind.OUT_OF_REACH),
    "one sees no leader": (lambda view: told(view, leader="0" * 16), Kind.MEMBER_DOWN),
}


@pytest.mark.parametrize("how", NAMED)
def test_a_case_has_a_name(how: str) -> None:
    change, kind = NAMED[how]
    seen = views(THREE)
    seen["cp-2"] = change(seen["cp-2"])

    (case,) = cases(seen)

    assert case.kind is kind
    assert case.carried_out is (kind is Kind.STUCK)
    assert bool(typed(case)) is (kind is not Kind.WELL)
    if case.remove is not None and case.watch is not None:
        assert (case.remove.name, case.watch.hostname) == ("cp-2", "cp-2")


def test_a_replacement_at_another_address_waits_for_the_dead_one_to_go() -> None:
    old = Member(id="e" * 16, hostname="old-2", peer_urls=("https://10.9.9.9:2380",), learner=False)
    seen = with_member(views(THREE), old, but=2)
    seen["cp-2"] = joining(seen["cp-2"])
    seen["10.9.9.9"] = replace(dead(seen["cp-1"]), hostname="10.9.9.9", address="10.9.9.9")

    (case,) = cases(seen)

    assert case.kind is Kind.STUCK
    assert case.remove is not None
    assert case.watch is not None
    assert (case.remove.id, case.watch.hostname) == ("e" * 16, "cp-2")


def test_a_dead_member_beside_the_replacement_that_did_join_is_removed() -> None:
    old = Member(id="e" * 16, hostname="cp-2", peer_urls=("https://10.1.0.2:2380",), learner=False)

    (case,) = cases(with_member(views(THREE), old))

    assert case.kind is Kind.STUCK
    assert case.remove is not None
    assert case.remove.id == "e" * 16


def test_a_dead_member_of_no_node_is_not_removed_by_itself_while_nobody_waits_for_it() -> None:
    old = Member(id="e" * 16, hostname="cp-9", peer_urls=("https://10.9.9.9:2380",), learner=False)
    seen = with_member(views(THREE), old)
    seen["10.9.9.9"] = replace(dead(seen["cp-1"]), hostname="10.9.9.9", address="10.9.9.9")

    (case,) = cases(seen)

    assert (case.kind, case.carried_out) == (Kind.MEMBER_LOST, False)
    assert f"talops etcd remove-member {'e' * 16}" in typed(case)


def test_a_crashing_member_is_never_taken_for_a_replacement() -> None:
    seen = views(THREE)
    seen["cp-2"] = down(seen["cp-2"], CRASHING)

    assert [case.remove for case in cases(seen)] == [None]


def test_a_learner_is_watched_and_nobody_is_removed() -> None:
    seen = views(THREE)
    seen = {
        host: replace(view, members=tuple(replace(one, learner=one.id == member_id(2)) for one in view.members))
        if isinstance(view.members, tuple)
        else view
        for host, view in seen.items()
    }

    (case,) = cases(seen)

    assert case.kind is Kind.JOINING
    assert (case.remove, case.watch and case.watch.hostname) == (None, "cp-3")


def full(view: EtcdView) -> EtcdView:
    return replace(told(view, db_bytes=2_100_000_000), alarms=(Alarm(kind="NOSPACE", member=member_id(0)),))


def test_no_space_is_compacted_defragmented_and_only_then_disarmed() -> None:
    (case,) = cases({host: full(view) for host, view in views(THREE).items()})

    assert (case.kind, case.carried_out) == (Kind.NOSPACE, False)
    assert "cp-1 (2.1 GB" in case.what
    assert typed(case).index("etcd defrag") < typed(case).index("alarms --disarm")


def test_disagreement_is_looked_at_and_nothing_is_carried_out() -> None:
    seen = views(THREE)
    seen["cp-2"] = joining(seen["cp-2"])
    third = seen["cp-3"].members
    assert isinstance(third, tuple)
    seen["cp-3"] = replace(seen["cp-3"], members=third[:2])

    (case,) = cases(seen)

    assert (case.kind, case.carried_out) == (Kind.UNCLEAR, False)


LOST: dict[str, dict[str, Change]] = {
    "two silent": {"cp-2": dead, "cp-3": dead},
    "two crash": {"cp-2": down, "cp-3": down},
    "all crash": {"cp-1": down, "cp-2": down, "cp-3": down},
}


@pytest.mark.parametrize("how", LOST)
def test_quorum_lost_is_brought_back_first_and_restored_last(how: str) -> None:
    seen = views(THREE)
    for host, change in LOST[how].items():
        seen[host] = change(seen[host])
    for host in seen.keys() - LOST[how].keys():
        seen[host] = replace(told(seen[host], leader="0" * 16), members=NO_LEADER, alarms=NO_LEADER)

    (case,) = cases(seen)

    commands = typed(case)
    assert (case.kind, case.carried_out) == (Kind.QUORUM_LOST, False)
    saved = "/var/lib/etcd/member/snap/db" if how == "all crash" else "talops etcd snapshot"
    first = "talosctl -n 10.1.0.2 version" if how == "two silent" else "talosctl -n 10.1.0.2 reboot"
    order = [first, saved, "talosctl -n 10.1.0.1 reset", "talosctl -n 10.1.0.3 reset", "bootstrap --recover-from=./"]
    assert [commands.index(words) for words in order] == sorted(commands.index(words) for words in order)
    assert commands.count("bootstrap") == 1
    assert ("--recover-from=./db --recover-skip-hash-check" in commands) is (how == "all crash")
    assert any("EVERYTHING" in one.why for one in case.advice)


def test_a_control_plane_that_was_never_a_member_is_told() -> None:
    desired = desired_cluster(control_planes=4, workers=0)
    seen = views(THREE)
    seen["cp-4"] = replace(dead(seen["cp-1"]), hostname="cp-4", address="10.1.0.4")

    (case,) = cases(seen, desired)

    assert case.kind is Kind.MISSING
    assert SILENT.reason in case.what
