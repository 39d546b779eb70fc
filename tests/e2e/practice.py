"""A practice cluster and talops before it: the real talosctl and kubectl, real processes, real time.

The cluster is a process of its own and lives fast; talops waits, decides and says as always, with shorter pauses.
"""

import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from live_cluster import PATIENCE
from live_place import Place, talconfig
from processes import talops

from real_tools import real
from talops.domain.sandbox import SandboxNode, SandboxStatus
from talops.tools import places, sandbox

SPEED = "60"
POLICY = """\
stability: {samples: 2, window: 300ms}
gates: {nodes: {timeout: 10s}, etcd: {timeout: 6s}, ceph: {timeout: 12s}, postgres: {timeout: 10s}}
drain: {timeout: 6s}
timeouts: {upgrade: 15s, boot: 10s, detach: 5s, switchover: 6s}
"""
"""Short enough for what never ends, long enough for what takes its time at that speed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice(Place):
    """A repository with a sandbox of its own."""

    talosctl: str

    def lay_out(self, *, control_planes: int, workers: int, target: str) -> None:
        for folder in ("repo", "patient", "bin", "home", "state", "tmp", "run"):
            (self.root / folder).mkdir(mode=0o700)
        for repository in (self.repo, self.patient):
            (repository / "talconfig.yaml").write_text(talconfig(control_planes, workers, target))
            (repository / "talenv.yaml").write_text("VIP: 10.30.0.10\nWORD: word\n")
        (self.repo / "talops.yaml").write_text(POLICY)
        for name, program in (("talosctl", real("talosctl", self.talosctl)), ("kubectl", real("kubectl"))):
            (self.root / "bin" / name).symlink_to(program)

    def generate(self) -> None:
        """With secrets of its own."""
        for name in ("talhelper", "sops"):
            (self.root / "bin" / name).symlink_to(real(name))
        secrets = self.ran_tool("talhelper", "gensecret")
        assert secrets.returncode == 0, secrets.stderr
        (self.repo / "talsecret.yaml").write_text(secrets.stdout)
        done = self.ran_tool("talhelper", "genconfig", "--offline-mode", "--no-gitignore")
        assert done.returncode == 0, done.stderr + done.stdout
        (self.repo / "clusterconfig" / "talosconfig").unlink()

    def edit(self, old: str, new: str) -> None:
        """The operator changes talconfig.yaml."""
        path = self.repo / "talconfig.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    @property
    def patient(self) -> Path:
        """The same repository without a policy."""
        return self.root / "patient"

    @property
    def sandbox(self) -> Path:
        return self.root / "run" / "talops" / "sandbox" / "e2e"

    @property
    def talosconfig(self) -> Path:
        return self.sandbox / "talosconfig"

    @property
    def kubeconfig(self) -> Path:
        return self.sandbox / "kubeconfig"

    @property
    def environment(self) -> dict[str, str]:
        return super(Practice, self).environment | {
            "TALOSCONFIG": str(self.talosconfig),
            "KUBECACHEDIR": str(self.root / "home" / "cache"),
        }

    def told(self, *words: str) -> str:
        """What `talops sandbox WORDS` prints."""
        done = talops("sandbox", *words, cwd=self.repo, env=self.environment)
        assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
        return done.stdout.decode()

    def up(self, *words: str, speed: str = SPEED) -> None:
        self.told("up", "--speed", speed, *words)

    def nodes(self) -> dict[str, SandboxNode]:
        """Every node as it really is, by name."""
        return {node["hostname"]: node for node in self._asked("status")["nodes"]}

    def node(self, hostname: str) -> SandboxNode:
        return self.nodes()[hostname]

    def versions(self) -> dict[str, str]:
        return {name: node["version"] for name, node in self.nodes().items()}

    def begin(self, *faults: str) -> None:
        self._asked("fault", *faults)

    def mend(self, *faults: str) -> None:
        self._asked("mend", *faults)

    def _asked(self, deed: str, *words: str) -> SandboxStatus:
        return cast(SandboxStatus, sandbox.ask(places.Place(name="e2e", folder=self.sandbox), deed, words))

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Of the cluster: it is another process, which can be asked and not be waited for."""
        until, pause = time.monotonic() + PATIENCE, threading.Event()
        while not true():
            assert time.monotonic() < until, f"the cluster never got there: {self.nodes()}"
            pause.wait(0.02)

    def ran_tool(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """talosctl or kubectl, as a person runs them."""
        return subprocess.run(
            [str(self.root / "bin" / name), *words],
            cwd=self.repo,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def traces(self) -> list[str]:
        """What a rollout must not leave behind: cordons, annotations of talops, its Lease, files and processes."""
        cordons = self._rows("nodes", "{.metadata.name}{' '}{.spec.unschedulable}{' '}{.metadata.annotations}")
        found = [row for row in cordons if " true " in row or "talops" in row]
        held = self._rows("leases", "{.metadata.name}", "-n", "kube-system")
        found += ["the Lease is held"] if "talops" in held else []
        return [*found, *self.left_over(), *self.processes().values()]

    def _rows(self, kind: str, row: str, *words: str) -> list[str]:
        """A line for each object, of what JSONPath finds in it."""
        path = "jsonpath={range .items[*]}" + row + "{'\\n'}{end}"
        done = self.ran_tool("kubectl", "get", kind, *words, "-o", path)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def left_over(self) -> list[str]:
        ours = str(self.sandbox)
        found = super(Practice, self).left_over()
        return [path for path in found if not (path.startswith(ours) or ours.startswith(path))]

    def processes(self) -> dict[int, str]:
        return {number: line for number, line in super(Practice, self).processes().items() if "talops.sim" not in line}


@contextmanager
def practice(
    *words: str,
    start: str,
    target: str,
    control_planes: int = 3,
    workers: int = 0,
    talosctl: str = "1.13.0",
    speed: str = SPEED,
    endpoint: str = "",
    configured: bool = False,
) -> Iterator[Practice]:
    """A running sandbox; `words` are more options of `sandbox up`. It is stopped at the end.

    `configured`: its nodes have the machine configs that the real talhelper has generated from the files.
    `endpoint`: the control plane whose own address is the Kubernetes API's; there is a virtual IP without one.
    """
    # short: a Unix socket's path has room for about 100 bytes
    place = Practice(root=Path(tempfile.mkdtemp(prefix="e2e-")), talosctl=talosctl)
    try:
        place.lay_out(control_planes=control_planes, workers=workers, target=target)
        if endpoint:
            address = f"10.30.0.{10 + int(endpoint.removeprefix('cp-'))}"
            (place.repo / "talenv.yaml").write_text(f"VIP: {address}\nWORD: word\n")
        if configured:
            place.generate()
        place.up("--from", start, *words, speed=speed)
        yield place
    finally:
        talops("sandbox", "down", "--all", cwd=place.repo, env=place.environment)
        shutil.rmtree(place.root)


_VARIES = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "WHEN"),
    (re.compile(r"\b(\d+(\.\d+)?(s|m|h|ms))+\b"), "TIME"),
    (re.compile(r"\b\d+ (seconds?|minutes?)\b"), "TIME"),
    (re.compile(r"\b[a-z]+/[a-z-]+-[0-9a-f-]+\b"), "POD"),
    (re.compile(r"\b\d+/\d+ objects degraded \([\d.]+%\), \d+ pgs"), "SO MUCH"),
)


