"""The commands that change etcd, or save it: their session, their snapshot's file, and how they are typed again."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from talops.domain.context import Output
from talops.errors import Exit
from talops.wiring.stages import Stage

if TYPE_CHECKING:
    from talops.execute.etcd import Confirm, EtcdRun
    from talops.execute.etcd_words import Said
    from talops.execute.snapshotfile import SnapshotFile


@dataclass(frozen=True, slots=True, kw_only=True)
class EtcdWish:
    """What the operator asked for. `words` are those of the command after `talops etcd`, without its options."""

    words: tuple[str, ...]
    snapshot: str = ""
    """Where the snapshot is to be kept; "" for a name of its own, in this folder."""
    accept_downtime: frozenset[str] = frozenset()
    output: Output = Output.PLAIN
    show_commands: bool = False

    @property
    def again(self) -> str:
        """What to type for the same wish once more."""
        return f"talops etcd {shlex.join(self.words)}"


def snapshot(stage: Stage, wish: EtcdWish) -> Exit:
    """Raises UsageError when there is no place for the file."""
    from talops.execute.etcd_snapshot import snapshot as act

    with _file(stage, wish) as file:
        return _run(stage, wish, lambda run: act(run, file))


def remove_member(stage: Stage, wish: EtcdWish, member: str, confirm: "Confirm") -> Exit:
    """Raises UsageError for a word that names no member, or several, and without a place for the snapshot."""
    from talops.execute.etcd_remove import remove_member as act

    with _file(stage, wish) as file:
        return _run(stage, wish, lambda run: act(run, member, file, confirm))


def forfeit_leadership(stage: Stage, wish: EtcdWish, member: str, confirm: "Confirm") -> Exit:
    """Raises UsageError for a word that names no member, or several."""
    from talops.execute.etcd_care import forfeit as act

    return _run(stage, wish, lambda run: act(run, member, confirm))


def disarm(stage: Stage, wish: EtcdWish, confirm: "Confirm") -> Exit:
    from talops.execute.etcd_care import disarm as act

    return _run(stage, wish, lambda run: act(run, confirm))


def defragment(stage: Stage, wish: EtcdWish, members: tuple[str, ...], confirm: "Confirm") -> Exit:
    """Raises UsageError for a word that names no member, or several."""
    from talops.execute.etcd_care import defragment as act

    policy = replace(stage.policy, accept_downtime=wish.accept_downtime)
    return _run(replace(stage, policy=policy), wish, lambda run: act(run, members, confirm))


def recover(stage: Stage, wish: EtcdWish, confirm: "Confirm | None") -> Exit:
    """`confirm` is None where nobody can answer."""
    from talops.execute.etcd_recover import recover as act

    with _place(stage, wish) as place:
        return _run(stage, wish, lambda run: act(run, place, confirm))


def _run(stage: Stage, wish: EtcdWish, act: "Callable[[EtcdRun], Said]") -> Exit:
    from talops.execute.etcd import EtcdRun
    from talops.wiring.sessions import holder, session_on

    with session_on(stage, wish.output, again=wish.again, show_commands=wish.show_commands) as (session, journal):
        run = EtcdRun.on(session, holder=holder(session.run), journal=journal)
        return run.run(lambda: act(run))


@contextmanager
def _file(stage: Stage, wish: EtcdWish) -> "Iterator[SnapshotFile]":
    """Raises UsageError before anybody is asked anything."""
    with _place(stage, wish) as place:
        yield place()


@contextmanager
def _place(stage: Stage, wish: EtcdWish) -> "Iterator[Callable[[], SnapshotFile]]":
    """Of a rehearsal in a folder that is gone at the end: nothing of it is worth keeping."""
    from talops.execute.snapshotfile import SnapshotFile
    from talops.tools.homes import expanded
    from talops.tools.pins import private_folder

    name = f"etcd-{_safe(stage.desired.cluster_name)}-{stage.tools.clock.wall():%Y%m%dT%H%M%SZ}.db"
    if stage.real:
        yield lambda: SnapshotFile.at(expanded(wish.snapshot) if wish.snapshot else Path(name))
        return
    with private_folder() as folder:
        yield lambda: replace(SnapshotFile.at(folder / (Path(wish.snapshot).name or name)), passing=True)


def _safe(cluster: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in cluster) or "cluster"
