"""Real processes, with `sh`. The only importer of sh.

Every child has a session of its own, so that a Ctrl-C at the terminal is ours alone, and on stdin what its call says:
mostly nothing.
"""

import contextlib
import errno
import os
import selectors
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from talops.domain.process import Call, End, Instant, Result
from talops.tools.child import Child, Output, Spawned, boot_time
from talops.tools.orphans import ends_with
from talops.tools.programs import installed

_WIDTH = 16
"""How many reads run side by side."""
_STDOUT_LIMIT = 64 * 1024 * 1024
_STDERR_TAIL = 256 * 1024
_LOOK_AGAIN = 1.0
"""Seconds after which a wait looks at the clock again: select does not count the time that a machine slept."""
_EXIT_CODES = list(range(-64, 256))
_UNWANTED = frozenset({"FORCE_COLOR", "CLICOLOR_FORCE", "COLORTERM"})
_SIGNALS_OF_OURS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def _spawn(path: str, call: Call, environment: dict[str, str]) -> Spawned:
    """Raises OSError when the file cannot be executed; its text never holds arguments."""
    import sh

    # what changes the cluster outlives us: half an upgrade is worse than a whole one. A proxy would listen for ever
    before_exec = _open_signals if call.mutating else _open_signals_and_end_with_us()
    stdout, child_stdout = os.pipe()
    stderr, child_stderr = os.pipe()
    try:
        with _stdin(call) as read:
            command = sh.Command(path)(
                *call.argv[1:],
                _in=read,
                _out=child_stdout,
                _err=child_stderr,
                _bg=True,
                _bg_exc=False,
                _tty_out=False,
                _return_cmd=True,
                _no_pipe=True,
                _new_session=True,
                # Python's own descriptors close themselves, and looking for others is a sixth of a spawn
                _close_fds=False,
                _decode_errors="replace",
                _ok_code=_EXIT_CODES,
                _env=environment,
                _preexec_fn=before_exec,
            )
    except (sh.ForkException, sh.CommandNotFound):
        os.close(stdout)
        os.close(stderr)
        # the exception quotes the whole command line
        raise OSError(errno.ENOEXEC, "it cannot be executed") from None
    finally:
        os.close(child_stdout)
        os.close(child_stderr)
    return Spawned(command.process, Output(stdout, head=_STDOUT_LIMIT), Output(stderr, tail=_STDERR_TAIL))


@contextlib.contextmanager
def _stdin(call: Call) -> Iterator[BinaryIO]:
    """Its text is in the pipe before the child is there: a secret is never on disk, and nobody has to feed a child."""
    if not call.stdin:
        with Path(os.devnull).open("rb") as nothing:
            yield nothing
        return
    read, write = os.pipe()
    with os.fdopen(read, "rb") as pipe:
        os.set_blocking(write, False)
        written = os.write(write, call.stdin)
        os.close(write)
        if written < len(call.stdin):
            raise ValueError(f"{call.template}: {len(call.stdin)} bytes are more than a pipe holds")
        yield pipe


@contextlib.contextmanager
def _fork_safely() -> Iterator[None]:
    """Until it has a session of its own, a Ctrl-C reaches the child, which is still Python: keep it away. And until we
    know of the child, a signal that ends us would leave it behind.

    Python 3.12 warns of forks while threads run. Those threads are sh's own, which wait for earlier children and
    hold no lock.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS_OF_OURS)
    try:
        with _handled_later(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _handled_later() -> Iterator[None]:
    """A handler may be called all the same, and what it raises while Python runs its hooks around a fork is lost."""
    came: list[int] = []
    ours = [number for number in _SIGNALS_OF_OURS if callable(signal.getsignal(number))]
    if threading.current_thread() is not threading.main_thread():
        ours = []
    handlers = {number: signal.signal(number, lambda one, _frame: came.append(one)) for number in ours}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for one in came:
            signal.raise_signal(one)


def _open_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS_OF_OURS)


def _open_signals_and_end_with_us() -> Callable[[], None]:
    ask = ends_with(os.getpid())

    def before_exec() -> None:
        _open_signals()
        ask()

    return before_exec


class Ended:
    """A call that could not be started. Implements `Running`."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def poll(self) -> Result:
        return self._result

    def output(self) -> bytes:
        return self._result.stdout

    def kill(self) -> None:
        return None


