"""The process of one sandbox: from its orders to its end, after which nothing of it is left."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from talops.domain.sandbox import Orders
from talops.sim.network import control
from talops.sim.network.doors import Doors, opened
from talops.sim.network.sandbox import Sandbox

_LOOK_EVERY = 2.0


async def serve(orders: Orders, folder: Path, ready: Callable[[], None]) -> None:
    """Until it is told to stop, or its folder is gone: at a logout the system takes that away.

    `folder` is private, ours alone, and the current one. Raises UsageError for orders that cannot be followed.
    """
    sandbox = Sandbox(orders, folder)
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    async with opened(sandbox) as doors, _beating(sandbox), control.listening(_deeds(sandbox, doors, over)):
        ready()
        await _the_end(over, folder)


def _deeds(sandbox: Sandbox, doors: Doors, over: asyncio.Event) -> control.Deeds:
    async def status(_words: Sequence[str]) -> object:
        return sandbox.status()

    async def fault(words: Sequence[str]) -> object:
        try:
            sandbox.begin(words)
        finally:
            await doors.follow()
        return sandbox.status()

    async def mend(words: Sequence[str]) -> object:
        sandbox.mend(words)
        await doors.follow()
        return sandbox.status()

    async def down(_words: Sequence[str]) -> None:
        over.set()

    return {"status": status, "fault": fault, "mend": mend, "down": down}


@asynccontextmanager
async def _beating(sandbox: Sandbox) -> AsyncIterator[None]:
    """The cluster lives. A bug that ends its life ends the sandbox, too, and is in its log."""
    owner = asyncio.current_task()
    assert owner is not None
    heart = asyncio.create_task(sandbox.pulse.run())
    heart.add_done_callback(lambda task: None if task.cancelled() else owner.cancel())
    try:
        yield
    finally:
        heart.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await heart


async def _the_end(over: asyncio.Event, folder: Path) -> None:
    mine = folder.stat().st_ino
    while not over.is_set() and _is_there(folder, mine):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), _LOOK_EVERY)


def _is_there(folder: Path, inode: int) -> bool:
    with contextlib.suppress(OSError):
        return folder.stat().st_ino == inode
    return False


def leave(folder: Path) -> None:
    """Take away what is ours, unless the folder is another's by now."""
    with contextlib.suppress(OSError):
        if folder.stat().st_ino == os.stat(".").st_ino:  # noqa: PTH116
            shutil.rmtree(folder)
            # those that are empty now
            folder.parent.rmdir()
            folder.parent.parent.rmdir()
