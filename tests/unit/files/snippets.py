"""A repository of few lines, and what is found in it."""

import os
from collections.abc import Mapping
from pathlib import Path

from talops.domain.finding import Finding
from talops.files.check import check_files
from talops.tools.runner import ShRunner

HEAD = """\
clusterName: home
talosVersion: v1.13.8
kubernetesVersion: v1.36.0
endpoint: https://api.example.test:6443
"""
SECRETS = "cluster: {}\nsecrets: {}\ntrustdinfo: {}\ncerts: {}\nsops: {mac: x}\n"
"""As if encrypted."""
PLANE = "  - hostname: cp-1\n    ipAddress: 10.0.0.1\n    installDisk: /dev/sda\n    controlPlane: true\n"


def check(
    folder: Path,
    talconfig: str,
    environ: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    secrets: str = SECRETS,
) -> list[Finding]:
    """`files` are others by their name; a file of secrets is there unless it says otherwise. Without a talhelper."""
    written = {"talconfig.yaml": talconfig, **(files or {})}
    if secrets:
        written = {"talsecret.sops.yaml": secrets, **written}
    for name, text in written.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environment = {"PATH": os.environ["PATH"], **(environ or {})}
    return list(check_files(folder, runner=ShRunner(), environ=environment, talhelper="no-such-talhelper"))


def told(findings: list[Finding]) -> list[str]:
    return [f"{found.severity.value} {found.rule} {found.where}" for found in findings]
