"""How long the command line takes to answer, as ratios to a bare interpreter, side by side in one run."""

import compileall
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPO = Path(__file__).parent.parent
ROUNDS = 21
TALOPS = (str(Path(sys.executable).with_name("talops")),)


def _completion(words: str) -> dict[str, str]:
    typed = words.split(" ")
    return {"_TALOPS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(typed) - 1)}


CASES: tuple[tuple[str, tuple[str, ...], dict[str, str], float], ...] = (
    ("talops --version", (*TALOPS, "--version"), {}, 1.6),
    ("completion of commands", TALOPS, _completion("talops up"), 1.6),
    ("completion of node names", TALOPS, _completion("talops upgrade all --only "), 6.0),
    ("talops --help", (*TALOPS, "--help"), {}, 7.5),
)
BARE = (sys.executable, "-c", "pass")


def rows() -> list[tuple[str, float, float, str]]:
    """(what, ratio of medians to a bare interpreter, limit, unit). The cases take turns, so that noise hits all."""
    compileall.compile_dir(str(REPO / "src"), quiet=2)
    times: dict[str, list[float]] = {name: [] for name, *_ in CASES}
    bare: list[float] = []
    for _ in range(ROUNDS):
        bare.append(_seconds(BARE, {}))
        for name, argv, environment, _limit in CASES:
            times[name].append(_seconds(argv, environment))
    base = statistics.median(bare)
    return [
        (f"{name}, against python -c pass", statistics.median(times[name]) / base, limit, "x")
        for name, _, _, limit in CASES
    ]


def _seconds(argv: tuple[str, ...], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(argv, cwd=REPO, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began
