"""The real tools for a new repository: those that are there, or downloaded ones."""

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from talops.config import load_tools
from talops.domain.context import Context
from talops.domain.tool import Missing, Watcher
from talops.errors import ToolMissing
from talops.files.starter import TOOLS, Starter, must_be_free, start_repository
from talops.toolbox.find import Programs, programs
from talops.toolbox.initialise import to_begin_with
from talops.toolbox.lock import read_lock
from talops.wiring.stages import tool_runner
from talops.wiring.tools import InitWish, init, provider


def start(context: Context, name: str, folder: str | None, watcher: Watcher, *, offline: bool) -> Starter:
    """Make it: in DIR, or in a folder of its name where we stand (`-C` says where). A signal leaves nothing behind.

    Tools that are missing are downloaded into the store; with `offline` they are a ToolMissing.
    """
    from talops.tools.clock import ended_by_signals

    where = Path(folder) if folder else context.repo / name
    # before anything is downloaded
    must_be_free(name, where)
    with ExitStack() as stack:
        stack.enter_context(ended_by_signals())
        found = programs(context.repo, os.environ)
        missing = missing_of(found)
        if missing and not offline:
            lock, settings = read_lock(context.repo), load_tools(context.repo)
            found = to_begin_with(provider(stack, context.repo, lock, settings, watcher), settings, TOOLS)
            missing = missing_of(found)
        if missing:
            raise ToolMissing(
                f"it takes {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed",
                hint="install that yourself, or let talops do it: the same command without --offline",
            )
        runner = tool_runner(found)
        stack.callback(runner.close)
        return start_repository(name, where, runner=runner, environ=os.environ)


def missing_of(found: Programs) -> tuple[str, ...]:
    return tuple(name for name in TOOLS if isinstance(found.find(name), Missing))


def equip(context: Context, starter: Starter, watcher: Watcher) -> None:
    """What `talops init` does in the new repository, where PATH has not all that it needs to generate configs.

    Raises what kept a tool out; the repository stays.
    """
    if missing_of(programs(starter.folder, os.environ)):
        init(replace(context, repo=starter.folder), InitWish(), watcher)
