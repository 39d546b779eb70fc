"""The folders of this user's practice clusters. A process holds its folder's lock while it lives."""

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from talops.errors import Locked, ToolFailed, UsageError
from talops.tools.homes import expanded

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LAST_LINES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one sandbox is, or would be."""

    name: str
    folder: Path

    @property
    def talosconfig(self) -> Path:
        return self.folder / "talosconfig"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def lives(self) -> bool:
        """Whether a process holds the lock. False for what a killed one, or a machine that was restarted, left."""
        try:
            lock = os.open(self.folder / "lock", os.O_RDWR)
        except OSError:
            return False
        try:
            return not _locked(lock, fcntl.LOCK_SH)
        finally:
            os.close(lock)

    def last_words(self) -> str:
        """The end of its log, for whoever asks why it died; empty when it said nothing."""
        with contextlib.suppress(OSError):
            lines = (self.folder / "log").read_text("utf-8", "replace").splitlines()
            return "\n".join(f"  {line}" for line in lines[-_LAST_LINES:])
        return ""


def place(name: str, environ: Mapping[str, str]) -> Place:
    """Of the sandbox of that name, be it there or not. Raises UsageError for a name that cannot be a folder's."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"a sandbox cannot be called {name!r}", hint="letters, digits, dots and dashes, 64 at most: --name practice"
        )
    known = {one.name: one for one in places(environ)}
    return known.get(name) or Place(name=name, folder=_roots(environ)[0] / name)


def places(environ: Mapping[str, str]) -> Sequence[Place]:
    """Those that there are, living or not, by name. Of two of a name the one where new ones go."""
    found = [Place(name=lock.parent.name, folder=lock.parent) for root in _roots(environ) for lock in _locks(root)]
    return [one for _, one in sorted({one.name: one for one in reversed(found)}.items())]


def _locks(root: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from root.glob("*/lock")


def _roots(environ: Mapping[str, str]) -> Sequence[Path]:
    """The first is where a new one goes. A shell without XDG_RUNTIME_DIR (cron, su) puts them elsewhere."""
    state = environ.get("XDG_STATE_HOME") or Path(environ.get("HOME") or expanded("~")) / ".local" / "state"
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    homes = [Path(home) for home in (runtime, state) if home and (home != runtime or os.access(home, os.W_OK))]
    return [home / "talops" / "sandbox" for home in dict.fromkeys(homes)]


@contextmanager
def taken(where: Place) -> Iterator[int]:
    """Its folder (0700), empty but for the lock, which is ours. What a dead one left is thrown away.

    Gone again when the block raises. Raises Locked when one lives there, and ToolFailed.
    """
    try:
        lock = _lock(where)
    except FileNotFoundError:
        # the last one took the empty folders away in this very moment
        lock = _lock(where)
    except OSError as error:
        raise ToolFailed(
            f"there is no place for it: {where.folder}: {error.strerror}",
            hint="export XDG_STATE_HOME=/a/folder/of/yours   # and unset XDG_RUNTIME_DIR, if it is named above",
        ) from None
    try:
        _clear(where.folder, keep="lock")
        # the number in it was a dead one's
        os.ftruncate(lock, 0)
        yield lock
    except BaseException:
        _remove(where.folder)
        raise
    finally:
        os.close(lock)


def throw_away(where: Place) -> None:
    """What a dead one has left. Not when there is a living one again."""
    with contextlib.suppress(OSError):
        lock = os.open(where.folder / "lock", os.O_RDWR)
        if _locked(lock):
            _remove(where.folder)
        os.close(lock)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        # those that are empty now
        folder.parent.rmdir()
        folder.parent.parent.rmdir()


def _lock(where: Place) -> int:
    for folder in (where.folder.parent.parent, where.folder.parent, where.folder):
        # one by one: mkdir gives its mode to the last one only
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    where.folder.chmod(0o700)
    lock = os.open(where.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    if not _locked(lock):
        os.close(lock)
        raise Locked(
            f"the sandbox {where.name} is running already",
            hint=f"talops sandbox status --name {where.name}, or another one beside it: talops sandbox up --name NAME",
        )
    if not _is_its_lock(where, lock):
        # the one before took its folder away in this very moment
        os.close(lock)
        return _lock(where)
    return lock


def _is_its_lock(where: Place, lock: int) -> bool:
    with contextlib.suppress(OSError):
        return (where.folder / "lock").stat().st_ino == os.fstat(lock).st_ino
    return False


def _locked(lock: int, how: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _clear(folder: Path, *, keep: str) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != keep:
            entry.unlink()
