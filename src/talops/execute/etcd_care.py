"""`talops etcd forfeit-leadership`, `etcd alarms --disarm` and `etcd defrag`: one member at a time, each proven."""

from collections.abc import Sequence
from datetime import timedelta

from talops.domain.event import Step
from talops.domain.plan import Refusal
from talops.domain.process import Result
from talops.domain.standing import Seat, Standing
from talops.domain.words import count, size
from talops.errors import Exit, ToolFailed
from talops.execute.etcd import Confirm, EtcdRun
from talops.execute.etcd_quota import quota_bytes
from talops.execute.etcd_words import Said, must_be_allowed
from talops.plan.etcd_care import (
    defragment_refusals,
    disarm_refusals,
    forfeit_refusals,
    next_to_defragment,
)
from talops.plan.etcd_removal import Gone, in_flight, member_meant

ELECTED_WITHIN = timedelta(seconds=20)
REFUSED_WITHIN = timedelta(seconds=6)
"""After that, what talosctl failed to do is not going to happen any more."""
DISARMED_WITHIN = timedelta(seconds=20)
"""Besides the time for which no alarm may come back."""
OUTAGE = "etcd"
LOOK = "talops etcd status"


def forfeit(run: EtcdRun, word: str, confirm: Confirm) -> Said:
    """Another member leads afterwards, and all agree on it."""
    found = run.look()
    seat = member_meant(word, found, run.session.desired)
    if isinstance(seat, Gone):
        return Said(what=f"Nothing to do: {seat.what}.")
    leads = found.leads
    if seat.id != found.leader and leads is not None:
        return Said(what=f"Nothing to do: {seat.name} does not lead etcd, {leads.name} does.")
    if leads is None:
        raise ToolFailed("who leads etcd is not known: no two members that are well agree on it", hint=LOOK)
    must_be_allowed(forfeit_refusals(seat, found))
    if not run.ask(confirm, f"{seat.name} leads etcd. Let it hand over to another member?"):
        return Said(what=f"Not confirmed; {seat.name} still leads.", hint=run.session.again, exit=Exit.STOPPED)
    run.hold(found)
    found = run.look()
    if found.leader != seat.id:
        return Said(what=f"Nothing to do any more: meanwhile {seat.name} has lost its leadership.")
    must_be_allowed(forfeit_refusals(seat, found))
    words = "asking it to hand over its leadership"
    with run.on_node(seat.name):
        result = run.change(
            seat, lambda talosctl: talosctl.etcd_forfeit_leadership(seat.address), Step.HAND_OVER, words
        )
        after = run.wait_until(
            lambda now, _: _another_leads(seat, now, result),
            seat.name,
            Step.VERIFY,
            within=ELECTED_WITHIN if result.ok else REFUSED_WITHIN,
            hint=LOOK,
        )
    leader = after.leads
    return Said(what=f"{leader.name if leader else 'Another member'} leads etcd now, in place of {seat.name}.")


def _another_leads(seat: Seat, now: Standing, result: Result) -> str:
    said = "" if result.ok else f" (talosctl said: {result.complaint()})"
    if now.leads is None:
        return f"a leader that all members agree on{said}"
    return f"another leader than {seat.name}{said}" if now.leader == seat.id else ""


def disarm(run: EtcdRun, confirm: Confirm) -> Said:
    """Only when what raised the alarm is over."""
    found = run.look()
    if not found.alarms:
        return Said(what="Nothing to do: no member has an alarm.")
    quota = quota_bytes(run.session, found)
    must_be_allowed(disarm_refusals(found, quota))
    raised = ", ".join(_alarm_words(found))
    run.session.note(f"raised: {raised}")
    if not run.ask(confirm, f"Disarm {count(len(found.alarms), 'alarm')} ({raised})?"):
        return Said(what="Not confirmed; the alarms stay.", hint=run.session.again, exit=Exit.STOPPED)
    run.hold(found)
    found = run.look()
    must_be_allowed(disarm_refusals(found, quota))
    asked = next(iter(found.speakers), None)
    if asked is None:
        raise ToolFailed("no member is well enough to be asked", hint="talops etcd recover")
    result = run.change(
        asked, lambda talosctl: talosctl.etcd_alarm_disarm(asked.address), Step.DISARM, f"asking {asked.name} to disarm"
    )
    quiet_since: list[float] = []
    run.wait_until(
        lambda now, _: _quiet(run, now, result, quiet_since),
        asked.name,
        Step.VERIFY,
        within=DISARMED_WITHIN + run.session.policy.stable_window,
        hint=LOOK,
    )
    return Said(what=f"No member has an alarm any more: {raised} was disarmed.")


