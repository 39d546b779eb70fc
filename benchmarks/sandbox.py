"""How soon a sandbox is ready, from the command to its end, and how much memory its process takes."""

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.rollout import REPO, generated
from benchmarks.startup import TALOPS


def measure(repo: Path, *, runs: int) -> tuple[float, float]:
    """Median seconds until `talops sandbox up` has ended, and the highest peak of memory of its process in MB."""
    seconds, peaks = [], []
    with tempfile.TemporaryDirectory() as runtime:
        for _ in range(runs):
            began = time.perf_counter()
            _ran(repo, runtime, ["up"])
            seconds.append(time.perf_counter() - began)
            process = json.loads(_ran(repo, runtime, ["status", "--json"]))["pid"]
            peaks.append(_peak(Path(f"/proc/{process}/status")))
            _ran(repo, runtime, ["down"])
    return statistics.median(seconds), max(peaks)


def _ran(repo: Path, runtime: str, words: Sequence[str]) -> bytes:
    environment = {
        **os.environ,
        "XDG_RUNTIME_DIR": runtime,
        "XDG_STATE_HOME": runtime,
        "SOPS_AGE_KEY_FILE": str(REPO / "example.agekey"),
    }
    argv = [*TALOPS, "sandbox", *words]
    return subprocess.run(argv, cwd=repo, env=environment, stdout=subprocess.PIPE, check=True).stdout


def _peak(status: Path) -> float:
    row = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
    return int(row.split()[1]) / 1024


def rows() -> list[tuple[str, float, float, str]]:
    """(what, measured, limit, unit) of each number that is promised."""
    with tempfile.TemporaryDirectory() as folder:
        small, _ = measure(REPO, runs=5)
        large, peak = measure(generated(Path(folder), 100), runs=3)
    return [
        ("sandbox up, six nodes: ready", small, 2.0, "s"),
        ("sandbox up, 100 nodes: ready", large, 6.0, "s"),
        ("sandbox up, 100 nodes: peak memory", peak, 150.0, "MB"),
    ]
