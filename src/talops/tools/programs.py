"""Programs that the machine has without us, and what is said of one that it has not."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from talops.domain.process import Result
from talops.domain.tool import Origin
from talops.errors import ToolMissing


def installed(name: str, path: str) -> Iterator[tuple[Origin, str]]:
    """Where the program is on PATH; and sops, which a Python package brings, beside our own Python, too."""
    on_path = shutil.which(name, path=path)
    if on_path is not None:
        yield Origin.PATH, on_path
    beside = str(Path(sys.executable).parent / name)
    if name == "sops" and beside != on_path and os.access(beside, os.X_OK):
        yield Origin.PYTHON, beside


def not_installed(name: str) -> str:
    return f"{name} is not installed, or not on PATH"


def how_to_get(name: str) -> str:
    return f"talops init   # or install {name} yourself"


def missing(name: str, result: Result) -> ToolMissing:
    """For a call that ended with NOT_FOUND. The runner may know more about it than that PATH has none."""
    why = result.stderr.decode("utf-8", "replace").strip()
    return ToolMissing(why or not_installed(name), hint=how_to_get(name))
