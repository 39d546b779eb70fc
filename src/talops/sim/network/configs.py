"""The talosconfig and the kubeconfig that lead to a sandbox. Both hold a secret: the client's key."""

import os
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from talops.sim.machineconfig import as_yaml
from talops.sim.network.pki import Credentials


def talosconfig(
    context: str, ca: bytes, client: Credentials, *, endpoints: Sequence[str] = (), nodes: Sequence[str] = ()
) -> str:
    """As talhelper writes it, with the ports of loopback in the place of addresses."""
    found = {
        "endpoints": list(endpoints),
        "nodes": list(nodes),
        "ca": _base64(ca),
        "crt": _base64(client.certificate),
        "key": _base64(client.key),
    }
    return as_yaml({"context": context, "contexts": {context: found}})


def kubeconfig(name: str, server: str, ca: bytes, client: Credentials) -> str:
    """As `talosctl kubeconfig` writes it."""
    user = {"client-certificate-data": _base64(client.certificate), "client-key-data": _base64(client.key)}
    context = f"admin@{name}"
    return as_yaml(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": _base64(ca)}}],
            "users": [{"name": context, "user": user}],
            "contexts": [{"name": context, "context": {"cluster": name, "user": context, "namespace": "default"}}],
            "current-context": context,
        }
    )


def write(path: Path, text: str) -> None:
    """For the owner alone from its first byte on; whoever reads meanwhile reads the old one or the new one."""
    fresh = path.with_name(f".{path.name}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def _base64(content: bytes) -> str:
    return b64encode(content).decode()
