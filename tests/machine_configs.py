"""Machine configs for tests, small and valid. What looks like a key is none."""

import base64

TOKEN = "aaaaaa.bbbbbbbbbbbbbbbb"
_NO_KEY = base64.b64encode(b"no key at all").decode()


def machine_config(
    *,
    kind: str = "worker",
    image: str = "v1.35.4",
    machine: str = "",
    kubelet: str = "",
    cluster: str = "",
    documents: str = "",
    hostname: str = "",
    talos: str = "v1.13.0",
) -> str:
    """`machine`, `kubelet` and `cluster` are lines of YAML, as deep as they belong; `documents` begin with `---`."""
    key = _NO_KEY if kind == "controlplane" else '""'
    network = f"    network:\n        hostname: {hostname}\n" if hostname else ""
    return f"""\
version: v1alpha1
debug: false
persist: true
machine:
    type: {kind}
    token: {TOKEN}
    ca:
        crt: {_NO_KEY}
        key: {key}
    kubelet:
        image: ghcr.io/siderolabs/kubelet:{image}
{kubelet}{network}    install:
        disk: /dev/sda
        image: factory.talos.dev/metal-installer/{"a" * 64}:{talos}
        wipe: false
{machine}cluster:
    controlPlane:
        endpoint: https://10.1.0.1:6443
    clusterName: test
{cluster}{documents}"""
