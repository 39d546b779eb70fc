"""The practice clusters of this user: a folder and a process each, which holds the lock there while it lives."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from select import select

from talops.errors import Exit, Locked, TalopsError, ToolFailed, Unreachable, UsageError
from talops.tools.homes import expanded

READY_SECONDS = 30.0
ANSWER_SECONDS = 10.0
END_SECONDS = 10.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEPT = re.compile(r"PYTHON.*|LANG|LC_.*|TZ|TMPDIR|HOME")
"""It may live for days: it gets no secrets of the shell that started it."""
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
            return not _locked(lock)
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
    """Those that there are, living or not, by name."""
    found = [Place(name=lock.parent.name, folder=lock.parent) for root in _roots(environ) for lock in _locks(root)]
    return sorted(found, key=lambda one: one.name)


def _locks(root: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from root.glob("*/lock")


def _roots(environ: Mapping[str, str]) -> Sequence[Path]:
    """The first is where a new one goes. A shell without XDG_RUNTIME_DIR (cron, su) puts them elsewhere."""
    state = environ.get("XDG_STATE_HOME") or Path(environ.get("HOME") or expanded("~")) / ".local" / "state"
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    homes = [Path(home) for home in (runtime, state) if home and (home != runtime or os.access(home, os.W_OK))]
    return [home / "talops" / "sandbox" for home in homes]


@contextmanager
def taken(where: Place) -> Iterator[int]:
    """Its folder (0700), empty but for the lock, which is ours. What a dead one left is thrown away.

    Gone again when the block raises. Raises Locked when one lives there, and ToolFailed.
    """
    try:
        lock = _lock(where)
    except OSError as error:
        raise ToolFailed(f"there is no place for it: {where.folder}: {error.strerror}") from None
    try:
        _clear(where.folder, keep="lock")
        yield lock
    except BaseException:
        shutil.rmtree(where.folder, ignore_errors=True)
        raise
    finally:
        os.close(lock)


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


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _clear(folder: Path, *, keep: str) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != keep:
            entry.unlink()


@contextmanager
def started(where: Place, lock: int, orders: bytes, *, detached: bool) -> Iterator["subprocess.Popen[bytes]"]:
    """The process of a sandbox, ready; it inherits the lock. Killed when it does not get ready, or the block raises.

    `detached`: it outlives us and our terminal, and its log is in its folder. Raises UsageError and ToolFailed.
    """
    log = os.open(where.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if detached else None
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "talops.sim.network", str(where.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        pass_fds=(lock,),
        start_new_session=detached,
        env={name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)},
    )
    if log is not None:
        os.close(log)
    try:
        _wait_ready(process, where, orders)
        yield process
    except BaseException:
        process.kill()
        process.wait()
        raise
    # it lives on; a Popen that is thrown away would warn of that
    process.returncode = process.poll() or 0


def _wait_ready(process: "subprocess.Popen[bytes]", where: Place, orders: bytes) -> None:
    assert process.stdin is not None  # noqa: S101
    assert process.stdout is not None  # noqa: S101
    with process.stdin, process.stdout:
        # one that died at once says why in its log
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(orders)
            process.stdin.close()
        if not select([process.stdout], [], [], READY_SECONDS)[0]:
            raise ToolFailed(f"the sandbox was not ready within {READY_SECONDS:.0f} seconds", hint=_TRY_AGAIN)
        line = process.stdout.readline()
    if not line:
        said = where.last_words()
        raise ToolFailed("the sandbox died while it was starting" + (f":\n{said}" if said else ""), hint=_TRY_AGAIN)
    _understood(line)


_TRY_AGAIN = "talops sandbox up --foreground shows what it says"


def ask(where: Place, deed: str, words: Sequence[str] = ()) -> object:
    """One question to a living sandbox, and its answer. Raises Unreachable, and what the sandbox refuses."""
    try:
        with _connected(where.folder) as connection:
            connection.sendall(json.dumps({"do": deed, "words": list(words)}).encode() + b"\n")
            with connection.makefile("rb") as file:
                line = file.readline()
    except OSError as error:
        line, why = b"", error.strerror or str(error)
    else:
        why = "it hung up"
    if not line:
        raise Unreachable(
            f"the sandbox {where.name} does not answer: {why}",
            hint=f"wait a moment if it is starting or ending; else: talops sandbox down --name {where.name}",
        )
    return _understood(line)


def _understood(line: bytes) -> object:
    answer = json.loads(line)
    if "error" in answer:
        error = TalopsError(answer["error"], hint=answer["hint"])
        error.exit = Exit(answer["exit"])
        raise error
    return answer["ok"]


def _connected(folder: Path) -> socket.socket:
    """By a name in the current folder: a socket's whole path has room for about 100 bytes."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(ANSWER_SECONDS)
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(folder)
        connection.connect("control")
    except BaseException:
        connection.close()
        raise
    finally:
        os.fchdir(before)
        os.close(before)
    return connection


def stop(where: Place) -> bool:
    """End it and wait for its end; what will not end is killed. What is left of it is thrown away.

    False when it was dead already.
    """
    lived = where.lives
    if lived:
        with contextlib.suppress(TalopsError):
            ask(where, "down")
        if not _ended(where):
            _kill(where)
    with contextlib.suppress(OSError):
        lock = os.open(where.folder / "lock", os.O_RDWR)
        if _locked(lock):
            shutil.rmtree(where.folder, ignore_errors=True)
        os.close(lock)
    return lived


def _ended(where: Place) -> bool:
    deadline = time.monotonic() + END_SECONDS
    while where.lives:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _kill(where: Place) -> None:
    # while the lock is held the number in it is its holder's
    with contextlib.suppress(OSError, ValueError):
        os.kill(int((where.folder / "lock").read_text()), signal.SIGKILL)
    _ended(where)
