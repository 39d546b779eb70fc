"""The real tools for a new repository."""

import os
from pathlib import Path

from talops.domain.context import Context
from talops.domain.tool import Missing
from talops.errors import ToolMissing
from talops.files.starter import TOOLS, Starter, start_repository
from talops.toolbox.find import Programs, programs
from talops.tools.clock import ended_by_signals
from talops.wiring.stages import tool_runner


def start(context: Context, name: str, folder: str | None) -> Starter:
    """Make it: in DIR, or in a folder of its name where we stand (`-C` says where). A signal leaves nothing behind."""
    found = programs(context.repo, os.environ)
    _all_there(found)
    runner = tool_runner(found)
    try:
        with ended_by_signals():
            where = Path(folder) if folder else context.repo / name
            return start_repository(name, where, runner=runner, environ=os.environ)
    finally:
        runner.close()


def _all_there(found: Programs) -> None:
    """Raises ToolMissing, for all that are missing at once."""
    missing = [name for name in TOOLS if isinstance(found.find(name), Missing)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise ToolMissing(
            f"{', '.join(missing)} {verb} not installed: without {'it' if len(missing) == 1 else 'them'} there are no "
            "secrets for a new cluster",
            hint="talops init   # gets the tools; then the same command again",
        )
