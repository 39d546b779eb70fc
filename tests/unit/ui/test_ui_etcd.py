"""How etcd and services are shown to a person at 3 a.m., and to a program."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from builders import desired_cluster, healthy_observed, member_id
from talops.domain.cluster import Desired
from talops.domain.services import NodeServices
from talops.domain.talos import Alarm, EtcdView, Member, MemberStatus, Role, ServiceState, Unknown
from talops.execute.etcd_status import etcd_report
from talops.ui.columns import Column, side_by_side
from talops.ui.show_etcd import show_alarms, show_etcd, show_members
from talops.ui.show_etcd_json import alarms_to_json, etcd_to_json, members_to_json
from talops.ui.show_services import services_to_json, show_services

Golden = Callable[[str, str], None]
FIVE = desired_cluster(control_planes=5)
THREE = desired_cluster()
MUTE = Unknown("talosctl had no answer at its deadline")
REFUSED = Unknown("dial tcp 10.0.0.13:50000: connect: no route to host")
STRANGER = Member(id="00000000000000aa", hostname="old-cp", peer_urls=("https://10.9.9.9:2380",), learner=False)


def views(desired: Desired) -> list[EtcdView]:
    def sized(view: EtcdView) -> EtcdView:
        assert isinstance(view.status, MemberStatus)
        status = replace(view.status, raft_index=1234567, applied=1234567, protocol="3.6.4", storage="3.6.0")
        return replace(view, status=replace(status, db_bytes=48_000_000, in_use_bytes=31_000_000))

    return [sized(view) for view in healthy_observed(desired).etcd]


def silent(view: EtcdView, gap: Unknown, service: ServiceState | Unknown = MUTE) -> EtcdView:
    return replace(view, members=gap, status=gap, alarms=gap, service=service)


def troubled() -> list[EtcdView]:
    """Two of five are gone, one lags, and there is a member that nobody knows."""
    found = views(FIVE)
    for number, view in enumerate(found):
        assert isinstance(view.members, tuple)
        assert isinstance(view.status, MemberStatus)
        found[number] = replace(view, members=(*view.members, STRANGER))
        if number == 4:
            status = replace(view.status, raft_index=1229560, applied=1229000)
            found[number] = replace(found[number], status=status)
    preparing = ServiceState(id="etcd", state="Preparing", health="?", event="Running pre state")
    found[1] = silent(found[1], MUTE, preparing)
    found[2] = silent(found[2], REFUSED)
    return found


@pytest.mark.parametrize("width", [80, 120])
def test_a_healthy_etcd(golden: Golden, width: int) -> None:
    text = show_etcd(etcd_report(THREE, views(THREE)), width=width)
    assert max(map(len, text.splitlines())) <= width
    golden(f"etcd-healthy-{width}.txt", text + "\n")


@pytest.mark.parametrize("width", [80, 120])
def test_an_etcd_with_two_of_five_gone(golden: Golden, width: int) -> None:
    text = show_etcd(etcd_report(FIVE, troubled()), width=width)
    assert max(map(len, text.splitlines())) <= width
    golden(f"etcd-troubled-{width}.txt", text + "\n")


def test_for_a_program(golden: Golden) -> None:
    report = etcd_report(FIVE, troubled())
    found = {"status": etcd_to_json(report), "members": members_to_json(report), "alarms": alarms_to_json(report)}
    golden("etcd.json", json.dumps(found, indent=2) + "\n")


def test_the_members_and_who_of_them_answers(golden: Golden) -> None:
    text = show_members(etcd_report(FIVE, troubled()))
    assert max(map(len, text.splitlines())) <= 80
    golden("etcd-members-80.txt", text + "\n")


def test_alarms_and_none_and_not_known() -> None:
    full = [replace(view, alarms=(Alarm(kind="NOSPACE", member=member_id(1)),)) for view in views(THREE)]
    assert show_alarms(etcd_report(THREE, full)).splitlines()[:2] == [
        "ALARM    NODE  MEMBER",
        "NOSPACE  cp-2  0000000000000002",
    ]
    assert show_alarms(etcd_report(THREE, views(THREE))) == "no alarm"
    nobody = etcd_report(THREE, [silent(view, MUTE) for view in views(THREE)])
    assert show_alarms(nobody).startswith("NOT KNOWN: no control plane answers")
    assert alarms_to_json(nobody)["alarms"] is None


def test_a_lost_quorum_promises_nothing_about_further_losses() -> None:
    lost = views(THREE)
    assert isinstance(lost[0].status, MemberStatus)
    alone = replace(lost[0].status, leader="0" * 16, errors="etcdserver: no leader")
    lost = [replace(lost[0], status=alone), *(silent(view, MUTE) for view in lost[1:])]
    text = show_etcd(etcd_report(THREE, lost))
    assert "quorum is LOST: 1 of 3 voters healthy, needs 2" in text
    assert "if cp-1 is lost" not in text


def test_columns_that_do_not_fit_go_below_each_part_with_its_first_column() -> None:
    first = [Column("NODE", ("a", "b"))]
    groups = [[Column("ONE", ("11111", "-")), Column("TWO", ("2", "-"))], [Column("THREE", ("3", "-"))]]
    assert list(side_by_side(first, groups, 80, instead={1: "silent"})) == [
        "NODE  ONE    TWO  THREE",
        "a     11111  2    3",
        "b     silent",
    ]
    assert list(side_by_side(first, groups, 16, instead={1: "silent"})) == [
        "NODE  ONE    TWO",
        "a     11111  2",
        "b     silent",
        "",
        "NODE  THREE",
        "a     3",
    ]
    assert list(side_by_side(first, groups, 12, instead={}))[:5] == [
        "NODE  ONE",
        "a     11111",
        "b     -",
        "",
        "NODE  TWO",
    ]


def services(*, well: bool) -> list[NodeServices]:
    names = ("apid", "containerd", "cri", "etcd", "kubelet", "machined", "trustd", "udevd")
    since = timedelta(hours=79, minutes=7)
    fine = {
        name: ServiceState(id=name, state="Running", health="OK", event="Health check successful", since=since)
        for name in names
    }
    sick = fine | {
        "etcd": ServiceState(
            id="etcd",
            state="Running",
            health="Fail",
            event="Health check failed: etcdserver: rpc not supported for learner, and some more words about it",
            since=timedelta(seconds=44),
        )
    }
    del sick["trustd"]
    states: list[tuple[str, tuple[ServiceState, ...] | Unknown]] = [("cp-1", tuple(fine.values()))]
    if not well:
        states += [("cp-2", tuple(sick.values())), ("cp-3", REFUSED)]
    return [
        NodeServices(hostname=hostname, role=Role.CONTROL_PLANE, address=f"10.0.0.1{number + 1}", states=state)
        for number, (hostname, state) in enumerate(states)
    ]


def test_services_that_are_not_well_stand_out(golden: Golden) -> None:
    text = show_services(services(well=False))
    assert max(map(len, text.splitlines())) <= 80
    golden("services-80.txt", text + "\n")
    golden("services.json", json.dumps(services_to_json(services(well=False)), indent=2) + "\n")
    assert show_services(services(well=True)).endswith("All well: 8 services on 1 node.")
