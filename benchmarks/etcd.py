"""`talops etcd status` while two of five control planes take connections and say nothing; and while all are well."""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from math import inf
from pathlib import Path

from benchmarks.practice import Practice, practice
from tools.table import home, table

RUNS = 5
PLANES = 5
MUTE = ("endpoint-mute@cp-2", "node-mute@cp-2", "endpoint-mute@cp-4", "node-mute@cp-4")
"""Neither by their own endpoints nor by way of another one do these two say anything."""
NOT_HEALTHY = 4
HEAD = """\
clusterName: five
talosVersion: v1.13.2
kubernetesVersion: v1.35.4
endpoint: https://10.30.0.10:6443
nodes:
"""
NODE = "  - {{hostname: cp-{number}, ipAddress: 10.30.0.1{number}, controlPlane: true, installDisk: /dev/sda}}\n"


def rows() -> list[tuple[str, float, float, str]]:
    """(what, measured, limit, unit); the slowest of the runs, since a person waits for each. Both talosctls."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        nodes = "".join(NODE.format(number=number) for number in range(1, PLANES + 1))
        (folder / "talconfig.yaml").write_text(HEAD + nodes)
        with practice(folder) as sandbox:
            return [row for version, path in _talosctls(folder) for row in _rows(sandbox, version, path)]


def _talosctls(folder: Path) -> Iterator[tuple[str, str]]:
    """Each that is built, with the beginning of a PATH on which it is the first."""
    for tool in table().tools:
        if tool.name == "talosctl":
            first = folder / tool.version
            first.mkdir()
            (first / "talosctl").symlink_to(home(tool) / "talosctl")
            yield tool.version, f"{first}{os.pathsep}"


def _rows(sandbox: Practice, version: str, path: str) -> Iterator[tuple[str, float, float, str]]:
    well = [_seconds(sandbox, path, 0) for _ in range(RUNS)]
    sandbox.ran("sandbox", "fault", *MUTE)
    try:
        mute = [_seconds(sandbox, path, NOT_HEALTHY) for _ in range(RUNS)]
    finally:
        sandbox.ran("sandbox", "mend")
    yield f"etcd status, two of five mute, talosctl {version}: slowest of {RUNS}", max(mute), 6.0, "s"
    yield "  median", statistics.median(mute), inf, "s"
    yield f"  five of five well: median of {RUNS}", statistics.median(well), inf, "s"


def _seconds(sandbox: Practice, path: str, code: int) -> float:
    began = time.perf_counter()
    sandbox.ran("etcd", "status", path=path, codes={code})
    return time.perf_counter() - began
