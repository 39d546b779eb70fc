"""`~` in paths."""

import os
from pathlib import Path


def expanded(path: str) -> Path:
    """Unlike Path.expanduser() and Path.home(), it does not fail for a user that the machine does not know."""
    return Path(os.path.expanduser(path))  # noqa: PTH111
