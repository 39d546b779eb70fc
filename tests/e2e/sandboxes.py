"""Where an operator keeps sandboxes, and the real `talops sandbox …` before them."""

import json
import os
import select
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from processes import environment, talops

from command_line import TALCONFIG, repository
from real_tools import real

PATIENCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A repository (cluster `test`: three control planes, two workers) and a home."""

    root: Path

    @property
    def repo(self) -> Path:
        return self.root / "repo"

    @property
    def runtime(self) -> Path:
        return self.root / "run"

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.root / "home", XDG_RUNTIME_DIR=str(self.runtime))

    def folder(self, name: str = "test") -> Path:
        return self.runtime / "talops" / "sandbox" / name

    def ran(self, *words: str, cwd: Path | None = None, more: Mapping[str, str] | None = None) -> tuple[int, str]:
        """`talops WORDS`: its exit code, and both streams."""
        done = talops(*words, cwd=cwd or self.repo, env=self.environment | dict(more or {}))
        return done.returncode, done.stdout.decode() + done.stderr.decode()

    def up(self, *words: str) -> int:
        """Start one. Its process."""
        code, printed = self.ran("sandbox", "up", *words)
        assert code == 0, printed
        return int(printed.partition(": process ")[2].split(",")[0])

    def status(self, name: str = "test") -> dict[str, object]:
        code, printed = self.ran("sandbox", "status", "--name", name, "--json")
        assert code == 0, printed
        found: dict[str, object] = json.loads(printed)
        return found

    def configs(self, name: str = "test") -> dict[str, str]:
        """What `eval "$(talops sandbox env)"` sets."""
        code, printed = self.ran("sandbox", "env", "--name", name)
        assert code == 0, printed
        words = [word for line in printed.splitlines() for word in shlex.split(line)[1:]]
        return dict(word.split("=", 1) for word in words)

    def kubectl(self, *words: str, name: str = "test") -> tuple[int, str]:
        cache = {"KUBECACHEDIR": str(self.root / "cache")}
        done = subprocess.run(
            ["kubectl", *words],
            env=self.environment | cache | self.configs(name),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout.decode() + done.stderr.decode()

    def talosctl(self, *words: str, node: str, name: str = "test") -> str:
        """Its stdout; an assertion fails when it does not exit 0."""
        done = subprocess.run(
            [str(real("talosctl")), "-n", node, *words],
            env=self.environment | self.configs(name),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def left(self) -> list[str]:
        return [str(path) for path in self.runtime.rglob("*")]


@contextmanager
def shelf() -> Iterator[Shelf]:
    """Every sandbox on it is stopped at the end."""
    # the longer the better: a socket's whole path has room for about 100 bytes
    found = Shelf(root=Path(tempfile.mkdtemp(prefix=f"e2e-sandbox-{'x' * 80}-")))
    try:
        for folder in (found.root / "home", found.runtime):
            folder.mkdir(mode=0o700)
        repository(found.repo, TALCONFIG)
        yield found
    finally:
        found.ran("sandbox", "down", "--all")
        rmtree(found.root)


@contextmanager
def watched(process: int) -> Iterator[int]:
    """A descriptor that is readable when the process has ended."""
    descriptor = os.pidfd_open(process)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def wait_for_end(descriptor: int) -> None:
    assert select.select([descriptor], [], [], PATIENCE)[0], "it does not end"


def listening(process: int) -> set[str]:
    """Address and port of each TCP socket on which it listens, as /proc has them: `0100007F:C350`."""
    sockets = set()
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        try:
            sockets.add(str(descriptor.readlink()))
        except FileNotFoundError:
            continue
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for row in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            words = row.split()
            if f"socket:[{words[9]}]" in sockets and (words[3] == "0A" or table.startswith("udp")):
                found.add(words[1])
    return found
