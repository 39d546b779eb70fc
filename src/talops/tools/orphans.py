"""What becomes of a child when we are killed: nobody is there to end it, unless the kernel is asked to (Linux only)."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from functools import lru_cache

_SET_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


@lru_cache(maxsize=1)
def ends_with(parent: int) -> Callable[[], None]:
    """What a forked child does before it becomes the tool, so that it ends when this process, its parent, does."""
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(_SET_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            # it ended before we could ask
            os.kill(os.getpid(), signal.SIGKILL)

    return ask