def last_words(printed: str) -> list[str]:
    """How a run ended, from its verdict on; times, and the numbers that the seed has drawn, are taken out."""
    lines = printed.splitlines()
    ended = [number for number, line in enumerate(lines) if line.startswith("exit ")]
    assert ended, printed
    told = [line for line in lines if re.match(r"[a-z0-9-]+ .*LEFT", line.partition("Z  ")[2])]
    words = [line.partition("LEFT")[2] for line in told] + lines[ended[-1] - _verdict_lines(lines, ended[-1]) :]
    for pattern, instead in _VARIES:
        words = [pattern.sub(instead, line) for line in words]
    # a column is as wide as the longest time in it
    return [" ".join(line.split()) for line in words if not line.startswith("journal: ")]


def _verdict_lines(lines: Sequence[str], ended: int) -> int:
    """How many lines stand between the last dated line and the exit code."""
    dated = re.compile(r"\d{4}-\d\d-\d\dT")
    count = 0
    while count < ended and not dated.match(lines[ended - 1 - count]):
        count += 1
    return count


def kill_all(place: Practice, program: str, number: int) -> None:
    """Send a signal to every process of this place whose program that is."""
    found = [process for process, line in place.processes().items() if f"/{program} " in f"/{line}"]
    assert found, f"no {program} is running"
    for process in found:
        os.kill(process, number)
