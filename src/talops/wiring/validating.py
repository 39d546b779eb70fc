"""`talops validate` with the real tools: no cluster is asked."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talops.domain.finding import Finding


def validate(repo: Path) -> "tuple[Finding, ...]":
    """All findings. Raises nothing for what a file can be."""
    import os

    from talops.domain.tool import Program
    from talops.files.validate import validate_files
    from talops.toolbox.find import programs
    from talops.tools.clock import ended_by_signals
    from talops.tools.talhelper import TALHELPER
    from talops.wiring.stages import tool_runner

    found = programs(repo, os.environ)
    talhelper = found.find(TALHELPER)
    path = talhelper.path if isinstance(talhelper, Program) else TALHELPER
    # ended by signals as by errors, so that nothing private is left behind
    with ended_by_signals():
        runner = tool_runner(found)
        try:
            return validate_files(repo, runner=runner, environ=found.environ, talhelper=path)
        finally:
            runner.close()
