"""Container images on a node."""

import hashlib
from collections.abc import AsyncIterator

from talops.domain.talos import Version
from talops.sim.components import REPOSITORIES
from talops.sim.network.talos.calls import READERS, Node, Streaming, timestamp
from talops.sim.network.talos.wire import machine_pb2 as wire
from talops.sim.resources import CREATED

_SYSTEM = 1
_BYTES = 28_000_000
NODE_API = Version.parse("v1.13.0")
"""The first Talos with an ImageService, and with a LifecycleService."""


def _names(node: Node, namespace: int) -> list[str]:
    """Kubelet and etcd run beside Kubernetes, and everything else in it."""
    kubelets = {image for image in node.machine.pulled if "/kubelet:" in image}
    if namespace == _SYSTEM:
        etcd = ["registry.k8s.io/etcd:v3.6.4"] if node.machine.control_plane else []
        return [*sorted(kubelets), *etcd]
    proxy = f"{REPOSITORIES['kube-proxy']}:{node.cluster.desired.kubernetes_version}"
    return sorted({proxy, *node.machine.pulled} - kubelets)


async def _legacy(node: Node, request: wire.ImageListRequest) -> AsyncIterator[wire.Image]:
    for name in _names(node, request.namespace):
        yield wire.Image(name=name, digest=_digest(name), size=_BYTES, created_at=timestamp(CREATED))


async def _list(node: Node, request: wire.NodeImageListRequest) -> AsyncIterator[wire.NodeImage]:
    for name in _names(node, request.containerd.namespace):
        labels = {"io.cri-containerd.image": "managed"}
        yield wire.NodeImage(name=name, digest=_digest(name), size=_BYTES, created_at=timestamp(CREATED), labels=labels)


def _digest(name: str) -> str:
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


METHODS = (
    Streaming("/machine.MachineService/ImageList", wire.ImageListRequest, READERS, _legacy),
    Streaming("/machine.ImageService/List", wire.NodeImageListRequest, READERS, _list, since=NODE_API),
)
