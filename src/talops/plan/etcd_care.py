"""Leadership, defragmentation and alarms: whose turn it is, and what forbids it. Pure."""

from collections.abc import Collection, Sequence

from talops.domain.plan import Refusal
from talops.domain.standing import Seat, Standing
from talops.domain.words import count, size

FAIL_CLOSED, QUORUM = 2, 4
NOSPACE, CORRUPT = "NOSPACE", "CORRUPT"
DEFAULT_QUOTA = 2 * 1024**3
"""Bytes of a database at which etcd raises NOSPACE, unless it is told another number. Source: its documentation."""
FULL = 0.95
"""Of the quota: so full may a database be at most. talosctl prints two digits of its size: 2.1 GB may be over 2 GiB."""


def forfeit_refusals(seat: Seat, standing: Standing) -> tuple[Refusal, ...]:
    """Why this leader cannot hand over."""
    others = [one for one in standing.speakers if one.id != seat.id and standing.up_to_date(one)]
    found = [_doubt(doubt) for doubt in standing.doubts]
    if not others:
        what = "no other voter is well and up to date: nobody could take over"
        found.append(Refusal(law=QUORUM, hostname=seat.name, what=what, hint="talops etcd status"))
    return tuple(found)


def next_to_defragment(standing: Standing, todo: Collection[str]) -> Seat | None:
    """Of the members with these IDs. The leader comes last, whoever that is by then."""
    left = [seat for seat in standing.seats if seat.id in todo]
    return min(left, key=lambda seat: seat.id == standing.leader, default=None)


def defragment_refusals(
    seats: Sequence[Seat], standing: Standing, *, accepted: bool, command: str
) -> tuple[Refusal, ...]:
    """A member answers nobody while it is defragmented. `accepted`: an outage is, of etcd with one or two voters."""
    found = [_doubt(doubt) for doubt in standing.doubts]
    for seat in seats:
        if not seat.well:
            what = f"it {seat.condition.value}" + (f": {seat.why}" if seat.why else "")
            found.append(Refusal(law=FAIL_CLOSED, hostname=seat.name, what=what, hint="talops etcd recover"))
    membership = standing.membership
    voters = [seat for seat in seats if seat.well and seat.voter]
    if found or not voters or membership.lost(voters[0].id).quorate:
        return tuple(found)
    if membership.voters <= 2 and membership.quorate:
        what = f"etcd has {count(membership.voters, 'voter')}: while one is defragmented there is no quorum"
        hint = f"when that outage of seconds is acceptable: {command} --accept-downtime etcd"
        return () if accepted else (Refusal(law=QUORUM, hostname="", what=what, hint=hint),)
    what = (
        f"{membership.healthy} of {membership.voters} voters are healthy, and quorum needs {membership.needs}: with "
        "one of them away there would be none"
    )
    return (Refusal(law=QUORUM, hostname="", what=what, hint="talops etcd recover"),)


def disarm_refusals(standing: Standing, quota_bytes: int) -> tuple[Refusal, ...]:
    """Why the alarms would come back at once, or must not go."""
    found = [_doubt(doubt) for doubt in standing.doubts]
    bad = (alarm for alarm in standing.alarms if alarm.kind != NOSPACE)
    found += [_not_to_be_disarmed(alarm.kind, standing.of_id(alarm.member), alarm.member) for alarm in bad]
    for seat in standing.seats:
        found += _still_full(seat, quota_bytes)
    return tuple(found)


def _not_to_be_disarmed(kind: str, seat: Seat | None, member: str) -> Refusal:
    name = seat.name if seat else member
    return Refusal(
        law=FAIL_CLOSED,
        hostname=name,
        what=f"its alarm is {kind}: its data is not what the others have, and disarming mends nothing",
        hint="talops etcd recover   # how its data is replaced",
    )


def _still_full(seat: Seat, quota_bytes: int) -> list[Refusal]:
    status = seat.status
    if status is None or not status.db_bytes:
        if not seat.well:
            # a dead member writes nothing, and raises no alarm
            return []
        what = "how large its database is cannot be seen"
        return [Refusal(law=FAIL_CLOSED, hostname=seat.name, what=what, hint="talops etcd status")]
    if status.db_bytes < quota_bytes * FULL:
        return []
    what = (
        f"its database takes {size(status.db_bytes)} ({size(status.in_use_bytes)} in use) of a quota of "
        f"{size(quota_bytes)}: the alarm would be back with the next write"
    )
    if status.in_use_bytes < quota_bytes * FULL:
        hint = "talops etcd defrag   # gives free space back; then disarm"
    else:
        hint = "too much is in use: delete what is not needed, wait 5 minutes for compaction, then: talops etcd defrag"
    return [Refusal(law=FAIL_CLOSED, hostname=seat.name, what=what, hint=hint)]


def _doubt(doubt: str) -> Refusal:
    return Refusal(law=FAIL_CLOSED, hostname="", what=doubt, hint="talops etcd status   # what each of them sees")
