"""The talosconfig and the kubeconfig of a sandbox."""

import json
import os
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from talops.sim.network.pki import Credentials


def talosconfig(name: str, endpoints: Sequence[str], nodes: Sequence[str], ca: bytes, client: Credentials) -> str:
    """As talhelper writes it, with the ports of loopback in the place of addresses."""
    return "\n".join(
        [
            f"context: {json.dumps(name)}",
            "contexts:",
            f"    {json.dumps(name)}:",
            "        endpoints:",
            *(f"            - {endpoint}" for endpoint in endpoints),
            "        nodes:",
            *(f"            - {node}" for node in nodes),
            f"        ca: {_base64(ca)}",
            f"        crt: {_base64(client.certificate)}",
            f"        key: {_base64(client.key)}",
            "",
        ]
    )


def kubeconfig(name: str, server: str, ca: bytes, client: Credentials) -> str:
    """As `talosctl kubeconfig` writes it."""
    cluster, user, context = (json.dumps(word) for word in (name, f"admin@{name}", f"admin@{name}"))
    return "\n".join(
        [
            "apiVersion: v1",
            "kind: Config",
            "clusters:",
            f"    - name: {cluster}",
            "      cluster:",
            f"        server: {server}",
            f"        certificate-authority-data: {_base64(ca)}",
            "users:",
            f"    - name: {user}",
            "      user:",
            f"        client-certificate-data: {_base64(client.certificate)}",
            f"        client-key-data: {_base64(client.key)}",
            "contexts:",
            f"    - name: {context}",
            "      context:",
            f"        cluster: {cluster}",
            f"        user: {user}",
            "        namespace: default",
            f"current-context: {context}",
            "",
        ]
    )


def write(path: Path, text: str) -> None:
    """For the owner alone from its first byte on; whoever reads meanwhile reads the old one or the new one."""
    fresh = path.with_name(f".{path.name}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def _base64(content: bytes) -> str:
    return b64encode(content).decode()
