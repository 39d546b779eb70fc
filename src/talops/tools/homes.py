"""`~` in paths, and where tools keep their things below it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def expanded(path: str) -> Path:
    """Unlike Path.expanduser() and Path.home(), it does not fail for a user that the machine does not know."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


def sops_key_file(environ: Mapping[str, str]) -> Path:
    """Where sops looks for age keys when nothing names a place. Source: its documentation."""
    home = Path(environ.get("HOME") or expanded("~"))
    default = home / "Library" / "Application Support" if sys.platform == "darwin" else home / ".config"
    return Path(environ.get("XDG_CONFIG_HOME") or default) / "sops" / "age" / "keys.txt"


def is_file(path: Path) -> bool:
    """Unlike Path.is_file(), it does not fail where we may not look, or for a name that cannot be."""
    return os.path.isfile(path)  # noqa: PTH113


def is_there(path: Path) -> bool:
    """Unlike Path.exists(), likewise."""
    return os.path.exists(path)  # noqa: PTH110
