"""What `talops gen config` costs beside a bare `talhelper genconfig` of the same files, side by side in one run."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.table import home, table

ROOT = Path(__file__).parent.parent
TALOPS = str(Path(sys.executable).with_name("talops"))
SMALL, LARGE = 5, 500
TALCONFIG = """\
clusterName: bench
endpoint: https://10.1.0.1:6443
talosVersion: v1.13.2
kubernetesVersion: v1.35.4
nodes:
"""


def rows() -> list[tuple[str, float, float, str]]:
    """(what, seconds or ratio, limit, unit)."""
    with tempfile.TemporaryDirectory() as root:
        small = _repository(Path(root) / "small", SMALL)
        large = _repository(Path(root) / "large", LARGE)
        bare, generated, idle = _measured(small, rounds=7)
        bare_large, generated_large, idle_large = _measured(large, rounds=3)
    return [
        (f"gen config of {SMALL} nodes, more than talhelper genconfig", generated - bare, 0.6, "s"),
        (f"gen config of {SMALL} nodes, nothing changed", idle, 0.25, "s"),
        (f"gen config of {LARGE} nodes, against talhelper genconfig", generated_large / bare_large, 1.0, "x"),
        (f"gen config of {LARGE} nodes, nothing changed", idle_large, 0.5, "s"),
    ]


def _measured(repo: Path, rounds: int) -> tuple[float, float, float]:
    """Seconds, at best (neighbours are no cost of ours): bare talhelper, talops with all to do, with nothing to do."""
    talhelper = str(_talhelper() / "talhelper")
    times: dict[str, list[float]] = {"bare": [], "generated": [], "idle": []}
    for _ in range(rounds):
        # as a person runs it: with its own .gitignore
        times["bare"].append(_seconds(repo, talhelper, "genconfig", "--offline-mode", "-o", str(repo / "bare")))
        times["generated"].append(_seconds(repo, TALOPS, "gen", "config", "--offline", "--force"))
        times["idle"].append(_seconds(repo, TALOPS, "gen", "config", "--offline"))
    bare, generated, idle = (min(times[name]) for name in ("bare", "generated", "idle"))
    return bare, generated, idle


def _repository(folder: Path, nodes: int) -> Path:
    folder.mkdir()
    lines = (
        f"  - {{hostname: n-{n}, ipAddress: 10.1.{n // 200}.{n % 200 + 1}, controlPlane: {str(n < 3).lower()},"
        " installDisk: /dev/sda}\n"
        for n in range(nodes)
    )
    (folder / "talconfig.yaml").write_text(TALCONFIG + "".join(lines))
    shutil.copy(ROOT / "talsecret.sops.yaml", folder)
    return folder


def _talhelper() -> Path:
    return home(next(tool for tool in table().tools if "talhelper" in tool.binaries))


def _seconds(repo: Path, *argv: str) -> float:
    env = {**os.environ, "PATH": f"{_talhelper()}{os.pathsep}{os.environ['PATH']}", "HOME": str(repo.parent)}
    env["SOPS_AGE_KEY_FILE"] = str(ROOT / "example.agekey")
    began = time.perf_counter()
    subprocess.run(argv, cwd=repo, env=env, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began
