"""The example's repository with a sandbox built from what `talops gen config` makes of it, and the real tools."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from processes import environment, talops

from command_line import KEY, ROOT
from real_tools import real

TOOLS = ("talosctl", "kubectl", "talhelper", "sops")
PATIENCE = 30.0
PLANES, WORKERS = ("cp-1", "cp-2", "cp-3"), ("w-1", "w-2", "w-3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    root: Path

    @property
    def repo(self) -> Path:
        return self.root / "repo"

    @property
    def sandbox(self) -> Path:
        return self.root / "run" / "talops" / "sandbox" / "example"

    @property
    def environment(self) -> dict[str, str]:
        found = environment(
            self.root / "home",
            XDG_RUNTIME_DIR=str(self.root / "run"),
            SOPS_AGE_KEY_FILE=str(KEY),
            TALOSCONFIG=str(self.sandbox / "talosconfig"),
            KUBECONFIG=str(self.sandbox / "kubeconfig"),
            KUBECACHEDIR=str(self.root / "cache"),
        )
        return found | {"PATH": f"{self.root / 'bin'}{os.pathsep}{found['PATH']}"}

    def ran(self, *words: str, **more: str) -> tuple[int, str, str]:
        """`talops WORDS`: its exit code, stdout and stderr."""
        done = talops(*words, cwd=self.repo, env=self.environment | more)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def talosctl(self, *words: str, node: str) -> str:
        """On the node of that address. What it printed."""
        done = subprocess.run(
            ["talosctl", "-n", node, *words],
            env=self.environment,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode() + done.stderr.decode()

    def config(self, hostname: str) -> Path:
        return self.repo / "clusterconfig" / f"example-{hostname}.yaml"

    def apply(self, hostname: str, *changes: tuple[str, str], mode: str = "no-reboot") -> None:
        """By hand: the generated config of this node with these replacements."""
        text = self.config(hostname).read_text()
        for before, after in changes:
            assert before in text, before
            text = text.replace(before, after)
        path = self.root / "by-hand.yaml"
        path.write_text(text)
        self.talosctl("apply-config", "--file", str(path), "--mode", mode, node=address(hostname))

    def give_back(self, hostnames: Sequence[str] = (*PLANES, *WORKERS)) -> None:
        """Every node has the config of the files again."""
        for hostname in hostnames:
            self.apply(hostname)


def address(hostname: str) -> str:
    role, _, number = hostname.partition("-")
    return f"10.20.0.{(10 if role == 'cp' else 20) + int(number)}"


@contextmanager
def compared() -> Iterator[Compared]:
    """Gone at the end, with its sandbox."""
    found = Compared(root=Path(tempfile.mkdtemp(prefix="e2e-compared-")))
    try:
        for folder in ("repo", "home", "run", "bin", "cache"):
            (found.root / folder).mkdir(mode=0o700)
        for name in ("talconfig.yaml", "talenv.sops.yaml", "talsecret.sops.yaml"):
            shutil.copy(ROOT / name, found.repo)
        shutil.copytree(ROOT / "patches", found.repo / "patches")
        for name in TOOLS:
            (found.root / "bin" / name).symlink_to(real(name))
        for words in (("gen", "config", "--offline"), ("sandbox", "up", "--from", "v1.13.2", "--speed", "50")):
            code, out, err = found.ran(*words)
            assert code == 0, out + err
        yield found
    finally:
        found.ran("sandbox", "down", "--all")
        shutil.rmtree(found.root)
