"""Where an operator runs talops: a repository, the tools on PATH, and everywhere that talops may write."""

import json
import os
import select
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from live_cluster import PATIENCE, LiveCluster

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
TALOS_SECRET, KUBE_SECRET, ENV_SECRET = "t4l0s-s3cr3t-key", "kub3-s3cr3t-token", "3nv-s3cr3t-w0rd"
SECRETS = (TALOS_SECRET, KUBE_SECRET, ENV_SECRET)
TALENV = f"VIP: 10.30.0.10\nWORD: {ENV_SECRET}\n"
POLICY = "stability: {samples: 2, window: 300ms}\n"


def talconfig(control_planes: int, workers: int, target: str) -> str:
    nodes = [(f"cp-{n}", f"10.30.0.{10 + n}", "true") for n in range(1, control_planes + 1)]
    nodes += [(f"w-{n}", f"10.30.0.{20 + n}", "false") for n in range(1, workers + 1)]
    rows = "".join(
        f"  - {{hostname: {name}, ipAddress: {address}, controlPlane: {plane}, installDisk: /dev/sda}}\n"
        for name, address, plane in nodes
    )
    return (
        f"clusterName: e2e\ntalosVersion: {target}\nkubernetesVersion: v1.35.4\nendpoint: https://${{VIP}}:6443\n"
        f'patches:\n  - "machine: {{env: {{WORD: ${{WORD}}}}}}"\nnodes:\n{rows}'
    )


def kubeconfig(port: int, *, current: str = "e2e") -> str:
    """The context `elsewhere` is a cluster that does not exist."""
    clusters = [
        {"name": "e2e", "cluster": {"server": f"http://127.0.0.1:{port}"}},
        {"name": "elsewhere", "cluster": {"server": "http://127.0.0.1:1"}},
    ]
    contexts = [{"name": name, "context": {"cluster": name, "user": "admin"}} for name in ("e2e", "elsewhere")]
    users = [{"name": "admin", "user": {"token": KUBE_SECRET}}]
    rest = {"clusters": clusters, "contexts": contexts, "users": users, "current-context": current}
    return json.dumps({"apiVersion": "v1", "kind": "Config", **rest})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder with everything that talops reads, and everywhere it may write."""

    root: Path

    def write_files(self, *, control_planes: int, workers: int, target: str) -> None:
        for folder in ("repo/clusterconfig", "bin", "home", "state", "tmp", "run"):
            (self.root / folder).mkdir(parents=True)
        (self.repo / "talconfig.yaml").write_text(talconfig(control_planes, workers, target))
        (self.repo / "talenv.yaml").write_text(TALENV)
        (self.repo / "talops.yaml").write_text(POLICY)
        self.talosconfig.write_text(f"context: e2e\ncontexts: {{e2e: {{key: {TALOS_SECRET}}}}}\n")
        client = (HERE / "talosctl_client.py").read_text()
        talosctl = self.root / "bin" / "talosctl"
        # -S and -E: neither site nor the environment; it starts in 15 ms
        talosctl.write_text(f"#!{sys.executable} -SE\n{client}\n\nmain({str(self.socket)!r})\n")
        talosctl.chmod(0o755)
        (self.root / "bin" / "kubectl").symlink_to(BIN / "kubectl")

    @property
    def repo(self) -> Path:
        return self.root / "repo"

    @property
    def talosconfig(self) -> Path:
        return self.repo / "clusterconfig" / "talosconfig"

    @property
    def socket(self) -> Path:
        return self.root / "machines"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "home" / "kubeconfig"

    @property
    def environment(self) -> dict[str, str]:
        root = str(self.root)
        folders = {"HOME": "home", "XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "run", "TMPDIR": "tmp"}
        return {name: f"{root}/{folder}" for name, folder in folders.items()} | {
            "PATH": f"{root}/bin",
            "KUBECONFIG": str(self.kubeconfig),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
        }

    def journals(self) -> list[Path]:
        return sorted((self.root / "state").rglob("*.jsonl"))

    def left_over(self) -> list[str]:
        """Files where talops keeps what it needs only while it runs."""
        return [str(path) for folder in ("tmp", "run") for path in (self.root / folder).rglob("*")]

    def processes(self) -> dict[int, str]:
        """The command lines of live processes that talops of this place has started."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if str(self.root / "run").encode() in words:
                found[int(process.name)] = words.replace(b"\0", b" ").decode()
        return found

    def process(self, words: str) -> int:
        """The one whose command line contains that."""
        (number,) = (number for number, line in self.processes().items() if words in line)
        return number


Live = tuple[LiveCluster, Place]
Make = Callable[..., Live]
"""The fixtures `live` and `make`."""


def wait_for_end(process: int) -> None:
    """Of a process that is not our child."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], PATIENCE)[0], "it does not end"
    finally:
        os.close(descriptor)
