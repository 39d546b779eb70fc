"""Whole rehearsals and plans, from files to the last event. Ratios and medians of one run.

Run by `python -m benchmarks`. CPU seconds are of a child process and its children; peak memory is its own.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).parent.parent
MEGABYTE = 1024  # ru_maxrss is in KiB on Linux
CHILD = """
import json, os, resource, sys, time
from pathlib import Path
from talops import wiring
from talops.domain.context import Context, Output
with wiring.rehearsal(Context(repo=Path(sys.argv[1])), faults=(), start=None, seed=0) as stage:
    if sys.argv[2] == "plan":
        from talops.observe import observe
        from talops.plan import upgrade_plan
        observed = observe(stage.desired, stage.tools, boot_ids=True)
        began = time.process_time()
        assert upgrade_plan(stage.desired, observed, stage.policy).upgrades
    else:
        began = time.process_time()
        sys.stdout = open(os.devnull, "w")
        code = wiring.upgrade_all(
            stage, wiring.Wish(), confirm=lambda plan: True, output=Output.PLAIN, show_commands=False
        )
        assert code == 0, code
    spent = time.process_time() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"cpu": spent, "peak": peak}), file=sys.stderr)
"""


@dataclass(frozen=True)
class Measured:
    cpu: float
    peak_mb: float


def measure(repo: Path, what: str, runs: int) -> Measured:
    """Median CPU seconds inside one process, without start-up, and the highest peak of memory in MB."""
    environment = {**os.environ, "SOPS_AGE_KEY_FILE": str(REPO / "example.agekey"), "NO_COLOR": "1"}
    found = []
    for _ in range(runs):
        argv = [sys.executable, "-c", CHILD, str(repo), what]
        done = subprocess.run(argv, env=environment, capture_output=True, check=True)
        found.append(json.loads(done.stderr.decode().splitlines()[-1]))
    return Measured(
        cpu=statistics.median(one["cpu"] for one in found), peak_mb=max(one["peak"] for one in found) / MEGABYTE
    )


def generated(folder: Path, nodes: int) -> Path:
    """A talconfig of three control planes and workers, without secrets."""
    lines = ["clusterName: bench", "talosVersion: v1.13.1", "kubernetesVersion: v1.34.2"]
    lines += ["endpoint: https://10.9.255.1:6443", "nodes:"]
    for number in range(nodes):
        role = "true" if number < 3 else "false"
        lines += [
            f"  - hostname: n-{number:04d}",
            f"    ipAddress: 10.9.{number // 250}.{number % 250 + 1}",
            f"    controlPlane: {role}",
            "    installDisk: /dev/sda",
            "    schematic:",
            "      customization:",
            "        systemExtensions:",
            "          officialExtensions: [siderolabs/iscsi-tools]",
        ]
    repo = folder / f"bench-{nodes}"
    repo.mkdir()
    (repo / "talconfig.yaml").write_text("\n".join(lines) + "\n")
    return repo


def whole_command() -> float:
    """CPU seconds of `talops rehearse upgrade all` on the example, start-up and sops included."""
    code = "import resource,subprocess,sys;subprocess.run(sys.argv[1:],check=True,stdout=subprocess.DEVNULL);"
    code += "u=resource.getrusage(resource.RUSAGE_CHILDREN);print(u.ru_utime+u.ru_stime)"
    argv = [sys.executable, "-c", code, sys.executable, "-m", "talops", "rehearse", "upgrade", "all"]
    environment = {**os.environ, "SOPS_AGE_KEY_FILE": str(REPO / "example.agekey")}
    runs = [subprocess.run(argv, cwd=REPO, env=environment, capture_output=True, check=True) for _ in range(3)]
    return statistics.median(float(run.stdout) for run in runs)


def rows() -> list[tuple[str, float, float, str]]:
    """(what, measured, limit, unit) of each number that is promised."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        example = measure(REPO, "upgrade", 5)
        small = measure(generated(folder, 30), "upgrade", 1)
        large_repo = generated(folder, 300)
        large = measure(large_repo, "upgrade", 1)
        plan = measure(generated(folder, 1000), "plan", 3)
    growth = (large.cpu / 300) / (small.cpu / 30)
    return [
        ("rehearse upgrade all, example: CPU of the command", whole_command(), 2.0, "s"),
        ("rehearse upgrade all, example: CPU a node, in process", example.cpu / 6 * 1000, 40.0, "ms"),
        ("rehearse upgrade all, 300 nodes: CPU", large.cpu, 90.0, "s"),
        ("rehearse upgrade all, 300 nodes: peak memory", large.peak_mb, 250.0, "MB"),
        ("CPU a node, 300 nodes against 30", growth, 4.0, "x"),
        ("plan of 1,000 nodes: CPU", plan.cpu, 1.0, "s"),
    ]
