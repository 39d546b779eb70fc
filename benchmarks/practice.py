"""A sandbox for the length of a measurement, in a home of its own, and commands that are run against it."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rollout import REPO
from benchmarks.startup import TALOPS
from talops.domain.process import Call
from talops.domain.sandbox import SandboxEvent, SandboxStatus

TOOLS = ("talosctl", "kubectl")
PENDING = 3
"""The exit code of talops where there is something to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """`repo` holds the files that the sandbox is built from; `root` is private and goes away."""

    repo: Path
    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of commands before the sandbox."""
        folder = next(self.root.glob("run/talops/sandbox/*"), self.root)
        return {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.root),
            "XDG_RUNTIME_DIR": str(self.root / "run"),
            "XDG_STATE_HOME": str(self.root / "state"),
            "SOPS_AGE_KEY_FILE": str(REPO / "example.agekey"),
            "KUBECACHEDIR": str(self.root / "cache"),
            "TALOSCONFIG": str(folder / "talosconfig"),
            "KUBECONFIG": str(folder / "kubeconfig"),
            "NO_COLOR": "1",
        }

    def ran(self, *words: str, path: str = "", codes: Collection[int] = (0, PENDING)) -> bytes:
        """`talops WORDS`: what it printed, be there something to do or not.

        Raises CalledProcessError, after its errors were shown.
        """
        environment = self.environment
        environment["PATH"] = path + environment["PATH"]
        argv = [*TALOPS, *words]
        done = subprocess.run(argv, cwd=self.repo, env=environment, stdout=subprocess.PIPE, check=False)
        if done.returncode not in codes:
            done.check_returncode()
        return done.stdout

    def call(self, *argv: str) -> bytes:
        """A tool as it is."""
        done = subprocess.run(argv, cwd=self.repo, env=self.environment, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)}: {done.stderr.decode()[-2000:]}")
        return done.stdout

    def side_by_side(self, calls: Sequence[Call]) -> float:
        """Seconds until all of these have ended, as they are."""
        began = time.perf_counter()
        nothing = subprocess.DEVNULL
        started = [subprocess.Popen(call.argv, env=self.environment, stdout=nothing, stderr=nothing) for call in calls]
        codes = [process.wait() for process in started]
        seconds = time.perf_counter() - began
        if any(codes):
            raise RuntimeError(f"not all of these were answered: {[call.argv for call in calls]}")
        return seconds

    def status(self) -> SandboxStatus:
        found: SandboxStatus = json.loads(self.ran("sandbox", "status", "--json"))
        return found

    def history(self) -> Sequence[SandboxEvent]:
        return self.status()["history"]


@contextmanager
def practice(repo: Path, *words: str) -> Iterator[Practice]:
    """`talops sandbox up WORDS`, and its end. The files of `repo` are linked: the policy beside them can be ours."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "repo").mkdir()
        (root / "run").mkdir(mode=0o700)
        for found in (*repo.glob("tal*.yaml"), *repo.glob("patches")):
            (root / "repo" / found.name).symlink_to(found.absolute())
        found_one = Practice(repo=root / "repo", root=root)
        found_one.ran("sandbox", "up", *words)
        try:
            yield found_one
        finally:
            found_one.ran("sandbox", "down")
