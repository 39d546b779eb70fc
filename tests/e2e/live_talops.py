"""talops as an operator starts it, and what it prints as it comes."""

import fcntl
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from live_cluster import PATIENCE
from live_place import HERE, Place


class Talops:
    """One running talops. What it prints is read as it comes, so that a test can wait for words."""

    def __init__(self, process: "subprocess.Popen[bytes]", screen: int, keyboard: int | None) -> None:
        self.process = process
        self._screen, self._keyboard = screen, keyboard
        self._printed = ""
        self._lock = threading.Condition()
        self._ended = False
        self._away, self._look_away = os.pipe()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while self._away not in select.select([self._screen, self._away], [], [])[0]:
            chunk = _some(self._screen)
            if not chunk:
                break
            with self._lock:
                self._printed += chunk.decode("utf-8", "replace")
                self._lock.notify_all()
        with self._lock:
            self._ended = True
            self._lock.notify_all()

    def look_away(self) -> None:
        """Whoever read has gone: the other side of the pipe is closed, or the terminal is."""
        os.write(self._look_away, b"x")
        self._reader.join()
        self._close()

    def _close(self) -> None:
        for descriptor in (self._screen, self._keyboard):
            if descriptor is not None and descriptor >= 0:
                os.close(descriptor)
        self._screen, self._keyboard = -1, None

    def close(self) -> None:
        """Kill it if it still runs."""
        self.process.kill()
        self.end()
        self._close()
        os.close(self._away)
        os.close(self._look_away)

    @property
    def printed(self) -> str:
        """Both streams, without the escape sequences of a terminal."""
        with self._lock:
            return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._printed).replace("\r\n", "\n")

    def wait_for(self, words: str) -> None:
        with self._lock:
            self._lock.wait_for(lambda: words in self._printed or self._ended, PATIENCE)
        assert words in self.printed, self.printed

    def wait_for_question(self, words: str) -> None:
        """Until it has asked and waits for an answer: a signal between the two would be heard only after the answer."""
        self.wait_for(words)
        stat = Path(f"/proc/{self.process.pid}/stat")
        asleep = threading.Event()
        for _ in range(int(PATIENCE / 0.01)):
            if stat.read_text().rpartition(")")[2].split()[0] == "S":
                return
            asleep.wait(0.01)
        raise AssertionError("it does not wait for an answer")

    def end(self, patience: float = PATIENCE) -> int:
        """Wait for its end. Its exit code; minus the signal's number when a signal ended it."""
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end; so far:\n{self.printed}") from None
        self._reader.join(PATIENCE)
        return code

    def press_ctrl_c(self) -> None:
        """To everybody at the terminal, as a terminal does it."""
        if self._keyboard is not None:
            self.type("\x03")
        else:
            os.killpg(self.process.pid, signal.SIGINT)

    def type(self, keys: str) -> None:
        assert self._keyboard is not None
        os.write(self._keyboard, keys.encode())

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


def _some(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:
        # a terminal whose other side has been closed
        return b""


@contextmanager
def started(
    place: Place, *words: str, terminal: bool = False, read_seconds: float = 8.0, more: Mapping[str, str] | None = None
) -> Iterator[Talops]:
    """Start talops in the repository; kill it at the end of the block if it still runs."""
    argv = [sys.executable, str(HERE / "hurried_talops.py"), str(read_seconds), *words]
    keyboard: int | None = None
    if terminal:
        keyboard, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        screen, stdin = os.dup(keyboard), theirs
    else:
        screen, theirs = os.pipe()
        stdin = os.open(os.devnull, os.O_RDONLY)
    process = subprocess.Popen(
        argv,
        cwd=place.repo,
        env=place.environment | dict(more or {}),
        stdin=stdin,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    for descriptor in {stdin, theirs}:
        os.close(descriptor)
    talops = Talops(process, screen, keyboard)
    try:
        yield talops
    finally:
        talops.close()


def ran(place: Place, *words: str, read_seconds: float = 8.0, patience: float = PATIENCE) -> tuple[int, str]:
    """Start it and wait for its end: the exit code, and everything that it printed."""
    with started(place, *words, read_seconds=read_seconds) as talops:
        return talops.end(patience), talops.printed


def events(journal: Path) -> Sequence[dict[str, object]]:
    return [json.loads(line) for line in journal.read_text().splitlines()]
