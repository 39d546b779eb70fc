"""What lets somebody in: the kubeconfig of an administrator, and new client certificates."""

import gzip
import io
import tarfile
from collections.abc import AsyncIterator
from datetime import timedelta

from grpclib import GRPCError, Status

from talops.sim.network.configs import talosconfig
from talops.sim.network.talos.calls import ADMIN, Node, Streaming, Unary
from talops.sim.network.talos.wire import machine_pb2 as wire
from talops.sim.refusals import control_planes_only


async def _kubeconfig(node: Node, _request: wire.Empty) -> AsyncIterator[wire.Data]:
    """A gzipped tar with one file in it."""
    _control_plane(node, "kubeconfig")
    content = node.kubeconfig()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        file = tarfile.TarInfo("kubeconfig")
        file.size, file.mode = len(content), 0o600
        tar.addfile(file, io.BytesIO(content))
    yield wire.Data(bytes=gzip.compress(packed.getvalue(), mtime=0))


async def _client(node: Node, request: wire.GenerateClientConfigurationRequest) -> wire.GenerateClientConfiguration:
    """For `talosctl config new`, which puts its own endpoints into the file that it writes."""
    _control_plane(node, "generate client configuration")
    life = request.crt_ttl.ToTimedelta()
    if life <= timedelta(0):
        raise GRPCError(Status.INVALID_ARGUMENT, "crt_ttl should be positive")
    made = node.authority.client(organizations=list(request.roles), life=life)
    name = node.cluster.desired.cluster_name
    if len(request.roles) == 1:
        name = f"{request.roles[0].removeprefix('os:')}@{name}"
    config = talosconfig(name, node.authority.certificate, made)
    return wire.GenerateClientConfiguration(
        ca=node.authority.certificate, crt=made.certificate, key=made.key, talosconfig=config.encode()
    )


def _control_plane(node: Node, what: str) -> None:
    if not node.machine.control_plane:
        raise GRPCError(Status.UNIMPLEMENTED, control_planes_only(what))


METHODS = (
    Streaming("/machine.MachineService/Kubeconfig", wire.Empty, ADMIN, _kubeconfig),
    Unary(
        "/machine.MachineService/GenerateClientConfiguration",
        wire.GenerateClientConfigurationRequest,
        ADMIN,
        _client,
    ),
)
