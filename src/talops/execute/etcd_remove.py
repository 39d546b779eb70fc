"""`talops etcd remove-member`: a dead member is taken out, once it is proven that etcd can do without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from talops.domain.event import Step
from talops.domain.process import Result
from talops.domain.standing import Condition, Seat, Standing
from talops.domain.talos import EtcdView, MemberStatus
from talops.errors import Exit
from talops.execute.etcd import Confirm, EtcdRun
from talops.execute.etcd_snapshot import take
from talops.execute.etcd_words import Said, must_be_allowed
from talops.execute.snapshotfile import SnapshotFile
from talops.plan.etcd_removal import Gone, Removal, in_flight, member_meant, one_line, removal

GONE_WITHIN = timedelta(seconds=45)
REFUSED_WITHIN = timedelta(seconds=6)
"""After that, what talosctl failed to do is not going to happen any more."""
LOOK = "talops etcd members"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """`seat` is no member any more. `after` is how etcd is without it."""

    seat: Seat
    after: Standing


def remove_member(run: EtcdRun, word: str, file: SnapshotFile, confirm: Confirm) -> Said:
    """The whole command."""
    found = run.look()
    meant = member_meant(word, found, run.session.desired)
    if isinstance(meant, Gone):
        return Said(what=f"Nothing to do: {meant.what}.")
    removed = take_out(run, meant, found, file, confirm)
    if removed is None:
        return Said(what=f"Not confirmed; {meant.name} was left a member.", hint=run.session.again, exit=Exit.STOPPED)
    return Said(what=f"{how_it_is(removed)} {run.kept}", hint="talops etcd recover   # watches a replacement join")


def how_it_is(removed: Removed) -> str:
    membership = removed.after.membership
    return (
        f"The member {removed.seat.id} ({removed.seat.name}) was removed: {membership.healthy} of {membership.voters} "
        f"voters are healthy, and every one of them says so."
    )


def take_out(run: EtcdRun, seat: Seat, found: Standing, file: SnapshotFile, confirm: Confirm) -> Removed | None:
    """Show it, ask, save, prove it all again, and remove it. None when the answer was no.

    Raises Refused, Locked, ToolFailed, Unreachable.
    """
    session = run.session
    _show(run, seat)
    going = _allowed(run, seat, found)
    if seat.condition is Condition.SILENT and not run.kube_nodes():
        unseen = "neither it nor Kubernetes answers: whether it is alive, and only out of our reach, is not known"
        session.note(unseen, hostname=seat.name, warning=True)
    session.note(f"quorum: {going.means}", hostname=seat.name)
    if not run.ask(confirm, f"Remove the member {seat.id} ({seat.name}) from etcd for good?", seat.name):
        return None
    run.hold(found)
    _unwell_for_a_while(run, seat)
    take(run, file)
    session.note(run.kept)
    found = run.look()
    still = found.of_id(seat.id)
    if still is None:
        session.note(f"Meanwhile somebody else has removed the member {seat.id}.")
        return Removed(seat=seat, after=found)
    going = _allowed(run, still, found)
    with run.on_node(seat.name):
        removed = _remove(run, going, found)
    run.done.append(f"the member {seat.id} was removed")
    return removed


def _allowed(run: EtcdRun, seat: Seat, found: Standing) -> Removal:
    """Raises Refused."""
    nodes = run.kube_nodes()
    going = removal(seat, found, run.node_of(seat, nodes))
    must_be_allowed((*in_flight(nodes), *going.refusals))
    return going


def _show(run: EtcdRun, seat: Seat) -> None:
    """Who that is."""
    where = f", {seat.node.where} in the files" if seat.node and seat.node.where else ""
    of = f"of {seat.node.hostname}{where}" if seat.node else "of no node of the files"
    run.session.note(f"member {one_line(seat)}; {of}", hostname=seat.name)


def _unwell_for_a_while(run: EtcdRun, seat: Seat) -> None:
    """One look may hit a restart. Raises Refused as soon as it is well, or something else forbids it."""
    session = run.session
    until = session.now() + session.policy.stable_window.total_seconds()
    while session.now() < until:
        session.waits(seat.name, Step.REMOVE, "to see whether it comes back by itself", until)
        session.pause(min(3.0, max(0.1, until - session.now())))
        found = run.look()
        now = found.of_id(seat.id)
        if now is None:
            return
        _allowed(run, now, found)


def _remove(run: EtcdRun, going: Removal, found: Standing) -> Removed:
    seat, session = going.seat, run.session
    asked = next(one for one in found.speakers if one.id != seat.id)
    words = f"asking {asked.name} to remove the member {seat.id}"
    result = run.change(
        asked, lambda talosctl: talosctl.etcd_remove_member(asked.address, seat.id), Step.REMOVE, words, of=seat.name
    )
    session.step(seat.name, Step.VERIFY, "in the view of every other member")
    remaining = frozenset(one.id for one in found.speakers if one.id != seat.id)
    return Removed(seat=seat, after=_verified(run, seat, remaining, result))


def _verified(run: EtcdRun, seat: Seat, remaining: frozenset[str], result: Result) -> Standing:
    """Every member that was well lists it no more. Raises ToolFailed with who does."""
    said = "" if result.ok else f" (talosctl said: {result.complaint()})"

    def missing(_: Standing, views: Sequence[EtcdView]) -> str:
        lists = {
            one.status.id: (one.hostname, one.members)
            for one in views
            if isinstance(one.status, MemberStatus) and isinstance(one.members, tuple)
        }
        still = [host for host, members in lists.values() if any(member.id == seat.id for member in members)]
        if still:
            return f"{', '.join(still)} to list it no more{said}"
        return f"every other member to tell{said}" if remaining - set(lists) else ""

    within = GONE_WITHIN if result.ok else REFUSED_WITHIN
    return run.wait_until(missing, seat.name, Step.VERIFY, within=within, hint=LOOK)
