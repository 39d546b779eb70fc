"""The services of a node: their list, and their logs."""

from collections.abc import AsyncIterator
from datetime import datetime

from grpclib import GRPCError, Status

from talops.sim.network.talos.calls import READERS, Node, Streaming, Unary, timestamp
from talops.sim.network.talos.wire import machine_pb2 as wire
from talops.sim.services import Service, service_names, services

_SYSTEM = "system"


async def _list(node: Node, _request: wire.Empty) -> wire.ServiceList:
    found = services(node.cluster, node.machine)
    return wire.ServiceList(services=[_info(service) for service in found])


def _info(service: Service) -> wire.ServiceInfo:
    then = timestamp(service.since)
    health = wire.ServiceHealth(
        unknown=service.healthy is None,
        healthy=bool(service.healthy),
        last_message="" if service.healthy else service.message,
        last_change=then,
    )
    events = [wire.ServiceEvent(msg=service.last_event, state=service.state, ts=then)]
    return wire.ServiceInfo(id=service.id, state=service.state, events=wire.ServiceEvents(events=events), health=health)


async def _logs(node: Node, request: wire.LogsRequest) -> AsyncIterator[wire.Data]:
    """What a service has said since the boot, and with `follow` what it says when something becomes of it."""
    if request.namespace != _SYSTEM and request.id != "kubelet":
        raise GRPCError(Status.UNKNOWN, f'container "{request.id}" not found')
    if request.id not in service_names(node.machine):
        raise GRPCError(Status.UNKNOWN, f'log "{request.id}" was not registered')
    service = _called(node, request.id)
    lines = [_line(node.machine.booted_at, request.id, words) for words in ("starting service", service.message)]
    for line in lines if request.tail_lines < 0 else lines[len(lines) - min(request.tail_lines, len(lines)) :]:
        yield wire.Data(bytes=line)
    while request.follow:
        await node.pulse.beat()
        now = _called(node, request.id)
        if now != service:
            yield wire.Data(bytes=_line(node.cluster.timeline.wall(), request.id, now.message))
        service = now


def _called(node: Node, id: str) -> Service:
    return next(service for service in services(node.cluster, node.machine) if service.id == id)


def _line(when: datetime, id: str, words: str) -> bytes:
    return f"{when:%Y-%m-%dT%H:%M:%S}.000Z {id}: {words}\n".encode()


METHODS = (
    Unary("/machine.MachineService/ServiceList", wire.Empty, READERS, _list),
    Streaming("/machine.MachineService/Logs", wire.LogsRequest, READERS, _logs),
)
