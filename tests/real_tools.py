"""The real tools, built at pinned versions into a cache."""

import os
import platform
from pathlib import Path

import pytest


def real(name: str, version: str | None = None) -> Path:
    """The binary of this tool, the newest one without a version. Skips the test when it is missing; fails with CI."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("TALOPS_TOOLS") or cache / "talops" / "tools") / name
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    found = sorted(folder.glob(f"{version or '*'}/{platform.system().lower()}-{machine}/{name}"))
    if found:
        return found[-1]
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} {version or ''} is not in {folder}", pytrace=False)
    pytest.skip(f"{name} {version or ''} is not in {folder}")
