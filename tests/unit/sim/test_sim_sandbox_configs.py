"""The configs of a sandbox, read by the real tools: a cluster may be called what it likes."""

import subprocess
from pathlib import Path

import pytest

from real_tools import real
from talops.sim.network.configs import kubeconfig, talosconfig
from talops.sim.network.pki import Authority


@pytest.mark.parametrize("name", ["home", "on", "No", "y", "12:30", "1e3", "0x1f", "null", "1_000", "2026-11-24"])
def test_a_cluster_may_be_called_what_once_was_no_text(name: str, tmp_path: Path) -> None:
    kubernetes, talos = Authority.kubernetes(), Authority.talos()
    (tmp_path / "kubeconfig").write_text(
        kubeconfig(name, "https://127.0.0.1:1", kubernetes.certificate, kubernetes.client(name="admin"))
    )
    client = talos.client(organizations=["os:admin"])
    (tmp_path / "talosconfig").write_text(talosconfig(name, talos.certificate, client, endpoints=["127.0.0.1:1"]))

    kubectl = said(str(real("kubectl")), "--kubeconfig", str(tmp_path / "kubeconfig"), "config", "current-context")
    talosctl = said(str(real("talosctl")), "--talosconfig", str(tmp_path / "talosconfig"), "config", "info")

    assert kubectl == f"admin@{name}\n"
    assert talosctl.splitlines()[0].split(maxsplit=2)[2] == name


def said(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30).stdout
