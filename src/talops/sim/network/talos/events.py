"""The stream of a node's events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message

from talops.sim.events import (
    Action,
    ErrorCode,
    Event,
    EventLog,
    MachineStatusEvent,
    PhaseEvent,
    Published,
    SequenceEvent,
    TaskEvent,
)
from talops.sim.network.talos.calls import READERS, Node, Streaming
from talops.sim.network.talos.wire import machine_pb2 as wire

_SEQUENCE_ACTIONS = (Action.NOOP, Action.START, Action.STOP)
_ACTIONS = (Action.START, Action.STOP)
_CODES = (ErrorCode.FATAL, ErrorCode.LOCKED, ErrorCode.CANCELED)
_STAGES = (
    "unknown",
    "booting",
    "installing",
    "maintenance",
    "running",
    "rebooting",
    "shutting down",
    "resetting",
    "upgrading",
)
"""The numbers of the enumerations are their places. Source: talos.md 2.4."""


async def _events(node: Node, request: wire.EventsRequest) -> AsyncIterator[wire.Event]:
    """An empty one first, by which a client knows that it is heard; then past ones as asked, and all new ones."""
    log, queue = node.machine.events, asyncio.Queue[Published]()
    watcher = log.watch(queue.put_nowait, lambda: None)
    for published in _past(log, request, node):
        queue.put_nowait(published)
    try:
        yield wire.Event(data=Any(), actor_id=request.with_actor_id)
        while True:
            published = await queue.get()
            if request.with_actor_id in {"", published.actor}:
                yield _message(published)
    finally:
        log.unwatch(watcher)


def _past(log: EventLog, request: wire.EventsRequest, node: Node) -> Sequence[Published]:
    if request.tail_events:
        return log.tail(request.tail_events)
    if request.tail_id:
        return [published for published in log.tail(-1) if published.id > request.tail_id]
    if request.tail_seconds:
        since = node.cluster.timeline.wall() - timedelta(seconds=request.tail_seconds)
        return [published for published in log.tail(-1) if published.at > since]
    return ()


def _message(published: Published) -> wire.Event:
    name, body = _body(published.event)
    data = Any(type_url=f"talos/runtime/machine.{name}", value=body.SerializeToString())
    return wire.Event(data=data, id=published.id, actor_id=published.actor)


def _body(event: Event) -> tuple[str, Message]:
    match event:
        case SequenceEvent(sequence=name, action=action, error=error, code=code):
            found = wire.EventError(code=_CODES.index(code), message=error) if error else None
            number = _SEQUENCE_ACTIONS.index(action)
            return "SequenceEvent", wire.SequenceEvent(sequence=name, action=number, error=found)
        case PhaseEvent(phase=name, action=action):
            return "PhaseEvent", wire.PhaseEvent(phase=name, action=_ACTIONS.index(action))
        case TaskEvent(task=name, action=action):
            return "TaskEvent", wire.TaskEvent(task=name, action=_ACTIONS.index(action))
        case MachineStatusEvent(stage=stage, ready=ready):
            status = wire.MachineStatusEvent.Status(ready=ready)
            return "MachineStatusEvent", wire.MachineStatusEvent(stage=_STAGES.index(stage), status=status)


METHODS = (Streaming("/machine.MachineService/Events", wire.EventsRequest, READERS, _events),)