@dataclass(frozen=True, slots=True)
class NotThere:
    """No such program is to be had; why, in words."""

    why: str = ""


Find = Callable[[str], str | NotThere]
"""From the first word of a command to the program that it is."""


class ShRunner:
    """Implements `Runner`. Use it from one thread only: sh forks."""

    def __init__(self, environment: Mapping[str, str] | None = None, find: Find | None = None) -> None:
        """Without `find`, a program is what PATH has."""
        self._environment = tool_environment(os.environ if environment is None else environment)
        self._find = find or self._on_path
        self._live: list[Child] = []
        self.unwanted: Callable[[], bool] = lambda: False
        """Whether answers to reads need not be waited for any more: then a `gather` ends within a second."""

    def gather(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        others = tuple(self._live)
        try:
            return self._gather(calls)
        except BaseException:
            # a signal that ends us: sh's threads would wait for what we leave behind
            for child in tuple(self._live):
                if child not in others:
                    child.kill()
            raise

    def _gather(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        if self.unwanted():
            return self._cut_short((), calls)
        running = [self.start(call) for call in calls[:_WIDTH]]
        waiting = list(calls[_WIDTH:])
        while True:
            if self.unwanted():
                return self._cut_short(running, calls)
            busy = [child for child in running if child.poll() is None]
            while waiting and len(busy) < _WIDTH:
                started = self.start(waiting.pop(0))
                running.append(started)
                busy.append(started)
            if not busy:
                return tuple(child.poll() or Result(end=End.KILLED) for child in running)
            self.watch((), boot_time() + _LOOK_AGAIN)

    def _on_path(self, name: str) -> str | NotThere:
        return next((path for _, path in installed(name, self._environment.get("PATH", ""))), NotThere())

    def _cut_short(self, running: Sequence[Child | Ended], calls: Sequence[Call]) -> tuple[Result, ...]:
        for child in running:
            child.kill()
        killed = Result(end=End.KILLED)
        ended = [child.poll() or killed for child in running]
        return (*ended, *[killed] * (len(calls) - len(ended)))

    def start(self, call: Call) -> Child | Ended:
        path = self._find(call.argv[0])
        if isinstance(path, NotThere):
            return Ended(Result(end=End.NOT_FOUND, stderr=path.why.encode()))
        try:
            with _fork_safely():
                child = Child(_spawn(path, call, self._environment), call, self._live.remove)
                self._live.append(child)
        except OSError as error:
            return Ended(Result(end=End.NOT_FOUND, stderr=f"{call.argv[0]}: {error.strerror}".encode()))
        return child

    @property
    def next_due(self) -> Instant | None:
        """When the first of the running calls reaches its deadline."""
        return min((child.due for child in self._live), default=None)

    def watch(self, also: Sequence[int], until: Instant) -> bool:
        """Wait until a running call did something or one of `also` is readable, `until` at the latest.

        Takes the output of all calls meanwhile. True when a call has ended.
        """
        before = len(self._live)
        with selectors.DefaultSelector() as selector:
            for descriptor in (*also, *(one for child in self._live for one in child.descriptors())):
                selector.register(descriptor, selectors.EVENT_READ)
            limit = 0.05 if any(not child.watchable for child in self._live) else _LOOK_AGAIN
            due = min(until, self.next_due or until)
            selector.select(max(0.0, min(limit, due - boot_time())))
        for child in tuple(self._live):
            child.poll()
        return len(self._live) < before

    def close(self) -> None:
        """Kill whatever still runs."""
        for child in tuple(self._live):
            child.kill()


def tool_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Our own environment, since credential plugins read names that nobody can list, without colours.

    The tools are Go, and live for some 50 ms, of which collecting garbage that their end would free takes a sixth.
    """
    kept = {name: value for name, value in environment.items() if name not in _UNWANTED}
    return {"GOGC": "400"} | kept | {"NO_COLOR": "1", "TERM": "dumb"}
