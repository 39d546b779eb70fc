"""The real tools of `make tools`, in the cache outside the repository."""

import os
import platform
from pathlib import Path

import pytest


def real(binary: str, version: str | None = None) -> Path:
    """The program, of that version or of any. Skips the test when it is missing; fails it where CI=true promises it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("TALOPS_TOOLS") or cache / "talops" / "tools") / binary
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    found = sorted(folder.glob(f"{version or '*'}/{platform.system().lower()}-{machine}/{binary}"))
    if found:
        return found[-1]
    missing = f"{binary} {version or ''} is not in the cache; next: make tools"
    if os.environ.get("CI") == "true":
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)
