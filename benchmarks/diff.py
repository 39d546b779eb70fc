"""`talops diff` through the real tools: how many processes it starts, and how long it takes.

In the worst case: every node drifts, and nothing has been generated yet, so that talhelper runs, too.
"""

import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.practice import TOOLS, Practice, practice
from benchmarks.rollout import REPO, generated
from benchmarks.status import processes

RUNS = 3
_TOOLS = (*TOOLS, "talhelper", "sops")
_SECRETS = "talsecret.sops.yaml"


def cluster(folder: Path, nodes: int) -> Path:
    """With the secrets of the example: talhelper generates nothing without any."""
    repo = generated(folder, nodes)
    shutil.copy(REPO / _SECRETS, repo)
    return repo


def _seconds(sandbox: Practice) -> float:
    began = time.perf_counter()
    shown = sandbox.ran("diff")
    seconds = time.perf_counter() - began
    if b"100 nodes of 100 drift" not in shown:
        raise RuntimeError(f"not what was to be measured: {shown.decode()[-300:]}")
    return seconds


def rows() -> list[tuple[str, float, float, str]]:
    """(what, measured, limit, unit) of each number that is promised."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with practice(cluster(folder, 10)) as sandbox:
            few = len(processes(sandbox, "diff", tools=_TOOLS))
        with practice(cluster(folder, 100)) as sandbox:
            many = len(processes(sandbox, "diff", tools=_TOOLS))
            fastest = min(_seconds(sandbox) for _ in range(RUNS))
    return [
        ("diff: processes for 100 nodes, against 10", many / few, 1.0, "x"),
        (f"diff of 100 nodes, every one of which drifts ({many} processes)", fastest, 10.0, "s"),
    ]
