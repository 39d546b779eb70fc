"""`talops validate` with the real tools: no cluster is asked."""

from pathlib import Path
from typing import TYPE_CHECKING

from talops.wiring.generating import programs_of, running

if TYPE_CHECKING:
    from talops.domain.finding import Finding


def validate(repo: Path) -> "tuple[Finding, ...]":
    """All findings. Raises nothing for what a file can be."""
    from talops.files.validate import validate_files

    found, talhelper = programs_of(repo)
    with running(found) as runner:
        return validate_files(repo, runner=runner, environ=found.environ, talhelper=talhelper)
