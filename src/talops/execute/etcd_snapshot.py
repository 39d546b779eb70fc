"""`talops etcd snapshot`: from a member that is well and up to date, into a file that is checked before it is there."""

import re
from dataclasses import dataclass

from talops.domain.event import Step
from talops.domain.process import End, Result
from talops.domain.standing import Condition, Seat, Standing
from talops.domain.words import size
from talops.errors import ToolFailed
from talops.execute.disrupt import run_call
from talops.execute.etcd import EtcdRun, Said
from talops.execute.snapshotfile import Checked, SnapshotFile

_INFO = re.compile(rb"hash ([0-9a-f]+), revision (\d+), total keys (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One that was taken, checked and kept. `revision` and `keys` as talosctl has read them, where it could."""

    file: SnapshotFile
    seat: Seat
    checked: Checked
    revision: str = ""
    keys: str = ""

    def __str__(self) -> str:
        revision = f", revision {self.revision} ({self.keys} keys)" if self.revision else ""
        return (
            f"{self.file.path}: {size(self.checked.size_bytes)} ({self.checked.size_bytes} bytes) from "
            f"{self.seat.name} (member {self.seat.id}){revision}, SHA-256 {self.checked.sha256}"
        )


def snapshot(run: EtcdRun, file: SnapshotFile) -> Said:
    """The whole command. It changes nothing, so it takes no Lease and asks nothing."""
    taken = take(run, file, run.look())
    return Said(what=f"{taken}. It holds every secret of the cluster: keep it like one.")


def take(run: EtcdRun, file: SnapshotFile, standing: Standing) -> Snapshot:
    """From the best member, or from the next one where that fails. Raises ToolFailed; then no file is left."""
    seats = fit_for_it(standing)
    if not seats:
        raise ToolFailed("no member of etcd is there to take a snapshot from", hint="talops etcd recover")
    if not seats[0].well:
        run.session.note(
            "No member sees a leader: what the snapshot holds may be older than what was last written.", warning=True
        )
    for seat in seats[:-1]:
        try:
            return _take_from(run, seat, file)
        except ToolFailed as failed:
            run.session.note(f"No snapshot from {seat.name}: {failed.what}", warning=True)
    return _take_from(run, seats[-1], file)


def fit_for_it(standing: Standing) -> tuple[Seat, ...]:
    """Members to be asked, the best first: well, up to date, without an alarm, and not the leader where others are.

    Without a leader those that answer are better than none, the furthest first.
    """
    alarmed = {alarm.member for alarm in standing.alarms}
    voters = [seat for seat in standing.seats if seat.voter and seat.status]
    well = [seat for seat in voters if seat.well and standing.up_to_date(seat)]
    if well:
        return tuple(sorted(well, key=lambda seat: (seat.id in alarmed, seat.id == standing.leader)))
    ill = [seat for seat in voters if seat.condition in {Condition.WELL, Condition.ILL}]
    return tuple(sorted(ill, key=lambda seat: -seat.status.applied if seat.status else 0))


def _take_from(run: EtcdRun, seat: Seat, file: SnapshotFile) -> Snapshot:
    session = run.session
    if seat.status is not None:
        file.must_have_room(seat.status.db_bytes)
    talosctl = run.way_to(seat)
    session.step(seat.name, Step.SNAPSHOT, f"into {file.path}")
    with run.on_node(seat.name), file.draft() as draft:
        call = talosctl.etcd_snapshot(seat.address, str(draft))
        result = run_call(session, call, seat.name, Step.SNAPSHOT, "the snapshot to be written")
        if not result.ok or not draft.is_file():
            raise ToolFailed(f"{seat.name} gave no snapshot: {_why(result)}", hint="talops etcd status")
        session.step(seat.name, Step.VERIFY, "its SHA-256")
        checked = file.keep(draft)
    found = _INFO.search(result.stdout)
    words = [word.decode("ascii") for word in found.groups()] if found else ["", "", ""]
    run.kept = f"A snapshot is kept in {file.path}."
    return Snapshot(file=file, seat=seat, checked=checked, revision=words[1], keys=words[2])


def _why(result: Result) -> str:
    """A talosctl that cannot read what it got panics, and its last line is one of a stack."""
    if result.end is End.EXITED and b"panic: " in result.stderr:
        return "talosctl could not read what it got"
    return result.complaint() if not result.ok else "talosctl said that it was done, and there is no file"
