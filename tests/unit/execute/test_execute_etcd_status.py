"""What every control plane says about etcd, put together: rows, quorum now and without each, and what is wrong."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from builders import change_members, change_status, change_view, desired_cluster, healthy_observed, member_id
from talops.domain.cluster import Observed
from talops.domain.etcd_status import EtcdReport, Quorum
from talops.domain.health import Urgency
from talops.domain.talos import Alarm, EtcdView, Member, MemberStatus, ServiceState, Unknown
from talops.execute.etcd_status import etcd_report

DESIRED = desired_cluster()
HEALTHY = healthy_observed(DESIRED)
SILENT = Unknown("i/o timeout")
NO_LEADER = "0" * 16
Change = Callable[[Observed], Observed]


def report(observed: Observed) -> EtcdReport:
    return etcd_report(DESIRED, observed.etcd)


def silent(observed: Observed, *hostnames: str, service: ServiceState | Unknown = SILENT) -> Observed:
    for hostname in hostnames:
        observed = change_view(
            observed,
            hostname,
            lambda view: replace(view, members=SILENT, status=SILENT, alarms=SILENT, service=service),
        )
    return observed


def leaderless(observed: Observed) -> Observed:
    for view in observed.etcd:
        if isinstance(view.status, MemberStatus):
            observed = change_status(
                observed, view.hostname, lambda s: replace(s, leader=NO_LEADER, errors="etcdserver: no leader")
            )
    return observed


def joined(observed: Observed, *, id: str, hostname: str, address: str, learner: bool = False) -> Observed:
    member = Member(id=id, hostname=hostname, peer_urls=(f"https://{address}:2380",), learner=learner)
    return change_members(observed, lambda members: (*members, member))


def told(found: EtcdReport) -> list[str]:
    return [f"{trouble.about}: {trouble.what}" for trouble in found.troubles]


def test_three_healthy_members_bear_one_loss_whichever_it_is() -> None:
    found = report(HEALTHY)
    assert found.well
    assert found.troubles == ()
    assert (found.quorum, found.membership.healthy, found.membership.needs) == (Quorum.HOLDS, 3, 2)
    assert [(one.label, one.healthy, one.stays, one.leads) for one in found.without] == [
        ("cp-1", 2, True, True),
        ("cp-2", 2, True, False),
        ("cp-3", 2, True, False),
    ]
    assert [(row.id, row.leads, row.behind, row.to_apply, row.sees, row.agrees) for row in found.rows] == [
        (member_id(number), number == 0, 0, 0, 3, True) for number in range(3)
    ]


def test_a_dead_node_is_a_row_with_its_member_and_its_reason_and_nobody_else_may_go() -> None:
    found = report(silent(HEALTHY, "cp-2"))
    row = found.rows[1]
    assert (row.id, row.name, row.status, row.silence, row.healthy) == (
        member_id(1),
        "cp-2",
        None,
        "i/o timeout",
        False,
    )
    assert found.quorum is Quorum.HOLDS
    assert [(one.label, one.stays) for one in found.without] == [("cp-1", False), ("cp-2", True), ("cp-3", False)]
    assert told(found) == ["cp-2: etcd does not answer"]
    assert found.troubles[0].next == "talops etcd recover"


def test_where_talos_answers_it_says_how_etcd_is_there() -> None:
    preparing = ServiceState(id="etcd", state="Preparing", health="?", event="Running pre state")
    assert report(silent(HEALTHY, "cp-2", service=preparing)).rows[1].silence == (
        "its service is Preparing: Running pre state"
    )
    running = ServiceState(id="etcd", state="Running", health="OK")
    assert report(silent(HEALTHY, "cp-2", service=running)).rows[1].silence == "i/o timeout, although its service runs"


def test_a_member_that_follows_a_leader_proves_a_quorum_that_cannot_be_counted() -> None:
    found = report(silent(HEALTHY, "cp-2", "cp-3"))
    assert (found.quorum, found.membership.healthy) == (Quorum.UNKNOWN, 1)
    assert "etcd: those that answer follow a leader, so there is a quorum; too few answer to prove it" in told(found)
    assert not found.well


def test_a_lost_quorum_is_the_first_that_is_said() -> None:
    found = report(leaderless(silent(HEALTHY, "cp-2", "cp-3")))
    assert (found.quorum, found.membership.healthy) == (Quorum.LOST, 1)
    assert told(found)[0] == "etcd: there is no quorum: it takes no writes, and the Kubernetes API is down"
    assert not any("no leader" in words for words in told(found))


def test_without_a_quorum_nobody_lists_the_members_and_the_files_are_counted() -> None:
    lost = leaderless(silent(HEALTHY, "cp-2", "cp-3"))
    no_leader = Unknown("Unknown: etcdserver: no leader")
    found = report(view(lost, "cp-1", members=no_leader, alarms=no_leader))
    assert not found.listed
    assert (found.quorum, found.membership.healthy, found.membership.voters) == (Quorum.LOST, 1, 3)
    assert told(found) == [
        "etcd: there is no quorum: it takes no writes, and the Kubernetes API is down",
        "cp-2: etcd does not answer",
        "cp-3: etcd does not answer",
    ]


def test_an_election_is_not_a_lost_quorum() -> None:
    found = report(leaderless(HEALTHY))
    assert (found.quorum, found.membership.healthy) == (Quorum.UNKNOWN, 3)
    assert "nobody sees a leader" in told(found)[0]


def test_when_nobody_answers_that_is_said_once_with_what_to_type() -> None:
    found = report(silent(HEALTHY, "cp-1", "cp-2", "cp-3"))
    assert not found.answered
    assert told(found) == ["etcd: no control plane answers: i/o timeout"]
    assert found.troubles[0].next.startswith("talosctl config info")
    assert (found.quorum, found.without) == (Quorum.UNKNOWN, ())


def view(observed: Observed, hostname: str, **changes: object) -> Observed:
    return change_view(observed, hostname, lambda one: replace(one, **changes))  # type: ignore[arg-type]  # as given


def shorter(observed: Observed) -> Observed:
    def without_the_last(one: EtcdView) -> EtcdView:
        assert isinstance(one.members, tuple)
        return replace(one, members=one.members[:-1])

    return change_view(observed, "cp-2", without_the_last)


@pytest.mark.parametrize(
    ("change", "urgency", "words"),
    [
        (shorter, Urgency.WRONG, "cp-2: its list of members is another one: it does not see cp-3"),
        (
            lambda o: joined(o, id="aa".rjust(16, "0"), hostname="old-cp", address="10.9.9.9"),
            Urgency.AT_RISK,
            "old-cp: member 00000000000000aa (https://10.9.9.9:2380) is no control plane of the files: "
            "it counts, and nobody asks it",
        ),
        (
            lambda o: joined(o, id="aa".rjust(16, "0"), hostname="", address="10.9.9.9"),
            Urgency.WRONG,
            "etcd: member 00000000000000aa (https://10.9.9.9:2380) was added and never started: it is a voter",
        ),
        (
            lambda o: joined(o, id="aa".rjust(16, "0"), hostname="cp-2", address="10.0.0.12"),
            Urgency.WRONG,
            "cp-2: member 00000000000000aa has its name and is another one: left from before, and a voter",
        ),
        (
            lambda o: change_status(o, "cp-2", lambda s: replace(s, id="bb".rjust(16, "0"))),
            Urgency.WRONG,
            "cp-2: it is member 00000000000000bb, which is not among the members",
        ),
        (
            lambda o: change_status(o, "cp-2", lambda s: replace(s, id=member_id(0))),
            Urgency.WRONG,
            "cp-2: it says that it is the same member as cp-1: 0000000000000001",
        ),
        (
            lambda o: change_status(o, "cp-2", lambda s: replace(s, learner=True)),
            Urgency.AT_RISK,
            "cp-2: a learner: it has no vote until it has caught up",
        ),
        (
            lambda o: change_status(o, "cp-2", lambda s: replace(s, raft_index=1000, applied=1000)),
            Urgency.AT_RISK,
            "cp-2: 4000 entries behind the furthest",
        ),
        (
            lambda o: change_status(o, "cp-2", lambda s: replace(s, applied=4000)),
            Urgency.AT_RISK,
            "cp-2: 1000 entries committed and not applied yet",
        ),
        (
            lambda o: change_status(o, "cp-2", lambda s: replace(s, leader=member_id(1))),
            Urgency.WRONG,
            "etcd: they do not agree on who leads: cp-1, cp-3: cp-1; cp-2: cp-2",
        ),
        (
            lambda o: change_status(o, "cp-2", lambda s: replace(s, leader=NO_LEADER)),
            Urgency.WRONG,
            "cp-2: sees no leader: cut off from the others",
        ),
        (
            lambda o: change_status(o, "cp-2", lambda s: replace(s, raft_term=8)),
            Urgency.AT_RISK,
            "etcd: they are in different raft terms: cp-1, cp-3: 7; cp-2: 8",
        ),
        (
            lambda o: change_status(o, "cp-2", lambda s: replace(s, errors="etcdserver: unhealthy")),
            Urgency.WRONG,
            "cp-2: it reports: etcdserver: unhealthy",
        ),
        (
            lambda o: view(o, "cp-2", alarms=(Alarm(kind="NOSPACE", member=member_id(2)),)),
            Urgency.WRONG,
            "cp-3: alarm NOSPACE: its file is full, so etcd takes no writes",
        ),
        (
            lambda o: view(o, "cp-2", alarms=SILENT),
            Urgency.AT_RISK,
            "cp-2: the alarms that it sees are not known: i/o timeout",
        ),
        (
            lambda o: change_status(o, "cp-2", lambda s: replace(s, db_bytes=900_000_000, in_use_bytes=300_000_000)),
            Urgency.TO_KNOW,
            "cp-2: less than half of its file is in use",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(change: Change, urgency: Urgency, words: str) -> None:
    found = report(change(HEALTHY))
    (trouble,) = [one for one in found.troubles if f"{one.about}: {one.what}" == words]
    assert trouble.urgency is urgency
    assert found.well is (urgency is Urgency.TO_KNOW)


def test_an_alarm_of_nospace_takes_no_vote_and_corrupt_data_does() -> None:
    full = Alarm(kind="NOSPACE", member=member_id(1))
    corrupt = Alarm(kind="CORRUPT", member=member_id(1))
    alarmed = change_status(view(HEALTHY, "cp-2", alarms=(full,)), "cp-2", lambda s: replace(s, errors="alarm:NOSPACE"))
    assert report(alarmed).membership.healthy == 3
    assert not any("it reports" in words for words in told(report(alarmed)))
    assert report(view(HEALTHY, "cp-2", alarms=(corrupt,))).membership.healthy == 2


def test_the_leaders_list_of_members_is_the_list() -> None:
    def alone(one: EtcdView) -> EtcdView:
        assert isinstance(one.members, tuple)
        return replace(one, members=one.members[:1])

    outvoted = change_view(change_view(HEALTHY, "cp-2", alone), "cp-3", alone)
    assert report(outvoted).membership.voters == 3
    found = report(silent(outvoted, "cp-1"))
    assert (found.membership.voters, found.rows[0].id) == (1, member_id(0))


def test_a_replacement_that_cannot_join_stands_beside_the_dead_member_of_its_name() -> None:
    waiting = ServiceState(id="etcd", state="Preparing", health="?", event="Running pre state")
    found = report(silent(HEALTHY, "cp-3", service=waiting))
    assert (found.rows[2].id, found.rows[2].silence) == (member_id(2), "its service is Preparing: Running pre state")
    assert found.troubles[0].next == "talops etcd recover"


def test_a_dead_member_at_the_address_of_its_replacement_is_named() -> None:
    def renamed(members: tuple[Member, ...]) -> tuple[Member, ...]:
        return (*members[:2], replace(members[2], hostname="cp-3-old"))

    found = report(change_members(silent(HEALTHY, "cp-3"), renamed))
    assert told(found) == ["cp-3: etcd does not answer; the member at its address is called cp-3-old"]


def test_a_control_plane_without_a_member_says_so() -> None:
    removed = change_members(silent(HEALTHY, "cp-3"), lambda members: members[:2])
    assert told(report(removed)) == ["cp-3: etcd does not answer; no member is known to be its"]


def test_an_even_number_of_voters_is_worth_a_word() -> None:
    desired = desired_cluster(control_planes=4)
    found = etcd_report(desired, healthy_observed(desired).etcd)
    assert told(found) == ["etcd: 4 voters bear no more losses than 3"]
    assert found.well
