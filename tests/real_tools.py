"""The real tools of `make tools`, in the cache outside the repository."""

from pathlib import Path

from promised import missing
from tools.table import home, table


def real(binary: str, version: str | None = None) -> Path:
    """The program, of that version or of the first that the table names. Skips the test when it is not there; fails it
    where CI=true promises it."""
    tools = table()
    tool = next(tool for tool in tools.tools if binary in tool.binaries and version in (None, tool.version))
    if not tools.ready(tool):
        missing(f"{tool} is not in the cache, or stale; next: make tools")
    return home(tool) / binary
