"""`talops etcd snapshot`: from a member that is well and up to date, into a file that is checked before it is there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from talops.domain.event import Step
from talops.domain.process import End, Result
from talops.domain.standing import UP_TO_DATE
from talops.domain.talos import EtcdView, MemberStatus, Unknown
from talops.domain.words import size
from talops.errors import ToolFailed
from talops.execute.disrupt import run_call
from talops.execute.etcd import EtcdRun
from talops.execute.etcd_look import look, no_word
from talops.execute.etcd_words import Said
from talops.execute.snapshotfile import Checked, NoPlace, SnapshotFile
from talops.plan.etcd import faults_of
from talops.tools.git import not_ignored, repository_of

_INFO = re.compile(rb"hash ([0-9a-f]+), revision (\d+), total keys (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One that was taken, checked and kept. `revision` and `keys` as talosctl has read them, where it could."""

    file: SnapshotFile
    source: "Source"
    checked: Checked
    revision: str = ""
    keys: str = ""

    def __str__(self) -> str:
        revision = f", revision {self.revision} ({self.keys} keys)" if self.revision else ""
        return (
            f"{self.file.path}: {size(self.checked.size_bytes)} ({self.checked.size_bytes} bytes) from "
            f"{self.source.hostname} (member {self.source.status.id}){revision}, SHA-256 {self.checked.sha256}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A member that can be asked. `fault`: why it is not well. `alarmed`: it has raised an alarm itself."""

    hostname: str
    address: str
    status: MemberStatus
    fault: str
    alarmed: bool


def snapshot(run: EtcdRun, file: SnapshotFile) -> Said:
    """The whole command. It changes nothing, so it takes no Lease and asks nothing."""
    taken = take(run, file)
    keep = run.kept if file.passing else "It holds every secret of the cluster: keep it like one."
    return Said(what=f"{taken}. {keep}")


def take(run: EtcdRun, file: SnapshotFile) -> Snapshot:
    """From the best member, or from the next one where that fails. Raises ToolFailed; then no file is left.

    That works without a quorum, too.
    """
    session = run.session
    views = look(session.desired, session.tools)
    sources = fit_for_it(views)
    if not sources:
        gaps = [one.status for one in views if isinstance(one.status, Unknown)]
        raise no_word(gaps[0] if gaps else Unknown("none is a voter"), views)
    if sources[0].fault:
        session.note(
            f"{sources[0].hostname} {sources[0].fault}, and no other member is better: what the snapshot holds may be "
            "older than what was last written.",
            warning=True,
        )
    for source in sources[:-1]:
        try:
            return _take_from(run, source, file)
        except NoPlace:
            raise
        except ToolFailed as failed:
            session.note(f"No snapshot from {source.hostname}: {failed.what}", warning=True)
    return _take_from(run, sources[-1], file)


def fit_for_it(views: Sequence[EtcdView]) -> tuple[Source, ...]:
    """Members to be asked, the best first: well, up to date, without an alarm, and not the leader where others are.

    Where none is well those that answer are better than none, the furthest first.
    """
    alarmed = {alarm.member for one in views if isinstance(one.alarms, tuple) for alarm in one.alarms}
    found = [
        Source(
            hostname=one.hostname,
            address=one.address,
            status=one.status,
            fault=faults_of(one.status),
            alarmed=one.status.id in alarmed,
        )
        for one in views
        if isinstance(one.status, MemberStatus) and not one.status.learner
    ]
    furthest = max((one.status.applied for one in found), default=0)
    well = [one for one in found if not one.fault and furthest - one.status.applied <= UP_TO_DATE]
    if well:
        return tuple(sorted(well, key=lambda one: (one.alarmed, one.status.leader == one.status.id)))
    return tuple(sorted(found, key=lambda one: -one.status.applied))


def _take_from(run: EtcdRun, source: Source, file: SnapshotFile) -> Snapshot:
    session, hostname = run.session, source.hostname
    file.must_have_room(source.status.db_bytes)
    talosctl = run.way_to(hostname, source.address)
    session.step(hostname, Step.SNAPSHOT, f"into {file.path}")
    with run.on_node(hostname), file.draft() as draft:
        call = talosctl.etcd_snapshot(source.address, str(draft))
        result = run_call(session, call, hostname, Step.SNAPSHOT, "the snapshot to be written")
        if not result.ok or not draft.is_file():
            raise ToolFailed(f"{hostname} gave no snapshot: {_why(result)}", hint="talops etcd status")
        session.step(hostname, Step.VERIFY, "its SHA-256")
        checked = file.keep(draft)
    _warn_of_git(run, file)
    found = _INFO.search(result.stdout)
    words = [word.decode("ascii") for word in found.groups()] if found else ["", "", ""]
    run.kept = "The snapshot of a rehearsal is not kept." if file.passing else f"A snapshot is kept in {file.path}."
    return Snapshot(file=file, source=source, checked=checked, revision=words[1], keys=words[2])


def _warn_of_git(run: EtcdRun, file: SnapshotFile) -> None:
    """Where `git add .` would take it up: it is the whole cluster, in clear."""
    folder, name = file.path.parent, file.path.name
    if file.passing or repository_of(folder) is None:
        return
    try:
        loose = not_ignored(run.session.tools.runner, folder, [name])
    except ToolFailed:
        return
    if loose:
        words = f"git does not ignore {name}, and it holds every secret: echo 'etcd-*.db' >> {folder}/.gitignore"
        run.session.note(words, warning=True)


def _why(result: Result) -> str:
    """A talosctl that cannot read what it got panics, and its last line is one of a stack."""
    if result.end is End.EXITED and b"panic: " in result.stderr:
        return "talosctl could not read what it got"
    return result.complaint() if not result.ok else "talosctl said that it was done, and there is no file"
