"""talops as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

BIN = Path(sys.executable).parent
"""Where `talops`, `sops` and `kubectl` are installed."""


def environment(home: Path, **changes: str) -> dict[str, str]:
    """Of a person who has nothing configured. PATH ends with the system's own."""
    return {"HOME": str(home), "PATH": f"{BIN}{os.pathsep}/usr/bin{os.pathsep}/bin", "LANG": "C.UTF-8", **changes}


def talops(
    *words: str, cwd: Path, env: Mapping[str, str], stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    """Run it to its end. stdin is empty."""
    return subprocess.run(
        [str(BIN / "talops"), *words],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
