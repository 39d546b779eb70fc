"""The real tools for a new repository."""

import os
from pathlib import Path

from talops.domain.context import Context
from talops.files.starter import Programs, Starter, start_repository
from talops.tools.clock import ended_by_signals
from talops.tools.runner import ShRunner


def start(context: Context, name: str, folder: str | None) -> Starter:
    """Make it: in DIR, or in a folder of its name where we stand (`-C` says where). A signal leaves nothing behind."""
    where = Path(folder) if folder else context.repo / name
    runner = ShRunner()
    try:
        with ended_by_signals():
            return start_repository(name, where, runner=runner, programs=Programs(), environ=os.environ)
    finally:
        runner.close()
