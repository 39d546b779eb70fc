"""The process of a practice cluster: how it is started, spoken to and ended."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from select import select

from talops.errors import Exit, TalopsError, ToolFailed, Unreachable
from talops.tools.places import Place, throw_away

READY_SECONDS = 30.0
ANSWER_SECONDS = 10.0
END_SECONDS = 10.0
_KEPT = re.compile(r"PYTHON.*|LANG|LC_.*|TZ")
"""It may live for days: it gets no secrets of the shell that started it."""


@contextmanager
def started(where: Place, lock: int, orders: bytes, *, detached: bool) -> Iterator["subprocess.Popen[bytes]"]:
    """The process of a sandbox, ready; it inherits the lock. Ended when it does not get ready, or the block raises.

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
        _end(process)
        raise
    # it lives on; a Popen that is thrown away would warn of that
    process.returncode = process.poll() or 0


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.terminate()
        process.wait(END_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()


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
    if not line.endswith(b"\n"):
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
    throw_away(where)
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
