"""Runs command lines in this process, as `talops` does, and makes repositories for them."""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

from talops.cli.run import run

ROOT = Path(__file__).parents[1]
"""The example cluster is at the root of the repository."""
KEY = ROOT / "example.agekey"

TALCONFIG = """\
clusterName: test
endpoint: https://10.0.0.10:6443
talosVersion: v1.13.2
kubernetesVersion: v1.35.4
nodes:
  - {hostname: cp-1, ipAddress: 10.0.0.11, controlPlane: true, installDisk: /dev/sda}
  - {hostname: cp-2, ipAddress: 10.0.0.12, controlPlane: true, installDisk: /dev/sda}
  - {hostname: cp-3, ipAddress: 10.0.0.13, controlPlane: true, installDisk: /dev/sda}
  - {hostname: worker-1, ipAddress: 10.0.0.21, installDisk: /dev/sda}
  - {hostname: worker-2, ipAddress: 10.0.0.22, installDisk: /dev/sda}
"""
"""Plain: needs neither sops nor a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command line did."""

    exit: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


def talops(*words: str) -> Ran:
    """Run it. stdin and stdout are no terminals."""
    out, err = _stream(), _stream()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words)
    return Ran(exit=int(code), out=_text(out), err=_text(err))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def repository(folder: Path, talconfig: str = TALCONFIG, **others: str) -> Path:
    """A cluster repository; `others` are files, `__` in a name stands for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "talconfig.yaml").write_text(talconfig)
    for name, text in others.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder
