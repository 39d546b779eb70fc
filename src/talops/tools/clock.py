"""Real time, and the signals that reach us."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import FrameType

from talops.domain.process import Instant, Stop, Wake
from talops.tools.child import boot_time
from talops.tools.runner import ShRunner


class RealClock:
    """Implements `Clock`. While `listening`, SIGINT and SIGTERM only raise flags that `wait` and `stop` tell.

    Knows the runner, because a wait must end with a child, and because children write while we wait.
    """

    def __init__(self, runner: ShRunner) -> None:
        self._runner = runner
        self._interrupts = 0
        self._terminated = False
        self._signals = 0
        self._told = 0
        self._wakeup: int | None = None

    def now(self) -> Instant:
        return boot_time()

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def stop(self) -> Stop:
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
        """Take SIGINT and SIGTERM over, and give them back at the end. Only from the main thread."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        self._wakeup = reader
        old_writer = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        old = {number: signal.signal(number, self._handler(number)) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(old_writer)
            self._wakeup = None
            os.close(reader)
            os.close(writer)

    def _handler(self, number: signal.Signals) -> Callable[[int, FrameType | None], None]:
        def interrupted(_number: int, _frame: FrameType | None) -> None:
            self._interrupts += 1
            self._signals += 1

        def terminated(_number: int, _frame: FrameType | None) -> None:
            self._terminated = True
            self._signals += 1

        return interrupted if number == signal.SIGINT else terminated
