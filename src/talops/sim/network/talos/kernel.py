"""What the kernel of a node shows: its log, its files, its memory."""

from collections.abc import AsyncIterator
from datetime import datetime

from grpclib import GRPCError, Status

from talops.sim.network.talos.calls import ADMIN, READERS, Node, Streaming, Unary
from talops.sim.network.talos.wire import machine_pb2 as wire

_MEMORY_KIB = 8 * 1024**2
_DISK = 100 * 1024**3


async def _dmesg(node: Node, request: wire.DmesgRequest) -> AsyncIterator[wire.Data]:
    stage = node.machine.stage
    if not request.tail:
        words = (
            "Linux version 6.12.0-talos",
            f"[talos] initializing Talos {node.machine.version}",
            f"[talos] machine is {stage}",
            *_refused(node),
        )
        for word in words:
            yield wire.Data(bytes=_line(node.machine.booted_at, word))
    while request.follow:
        await node.pulse.beat()
        if node.machine.stage != stage:
            stage = node.machine.stage
            yield wire.Data(bytes=_line(node.cluster.timeline.wall(), f"[talos] machine is {stage}"))


def _refused(node: Node) -> list[str]:
    """What its etcd was told that cannot come in: the table of services does not say it."""
    error = node.cluster.etcd.joining.get(node.machine.hostname, "")
    return [f"[talos] retrying error: {error}"] if error else []


def _line(when: datetime, words: str) -> bytes:
    return f"kern:    info: [{when:%Y-%m-%dT%H:%M:%S}.000000Z]: {words}\n".encode()


async def _read(node: Node, request: wire.ReadRequest) -> AsyncIterator[wire.Data]:
    version = node.machine.version
    files = {
        "/proc/sys/kernel/random/boot_id": f"{node.machine.boot_id}\n",
        "/etc/hostname": f"{node.machine.hostname}\n",
        "/etc/os-release": f'NAME="Talos"\nID=talos\nVERSION_ID={version}\nPRETTY_NAME="Talos ({version})"\n',
    }
    content = files.get(request.path)
    if content is None:
        raise GRPCError(Status.NOT_FOUND, f"stat {request.path}: no such file or directory")
    yield wire.Data(bytes=content.encode())


async def _memory(_node: Node, _request: wire.Empty) -> wire.Memory:
    half = _MEMORY_KIB // 2
    return wire.Memory(
        meminfo=wire.MemInfo(memtotal=_MEMORY_KIB, memfree=half, memavailable=half, buffers=0, cached=half // 2)
    )


async def _mounts(_node: Node, _request: wire.Empty) -> wire.Mounts:
    var = wire.Mounts.Stat(filesystem="/dev/sda6", size=_DISK, available=_DISK // 2, mounted_on="/var")
    return wire.Mounts(stats=[var])


METHODS = (
    Streaming("/machine.MachineService/Dmesg", wire.DmesgRequest, READERS, _dmesg),
    Streaming("/machine.MachineService/Read", wire.ReadRequest, ADMIN, _read),
    Unary("/machine.MachineService/Memory", wire.Empty, READERS, _memory),
    Unary("/machine.MachineService/Mounts", wire.Empty, READERS, _mounts),
)
