"""What is wrong with etcd, in words, each with what to type about it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from talops.domain.etcd_status import MemberRow, Quorum
from talops.domain.health import Trouble, Urgency
from talops.domain.talos import EtcdView, Member, MemberStatus, Unknown, most_telling
from talops.domain.words import count
from talops.gates.etcd import APPLIED_LAG, INDEX_LAG
from talops.gates.findings import few

RECOVER = "talops etcd recover"
LOOK_AGAIN = "talops etcd status   # again in a minute: it may be passing"
_WAIT = f"talops etcd status   # again in a minute; where nothing moves: {RECOVER}"
_ROLES = "talosctl config info   # its roles"
_NOBODY = "talosctl config info   # is this the right talosconfig, and is the network up?"
_MEANINGS = {
    "NOSPACE": "its file is full, so etcd takes no writes",
    "CORRUPT": "its data is not the others'",
}
_WORTH_DEFRAGMENTING = 100_000_000
"""Bytes below which the free pages of a file matter to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is to judge."""

    rows: tuple[MemberRow, ...]
    views: tuple[EtcdView, ...]
    members: tuple[Member, ...]
    quorum: Quorum

    @property
    def statuses(self) -> dict[str, MemberStatus]:
        """By hostname."""
        return {view.hostname: view.status for view in self.views if isinstance(view.status, MemberStatus)}

    def called(self, id: str) -> str:
        """The node, or the name, of the member with this ID."""
        return next((row.label for row in self.rows if row.id == id), id)


def troubles(seen: Seen) -> tuple[Trouble, ...]:
    """Worst first."""
    gaps = [view.status for view in seen.views if isinstance(view.status, Unknown)]
    if len(gaps) == len(seen.views) and all(isinstance(view.members, Unknown) for view in seen.views):
        return (_nobody(gaps),)
    found = [
        *_quorum(seen),
        *_silent(seen),
        *_alarms(seen),
        *_lists(seen),
        *_membership(seen),
        *_agreement(seen),
        *_lag(seen),
        *_gaps(seen),
        *_files(seen),
    ]
    order = list(Urgency)
    return tuple(sorted(found, key=lambda trouble: order.index(trouble.urgency)))


def _wrong(about: str, what: str, next: str = RECOVER) -> Trouble:
    return Trouble(urgency=Urgency.WRONG, about=about, what=what, next=next)


def _at_risk(about: str, what: str, next: str = LOOK_AGAIN) -> Trouble:
    return Trouble(urgency=Urgency.AT_RISK, about=about, what=what, next=next)


def _nobody(gaps: Sequence[Unknown]) -> Trouble:
    if not gaps:
        return _wrong("etcd", "the files name no control plane", "talops nodes")
    gap = most_telling(gaps)
    return _wrong("etcd", f"no control plane answers: {gap.reason}", _hint(gap, _NOBODY))


def _hint(gap: Unknown, otherwise: str) -> str:
    return gap.hint or (_ROLES if "not authorized" in gap.reason else otherwise)


def _quorum(seen: Seen) -> Iterator[Trouble]:
    if seen.quorum is Quorum.LOST:
        yield _wrong("etcd", "there is no quorum: it takes no writes, and the Kubernetes API is down")
    statuses = seen.statuses.values()
    if seen.quorum is Quorum.UNKNOWN and statuses:
        if any(status.leader.strip("0") for status in statuses):
            yield _at_risk(
                "etcd", "those that answer follow a leader, so there is a quorum; too few answer to prove it"
            )
        else:
            yield _wrong("etcd", "nobody sees a leader: an election is under way, or they do not reach each other")


def _silent(seen: Seen) -> Iterator[Trouble]:
    for view, row in zip(seen.views, seen.rows, strict=False):
        if isinstance(view.status, Unknown):
            whose = "" if row.id or not seen.members else "; no member is known to be its"
            if row.name not in {"", row.hostname}:
                whose = f"; the member at its address is called {row.name}"
            yield _wrong(row.label, f"etcd does not answer{whose}", _hint(view.status, RECOVER))


def _alarms(seen: Seen) -> Iterator[Trouble]:
    for row in seen.rows:
        for kind in row.alarms or ():
            yield _wrong(row.label, f"alarm {kind}" + (f": {_MEANINGS[kind]}" if kind in _MEANINGS else ""))


def _lists(seen: Seen) -> Iterator[Trouble]:
    """Who sees other members than the rest, and which."""
    whole = {member.id for member in seen.members}
    for view in seen.views:
        if not isinstance(view.members, tuple):
            continue
        own = {member.id: member.hostname for member in view.members}
        more = [f"it sees {own[id] or id}, which the others do not" for id in sorted(own.keys() - whole)]
        fewer = [f"it does not see {seen.called(id)}" for id in sorted(whole - own.keys())]
        if more or fewer:
            yield _wrong(view.hostname, f"its list of members is another one: {'; '.join((*fewer, *more))}")


def _membership(seen: Seen) -> Iterator[Trouble]:
    hosts = {row.hostname for row in seen.rows if row.hostname}
    ids = {member.id for member in seen.members}
    claimed: dict[str, str] = {}
    for row in seen.rows:
        if row.status is not None and seen.members and row.id not in ids:
            yield _wrong(row.label, f"it is member {row.id}, which is not among the members")
        elif row.hostname and row.status is not None and row.id in claimed:
            yield _wrong(row.label, f"it says that it is the same member as {claimed[row.id]}: {row.id}")
        elif row.learner:
            yield _at_risk(row.label, "a learner: it has no vote until it has caught up", _WAIT)
        elif not row.hostname and row.name in hosts:
            yield _wrong(row.label, f"member {row.id} has its name and is another one: left from before, and a voter")
        elif not row.hostname and row.name:
            where = few(row.peer_urls) or "at no address"
            what = f"member {row.id} ({where}) is no control plane of the files: it counts, and nobody asks it"
            yield _at_risk(row.label, what, "talops etcd members")
        elif not row.hostname:
            yield _wrong("etcd", f"member {row.id} ({few(row.peer_urls)}) was added and never started: it is a voter")
        if row.status is not None:
            claimed[row.id] = row.label
    voters = sum(not member.learner for member in seen.members)
    if voters > 2 and voters % 2 == 0:
        what = f"{voters} voters bear no more losses than {voters - 1}"
        yield Trouble(urgency=Urgency.TO_KNOW, about="etcd", what=what, next="talops etcd members")


def _agreement(seen: Seen) -> Iterator[Trouble]:
    followed: dict[str, list[str]] = {}
    terms: dict[int, list[str]] = {}
    for host, status in seen.statuses.items():
        followed.setdefault(status.leader if status.leader.strip("0") else "", []).append(host)
        terms.setdefault(status.raft_term, []).append(host)
    led = {leader: hosts for leader, hosts in followed.items() if leader}
    if led and "" in followed:
        yield _wrong(few(followed[""]), "sees no leader: cut off from the others")
    if len(led) > 1:
        words = "; ".join(f"{few(hosts)}: {seen.called(leader)}" for leader, hosts in led.items())
        yield _wrong("etcd", f"they do not agree on who leads: {words}", LOOK_AGAIN)
    elif len(terms) > 1:
        words = "; ".join(f"{few(hosts)}: {term}" for term, hosts in sorted(terms.items()))
        yield _at_risk("etcd", f"they are in different raft terms: {words}")
    for leader in led.keys() - {member.id for member in seen.members} if seen.members else ():
        yield _wrong("etcd", f"the leader {leader} is not among the members", LOOK_AGAIN)
    for host, status in seen.statuses.items():
        # alarms have been told, and so has a leader that is missing
        errors = [word for word in status.errors.split(", ") if word and "alarm:" not in word]
        if errors and status.leader.strip("0"):
            yield _wrong(host, f"it reports: {', '.join(errors)}", f"talops services {host}")


def _lag(seen: Seen) -> Iterator[Trouble]:
    for row in seen.rows:
        if row.behind is not None and row.behind > INDEX_LAG:
            yield _at_risk(row.label, f"{count(row.behind, 'entry', 'entries')} behind the furthest")
        if row.to_apply is not None and row.to_apply > APPLIED_LAG:
            yield _at_risk(row.label, f"{count(row.to_apply, 'entry', 'entries')} committed and not applied yet")


def _gaps(seen: Seen) -> Iterator[Trouble]:
    """What somebody who answers did not say."""
    for view in seen.views:
        status = view.status
        if isinstance(status, Unknown) or status.learner or not status.leader.strip("0"):
            # a learner answers neither question, nor does a member without a leader
            continue
        for part, what in ((view.members, "the members that it sees"), (view.alarms, "the alarms that it sees")):
            if isinstance(part, Unknown):
                yield _at_risk(view.hostname, f"{what} are not known: {part.reason}", _hint(part, LOOK_AGAIN))


def _files(seen: Seen) -> Iterator[Trouble]:
    for row in seen.rows:
        status = row.status
        if status is not None and status.db_bytes >= _WORTH_DEFRAGMENTING and 2 * status.in_use_bytes < status.db_bytes:
            what = "less than half of its file is in use"
            yield Trouble(urgency=Urgency.TO_KNOW, about=row.label, what=what, next="talops etcd defrag")
