"""One running process and its pipes, without saying how it was started.

The pipes are read here, in one thread: so output is bounded, bytes stay bytes, and a grandchild that keeps a pipe
open holds nobody up. The only signal that is ever sent is SIGKILL, to the whole process group: talosctl answers a
gentler one by rebooting the node.
"""

import contextlib
import os
import selectors
import signal
import time
from collections.abc import Callable
from typing import Protocol

from talops.domain.process import Call, End, Instant, Result

_CHUNK = 256 * 1024
_REAP_LIMIT = 2.0
"""Seconds that a killed child may take to vanish; one in uninterruptible sleep may take for ever."""


_BOOT_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boot_time() -> Instant:
    """Seconds since boot, sleep included. macOS has no CLOCK_BOOTTIME; its CLOCK_MONOTONIC counts sleep."""
    return time.clock_gettime(_BOOT_CLOCK)


class Output:
    """A pipe's read end and what came out of it: the head of an answer, or the tail of messages."""

    def __init__(self, descriptor: int, *, head: int = 0, tail: int = 0) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor: int | None = descriptor
        self._head, self._tail = head, tail
        self._bytes = bytearray()

    def drain(self) -> None:
        """Take what is there. Closes at the end of the stream."""
        while self.descriptor is not None:
            try:
                chunk = os.read(self.descriptor, _CHUNK)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            if not chunk:
                self.close()
                return
            self._keep(chunk)

    def _keep(self, chunk: bytes) -> None:
        if self._head:
            self._bytes += chunk[: max(0, self._head - len(self._bytes))]
            return
        self._bytes += chunk
        if len(self._bytes) > 2 * self._tail:
            del self._bytes[: -self._tail]

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def text(self) -> bytes:
        return bytes(self._bytes)


class Process(Protocol):
    """What we use of sh's OProc."""

    pid: int
    pgid: int
    exit_code: int | None

    def is_alive(self) -> tuple[bool, int | None]: ...
    def wait(self) -> int: ...


class Spawned:
    """A process with our ends of its pipes. `exit_descriptor` is readable when it has ended (Linux only)."""

    def __init__(self, process: Process, stdout: Output, stderr: Output) -> None:
        self.process = process
        self.stdout = stdout
        self.stderr = stderr
        self.exit_descriptor: int | None = None
        if hasattr(os, "pidfd_open"):
            # it may have ended, and been reaped, already
            with contextlib.suppress(OSError):
                self.exit_descriptor = os.pidfd_open(process.pid)

    def close(self) -> None:
        self.stdout.close()
        self.stderr.close()
        if self.exit_descriptor is not None:
            os.close(self.exit_descriptor)
            self.exit_descriptor = None


class Child:
    """A started call. Implements `Running`."""

    def __init__(self, spawned: Spawned, call: Call, ended: Callable[["Child"], None]) -> None:
        self._spawned = spawned
        self._due = boot_time() + call.deadline.total_seconds()
        self._ended = ended
        self._result: Result | None = None

    @property
    def due(self) -> Instant:
        return self._due

    def descriptors(self) -> list[int]:
        """What becomes readable when there is something to do for this child."""
        spawned = self._spawned
        watched = (spawned.stdout.descriptor, spawned.stderr.descriptor, spawned.exit_descriptor)
        return [descriptor for descriptor in watched if descriptor is not None]

    @property
    def watchable(self) -> bool:
        """Whether its end is seen by a descriptor even when a grandchild keeps its pipes open (Linux)."""
        return self._spawned.exit_descriptor is not None

    def poll(self) -> Result | None:
        if self._result is None:
            self._spawned.stdout.drain()
            self._spawned.stderr.drain()
            if not self._spawned.process.is_alive()[0]:
                self._finish(End.EXITED)
            elif boot_time() >= self._due:
                self._end(End.TIMED_OUT)
        return self._result

    def output(self) -> bytes:
        if self._result is not None:
            return self._result.stdout
        self._spawned.stdout.drain()
        return self._spawned.stdout.text()

    def kill(self) -> None:
        if self._result is None:
            self._end(End.KILLED)

    def _end(self, end: End) -> None:
        self._kill_group()
        limit = boot_time() + _REAP_LIMIT
        while self._spawned.process.is_alive()[0] and boot_time() < limit:
            with selectors.DefaultSelector() as selector:
                if self._spawned.exit_descriptor is not None:
                    selector.register(self._spawned.exit_descriptor, selectors.EVENT_READ)
                selector.select(0.02)
        self._finish(end)

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._spawned.process.pgid, signal.SIGKILL)

    def _finish(self, end: End) -> None:
        spawned = self._spawned
        spawned.stdout.drain()
        spawned.stderr.drain()
        if spawned.stdout.descriptor is not None or spawned.stderr.descriptor is not None:
            # somebody whom it left behind still holds a pipe
            self._kill_group()
        exit_code = spawned.process.exit_code
        if not spawned.process.is_alive()[0]:
            spawned.process.wait()
        if end is End.EXITED and (exit_code is None or exit_code < 0):
            end = End.KILLED
        self._result = Result(
            end=end,
            exit=exit_code if end is End.EXITED and exit_code is not None else 0,
            stdout=spawned.stdout.text(),
            stderr=spawned.stderr.text(),
        )
        spawned.close()
        self._ended(self)
