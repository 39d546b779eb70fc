"""How long `talops validate` takes over 500 nodes, and how much of that is talhelper's own."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from talops.files.throwaway import throwaway_secrets

NODES = 500
TALOPS = str(Path(sys.executable).with_name("talops"))
HEAD = """\
clusterName: large
talosVersion: v1.13.8
kubernetesVersion: v1.36.0
endpoint: https://10.0.0.10:6443
patches: ["@./patches/all.yaml"]
controlPlane: {schematic: {customization: {extraKernelArgs: [net.ifnames=0]}}}
worker:
  schematic: {customization: {systemExtensions: {officialExtensions: [siderolabs/iscsi-tools]}}}
nodes:
"""
NODE = """\
  - hostname: ${{PREFIX}}-{number}
    ipAddress: 10.{high}.{low}.11
    controlPlane: {plane}
    installDisk: /dev/sda
    nodeLabels: {{zone: "z-{zone}"}}
    networkInterfaces:
      - interface: eth0
        addresses: ["10.{high}.{low}.11/8"]
        mtu: 9000
"""


def rows() -> list[tuple[str, float, float, str]]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        repo = _repository(folder / "repo")
        environ = {**os.environ, "PREFIX": "n"}
        validate = (TALOPS, "-C", str(repo), "validate")
        # talhelper's schema is remembered from the first time on
        _seconds(validate, environ)
        ours = min(_seconds(validate, environ) for _ in range(3))
        options = ("--offline-mode", "--no-gitignore", "-c", "talconfig.yaml", "-s", "talsecret.yaml")
        bare = min(
            _seconds(("talhelper", "genconfig", *options, "-o", str(folder / f"out-{n}")), environ, repo)
            for n in range(3)
        )
    return [
        (f"talops validate, {NODES} nodes", ours, 4.0, "s"),
        # what remains where other work slows both down
        ("the same, against a bare talhelper genconfig", ours / bare, 2.2, "x"),
    ]


def _repository(folder: Path) -> Path:
    (folder / "patches").mkdir(parents=True)
    (folder / "patches" / "all.yaml").write_text("machine: {sysctls: {vm.max_map_count: '262144'}}\n")
    (folder / "talsecret.yaml").write_text(throwaway_secrets())
    nodes = (
        NODE.format(number=n, high=n // 200, low=n % 200, plane=str(n < 3).lower(), zone=n % 7) for n in range(NODES)
    )
    (folder / "talconfig.yaml").write_text(HEAD + "".join(nodes))
    return folder


def _seconds(argv: tuple[str, ...], environ: dict[str, str], folder: Path | None = None) -> float:
    began = time.perf_counter()
    subprocess.run(argv, cwd=folder, env=environ, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began
