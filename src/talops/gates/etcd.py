"""The etcd gate: every member is well in its own view, all views agree, and quorum outlives the loss of one."""

from collections import Counter
from collections.abc import Sequence

from talops.domain.cluster import Desired, Observed, Policy
from talops.domain.quorum import Membership, Peer, losses_borne
from talops.domain.talos import EtcdView, Member, MemberStatus, Unknown, most_telling
from talops.domain.verdict import Verdict
from talops.domain.words import count
from talops.gates.findings import Findings, disabled, few

GATE = "etcd"
NO_LEADER = "0" * 16
APPLIED_LAG = 100
"""Entries that a member has committed but not yet applied; etcd itself refuses requests far above that."""
INDEX_LAG = 1000
"""Entries that a member may be behind the furthest one: the views are taken some milliseconds apart."""
NOT_LED = "etcdserver: no leader"
FOR_VOTERS = "rpc not supported for learner"
"""What a learner answers to most questions."""
ACCEPTED = "etcd"
"""The word of `--accept-downtime` that gives up quorum where there is none to keep."""


def judge_etcd(observed: Observed, desired: Desired, policy: Policy, *, going: str = "") -> Verdict:
    """Open when all members are well and, if `going` is a control plane, quorum holds without it.

    Members that the files do not know count as voters and, since nobody asks them, never as healthy.
    """
    if not policy.etcd_gate.enabled:
        return disabled(GATE)
    found = Findings()
    views = _views_of_the_files(observed, desired, found)
    silent = [view.status for view in views if isinstance(view.status, Unknown) and view.members == view.status]
    if 1 < len(silent) == len(views):
        found.do_not_know("etcd does not answer on any control plane", most_telling(silent))
    else:
        for view in views:
            _look_at_member(view, found)
    members = _agreed_members(views, found)
    if members:
        _look_at_members(members, views, found)
        _look_at_agreement(views, members, found)
        if any(node.hostname == going for node in desired.control_planes):
            _prove_quorum(members, views, policy, going, found)
    return found.verdict(GATE, _well(members, views))


def _views_of_the_files(observed: Observed, desired: Desired, found: Findings) -> tuple[EtcdView, ...]:
    by_host = {view.hostname: view for view in observed.etcd}
    if not desired.control_planes:
        found.unknown.append("the files name no control plane")
    for node in desired.control_planes:
        if node.hostname not in by_host:
            found.unknown.append(f"{node.hostname} was not asked about etcd")
    return tuple(by_host[node.hostname] for node in desired.control_planes if node.hostname in by_host)


def _look_at_member(view: EtcdView, found: Findings) -> None:
    """What one member says about itself."""
    host = view.hostname
    gaps = [gap for gap in (view.status, view.members, view.alarms) if isinstance(gap, Unknown)]
    if isinstance(view.status, MemberStatus) and view.status.learner:
        # it tells nothing but its status, and that is how it should be
        gaps = [gap for gap in gaps if FOR_VOTERS not in gap.reason]
    if gaps:
        found.do_not_know(f"etcd on {host} does not answer", gaps[0])
        found.hopeless = found.hopeless or any(gap.forbidden for gap in gaps)
    if isinstance(view.members, tuple) and not view.members:
        found.unknown.append(f"{host} sees no etcd member at all")
    if isinstance(view.alarms, tuple) and view.alarms:
        found.shut.append(f"{host} sees an alarm: {few(map(str, view.alarms))}")
    if isinstance(view.status, Unknown):
        return
    found.shut.extend(f"{host} {fault}" for fault in faults_of(view.status))
    if view.status.raft_index - view.status.applied > APPLIED_LAG:
        found.shut.append(f"{host} has {view.status.raft_index - view.status.applied} entries still to apply")


def faults_of(status: MemberStatus) -> tuple[str, ...]:
    """What is wrong with a member by its own word, each to be read after its name."""
    faults = []
    if status.learner:
        faults.append("calls itself a learner")
    if not status.leader.strip("0"):
        faults.append("sees no leader")
    if errors := _own_errors(status):
        faults.append(f"reports errors: {errors}")
    return tuple(faults)


def _own_errors(status: MemberStatus) -> str:
    """Without what is said elsewhere: alarms, in the list of alarms, and that there is no leader."""
    errors = (error.strip() for error in status.errors.split(","))
    return ", ".join(error for error in errors if error and " alarm:" not in error and error != NOT_LED)


def _agreed_members(views: Sequence[EtcdView], found: Findings) -> tuple[Member, ...]:
    """The members, if every view that is known lists the same ones."""
    known = [(view.hostname, view.members) for view in views if isinstance(view.members, tuple) and view.members]
    if not known:
        return ()
    first_host, first = known[0]
    for host, members in known[1:]:
        if {member.id for member in members} != {member.id for member in first}:
            seen, others = ({member.hostname or member.id for member in view} for view in (first, members))
            found.shut.append(f"{first_host} and {host} see different members: {few(sorted(seen ^ others)) or 'by id'}")
            return ()
    return first


def _look_at_members(members: Sequence[Member], views: Sequence[EtcdView], found: Findings) -> None:
    listed = {member.id for member in members}
    own: dict[str, str] = {}
    for view in views:
        if isinstance(view.status, Unknown):
            continue
        if view.status.id not in listed:
            found.shut.append(f"{view.hostname} is not among the members of etcd")
        other = own.setdefault(view.status.id, view.hostname)
        if other != view.hostname:
            found.unknown.append(f"{view.hostname} and {other} say that they are the same etcd member")
    for member in members:
        name = member.hostname or member.id
        if member.learner:
            found.shut.append(f"{own.get(member.id, name)} is still a learner")
        elif not member.hostname:
            found.shut.append(f"member {member.id} was added and never started")
        elif member.id in own:
            continue
        elif not any(isinstance(view.status, Unknown) for view in views):
            found.notes.append(f"{name} is a member that the files do not know: counted, and not counted on")
        elif member.hostname not in {view.hostname for view in views}:
            found.shut.append(f"nobody answers for {name}, a member with the name of no control plane of the files")
    voters = len(voters_of(members))
    if voters > 2 and voters % 2 == 0:
        found.notes.append(f"{voters} voters bear no more losses than {voters - 1}")


def _look_at_agreement(views: Sequence[EtcdView], members: Sequence[Member], found: Findings) -> None:
    statuses = {view.hostname: view.status for view in views if isinstance(view.status, MemberStatus)}
    leaders = Counter(status.leader for status in statuses.values() if status.leader.strip("0"))
    if len(leaders) > 1:
        found.shut.append("the members do not agree on a leader")
    elif leaders and next(iter(leaders)) not in {member.id for member in members}:
        found.shut.append("the leader is not among the members")
    if len({status.raft_term for status in statuses.values()}) > 1:
        found.shut.append("the members are in different raft terms")
    furthest = max((status.raft_index for status in statuses.values()), default=0)
    for host, status in statuses.items():
        if furthest - status.raft_index > INDEX_LAG:
            found.shut.append(f"{host} is {furthest - status.raft_index} entries behind")


def _prove_quorum(
    members: Sequence[Member], views: Sequence[EtcdView], policy: Policy, going: str, found: Findings
) -> None:
    now = membership(members, views)
    voters, healthy = now.voters, now.healthy
    own = {view.status.id for view in views if view.hostname == going and isinstance(view.status, MemberStatus)}
    if now.losses_left >= 1 or own & {member.id for member in members if member.learner}:
        return
    if not losses_borne(voters) and ACCEPTED in policy.accept_downtime:
        found.notes.append(f"etcd will be down while {going} is: accepted with --accept-downtime etcd")
        return
    if not losses_borne(voters):
        # a learner may become the third voter; else waiting changes nothing
        found.hopeless = found.hopeless or not any(member.learner for member in members)
        found.shut.append(
            f"{count(voters, 'voter')}: without {going} there is no quorum (--accept-downtime etcd accepts the outage)"
        )
        return
    found.shut.append(
        f"{healthy} of {voters} voters are known to be healthy; without {going} that is {max(healthy - 1, 0)}, "
        f"and quorum needs {now.needs}"
    )


def membership(members: Sequence[Member], views: Sequence[EtcdView]) -> Membership:
    """These members as quorum counts them: healthy is who says so itself, each of whom was asked."""
    healthy = healthy_voters(members, views)
    return Membership.of(
        Peer(id=member.id, voter=not member.learner, started=bool(member.hostname), healthy=member.id in healthy)
        for member in members
    )


def voters_of(members: Sequence[Member]) -> frozenset[str]:
    return frozenset(member.id for member in members if not member.learner)


def healthy_voters(members: Sequence[Member], views: Sequence[EtcdView]) -> frozenset[str]:
    """The voters that say themselves that they are well. Who was not asked, or did not answer, is none of them."""
    voters = voters_of(members)
    well = {
        view.status.id
        for view in views
        if isinstance(view.status, MemberStatus)
        and view.alarms == ()
        and isinstance(view.members, tuple)
        and not faults_of(view.status)
    }
    return voters & well


def _well(members: Sequence[Member], views: Sequence[EtcdView]) -> str:
    leader = next(
        (v.hostname for v in views if isinstance(v.status, MemberStatus) and v.status.id == v.status.leader), ""
    )
    led = f", led by {leader}" if leader else ""
    now = membership(members, views)
    return f"{now.healthy} of {count(now.voters, 'voter')} healthy{led}"
