"""`talops upgrade k8s` of six nodes on a sandbox, beside a bare `talosctl upgrade-k8s` of the same one."""

import time
from dataclasses import dataclass
from math import inf
from statistics import median

from benchmarks.practice import Practice, practice
from benchmarks.rollout import REPO

SPEED = "6"
WINDOW = 1.0
POLICY = f"stability: {{samples: 2, window: {WINDOW:g}s}}\n"
WINDOWS = 2 * WINDOW
"""Seconds that the gates are watched before the hop and after it: what bare talosctl does not do."""
PATCHES = ("v1.35.5", "v1.35.6", "v1.35.7")
"""Of Kubernetes, one after the other: every run takes each component on, and does the same work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Seconds of the wall."""

    talops: float
    talosctl: float


def measure() -> Measured:
    ours, bare = [], []
    with practice(REPO, "--speed", SPEED) as sandbox:
        (sandbox.repo / "talops.yaml").write_text(POLICY)
        address = next(node["address"] for node in sandbox.status()["nodes"] if node["role"] == "controlplane")
        # in turns, so that a machine that is busy for a while is busy for both
        for number, release in enumerate(PATCHES):
            if number % 2:
                ours.append(_ours(sandbox, release))
            else:
                bare.append(_bare(sandbox, address, release))
    return Measured(talops=median(ours), talosctl=median(bare))


def _ours(sandbox: Practice, release: str) -> float:
    began = time.perf_counter()
    sandbox.ran("upgrade", "k8s", "--to", release, "--yes", "--output", "json")
    return time.perf_counter() - began


def _bare(sandbox: Practice, address: str, release: str) -> float:
    """The command line that talops runs."""
    words = ("--to", release, "--with-docs=false", "--with-examples=false")
    began = time.perf_counter()
    sandbox.call("talosctl", "-n", address, "upgrade-k8s", *words)
    return time.perf_counter() - began


def rows() -> list[tuple[str, float, float, str]]:
    """(what, measured, limit, unit) of each number; infinity where nothing is promised."""
    found = measure()
    ratio = (found.talops - WINDOWS) / found.talosctl
    return [
        ("upgrade k8s, six nodes: wall without its stable windows, bare: 1", ratio, 1.15, "x"),
        ("  the whole of it", found.talops, inf, "s"),
        ("  bare talosctl upgrade-k8s", found.talosctl, inf, "s"),
    ]