def _alarm_words(found: Standing) -> list[str]:
    named = [(alarm.kind, found.of_id(alarm.member)) for alarm in found.alarms]
    return [f"{kind} on {seat.name if seat else 'a member that is gone'}" for kind, seat in named]


def _quiet(run: EtcdRun, now: Standing, result: Result, since: list[float]) -> str:
    if now.alarms:
        since.clear()
        said = "" if result.ok else f" (talosctl said: {result.complaint()})"
        return f"{', '.join(_alarm_words(now))} to go{said}"
    # the next write would raise it again, and Kubernetes writes all the time
    since.append(run.session.now())
    stays = run.session.policy.stable_window.total_seconds()
    return "" if since[-1] - since[0] >= stays else "no alarm to come back"


def defragment(run: EtcdRun, words: Sequence[str], confirm: Confirm) -> Said:
    """One member after the other, the leader last, and all of them well in between. Stops at the first failure."""
    found = run.look()
    seats = _chosen(run, words, found)
    if not seats:
        return Said(what="Nothing to do: none of these is a member of etcd.")
    must_be_allowed(_refusals(run, seats, found))
    run.session.note(f"to be defragmented, the leader last: {', '.join(map(_with_size, seats))}")
    one_by_one = ", one at a time" if len(seats) > 1 else ""
    if not run.ask(confirm, f"Defragment {count(len(seats), 'member')}{one_by_one}? Each answers nobody meanwhile."):
        return Said(what="Not confirmed; nothing was done.", hint=run.session.again, exit=Exit.STOPPED)
    run.hold(found)
    run.left, run.counted = [seat.name for seat in seats], True
    todo, told = {seat.id for seat in seats}, []
    found = run.look()
    while (seat := next_to_defragment(found, todo)) is not None:
        must_be_allowed(_refusals(run, [seat], found))
        with run.on_node(seat.name):
            found = _defragment(run, seat)
        todo.discard(seat.id)
        run.done.append(seat.name)
        run.left.remove(seat.name)
        told.append(f"{seat.name} {_size(seat)} to {_size(found.of_id(seat.id) or seat)}")
    return Said(what=f"Defragmented, and every member is well: {', '.join(told)}.")


def _chosen(run: EtcdRun, words: Sequence[str], found: Standing) -> list[Seat]:
    """Those that were named, or every member that can be. Raises UsageError."""
    if not words:
        return sorted((seat for seat in found.seats if seat.status), key=lambda seat: seat.id == found.leader)
    meant = [member_meant(word, found, run.session.desired) for word in words]
    seats = {seat.id: seat for seat in meant if isinstance(seat, Seat)}
    return sorted(seats.values(), key=lambda seat: seat.id == found.leader)


def _refusals(run: EtcdRun, seats: Sequence[Seat], found: Standing) -> tuple[Refusal, ...]:
    accepted = OUTAGE in run.session.policy.accept_downtime
    down = in_flight(run.kube_nodes())
    return (*down, *defragment_refusals(seats, found, accepted=accepted, command=run.session.again))


def _defragment(run: EtcdRun, seat: Seat) -> Standing:
    """How all of them are afterwards: well, and just seen to be."""
    session = run.session
    words = f"its database of {_size(seat)} to be written anew"
    result = run.change(seat, lambda talosctl: talosctl.etcd_defrag(seat.address), Step.DEFRAGMENT, words)
    if not result.ok:
        session.note(f"talosctl said: {result.complaint()}", hostname=seat.name, warning=True)
    after = run.wait_until(
        lambda now, _: _back(seat, now), seat.name, Step.VERIFY, within=session.policy.etcd_gate.timeout, hint=LOOK
    )
    if not result.ok:
        what = f"{seat.name} was not defragmented, and is well: {result.complaint()}"
        raise ToolFailed(what, hint=f"talosctl -n {seat.address} logs etcd | tail -50")
    return after


def _back(seat: Seat, now: Standing) -> str:
    """What is still missing before the next one may go."""
    own = now.of_id(seat.id)
    if own is None:
        return f"{seat.name} to be a member again"
    if not own.well:
        return f"{seat.name}, which {own.condition.value}: {own.why}"
    if not now.up_to_date(own):
        return f"{seat.name} to catch up"
    return next(iter(now.doubts), "")


def _with_size(seat: Seat) -> str:
    status = seat.status
    free = f" ({size(status.in_use_bytes)} in use)" if status and status.in_use_bytes else ""
    return f"{seat.name} {_size(seat)}{free}"


def _size(seat: Seat) -> str:
    return size(seat.status.db_bytes) if seat.status and seat.status.db_bytes else "of unknown size"
