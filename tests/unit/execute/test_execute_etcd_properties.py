"""Whatever control planes say about etcd, it can be told, and it is never called healthy without a quorum."""

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from builders import desired_cluster, healthy_etcd, member_id
from talops.domain.etcd_status import Quorum
from talops.domain.talos import Alarm, EtcdView, Member, MemberStatus, ServiceState, Unknown
from talops.execute.etcd_status import etcd_report
from talops.ui.show_etcd import show_alarms, show_etcd, show_members
from talops.ui.show_etcd_json import alarms_to_json, etcd_to_json, members_to_json

DESIRED = desired_cluster()
GAPS = st.sampled_from([Unknown("i/o timeout"), Unknown("not authorized"), Unknown("Unknown: etcdserver: no leader")])
IDS = st.sampled_from([member_id(number) for number in range(5)])
MEMBERS = st.lists(
    st.builds(
        Member,
        id=IDS,
        hostname=st.sampled_from(["cp-1", "cp-2", "cp-3", "other", ""]),
        peer_urls=st.sampled_from([(), ("https://10.1.0.1:2380",), ("https://[fd00::1]:2380", "nonsense")]),
        learner=st.booleans(),
    ),
    max_size=5,
    unique_by=lambda member: member.id,
).map(tuple)
STATUSES = st.builds(
    MemberStatus,
    id=IDS,
    leader=st.one_of(IDS, st.just("0" * 16)),
    raft_index=st.integers(0, 10_000),
    raft_term=st.integers(0, 3),
    applied=st.integers(0, 10_000),
    learner=st.booleans(),
    errors=st.sampled_from(["", "etcdserver: no leader", "memberID:1 alarm:NOSPACE "]),
    db_bytes=st.integers(0, 10**10),
    in_use_bytes=st.integers(0, 10**10),
)
ALARMS = st.lists(st.builds(Alarm, kind=st.sampled_from(["NOSPACE", "CORRUPT", "NEW"]), member=IDS), max_size=2)
SERVICES = st.builds(
    ServiceState, id=st.just("etcd"), state=st.sampled_from(["Running", "Waiting"]), health=st.just("?")
)


HEALTHY = healthy_etcd(DESIRED, "cp-1")
CHANGES = st.one_of(
    st.tuples(st.just("members"), st.one_of(MEMBERS, GAPS)),
    st.tuples(st.just("status"), st.one_of(STATUSES, GAPS)),
    st.tuples(st.just("alarms"), st.one_of(ALARMS.map(tuple), GAPS)),
    st.tuples(st.just("service"), st.one_of(SERVICES, GAPS)),
)


@st.composite
def views(draw: st.DrawFn) -> list[EtcdView]:
    """A healthy etcd of which some say something else."""
    changes = draw(st.lists(st.tuples(st.integers(0, 2), CHANGES), max_size=6))
    found = list(HEALTHY)
    for number, (part, value) in changes:
        found[number] = replace(found[number], **{part: value})  # type: ignore[arg-type]  # each of its own kind
    return found


@given(views())
@settings(max_examples=150)
def test_it_can_always_be_told_and_only_a_quorum_is_healthy(seen: list[EtcdView]) -> None:
    report = etcd_report(DESIRED, seen)
    for text in (show_etcd(report), show_members(report), show_alarms(report), show_etcd(report, width=40)):
        assert text.strip()
    for found in (etcd_to_json(report), members_to_json(report), alarms_to_json(report)):
        json.dumps(found)
    assert [row.hostname for row in report.rows[:3]] == ["cp-1", "cp-2", "cp-3"]
    if report.well:
        assert report.answered
        assert report.quorum is Quorum.HOLDS
        assert report.membership.healthy == report.membership.voters
    for trouble in report.troubles:
        assert trouble.what
        assert trouble.next
