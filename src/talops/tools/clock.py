"""Real time, and the signals that reach us."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import FrameType

from talops.domain.process import Instant, Stop, Wake
from talops.errors import Exit
from talops.tools.child import boot_time
from talops.tools.runner import ShRunner

Handler = Callable[[int, FrameType | None], None]


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end us by an exception, as SIGINT does: so what we started and wrote is cleared away."""
    with _handling({signal.SIGTERM: _end, signal.SIGHUP: _end}):
        yield


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(int(Exit.TERMINATED))


@contextlib.contextmanager
def _handling(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    """Only from the main thread. A SIGHUP that was ignored before stays so: that is what nohup asks for."""
    wanted = {n: h for n, h in handlers.items() if n != signal.SIGHUP or signal.getsignal(n) is not signal.SIG_IGN}
    old = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


class RealClock:
    """Implements `Clock`. While `listening`, signals only raise flags that `wait` and `stop` tell.

    SIGHUP (the terminal is gone) counts as one Ctrl-C: nobody is there for a second, and a node in flight is seen
    through.

    Knows the runner, because a wait must end with a child, and because children write while we wait.
    """

    def __init__(self, runner: ShRunner) -> None:
        self._runner = runner
        self._interrupts = 0
        self._terminated = False
        self._signals = 0
        self._told = self._heard = 0
        self._wakeup: int | None = None

    def now(self) -> Instant:
        return boot_time()

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def unheard(self) -> bool:
        """Whether a signal came since the last `stop`: nobody should wait for reads before it is heeded."""
        return self._signals != self._heard

    def stop(self) -> Stop:
        self._heard = self._signals
        if self._interrupts > 1:
            return Stop.NOW
        if self._terminated:
            return Stop.TERMINATE
        return Stop.FINISH if self._interrupts else Stop.NO

    def wait(self, until: Instant) -> Wake:
        """Signals that came since the last wait are told first, and once."""
        while True:
            if self._signals != self._told:
                self._told = self._signals
                return Wake.SIGNAL
            ended = self._runner.watch(() if self._wakeup is None else (self._wakeup,), until)
            self._take_wakeups()
            if ended:
                return Wake.CHILD
            if self._signals == self._told and boot_time() >= until:
                return Wake.DUE

    def _take_wakeups(self) -> None:
        if self._wakeup is not None:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wakeup, 4096)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals over, and give them back at the end. Only from the main thread."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        self._wakeup = reader
        old_writer = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        heard = {signal.SIGINT: self._interrupted, signal.SIGTERM: self._told_to_end, signal.SIGHUP: self._hung_up}
        try:
            with _handling(heard):
                self._runner.unwanted = self.unheard
                yield
        finally:
            self._runner.unwanted = lambda: False
            signal.set_wakeup_fd(old_writer)
            self._wakeup = None
            os.close(reader)
            os.close(writer)

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupts += 1
        self._signals += 1

    def _told_to_end(self, _number: int, _frame: FrameType | None) -> None:
        self._terminated = True
        self._signals += 1

    def _hung_up(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupts = max(self._interrupts, 1)
        self._signals += 1
