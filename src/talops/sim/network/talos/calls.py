"""The methods of the Talos API: what a module of this package offers to the table of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from grpclib import GRPCError, Status

from talops.domain.talos import Version
from talops.sim.cluster import Cluster
from talops.sim.machine import Machine
from talops.sim.network.pki import Authority
from talops.sim.network.pulse import Pulse
from talops.sim.network.talos.wire.machine_pb2 import Wrapped
from talops.sim.served import Code

ADMIN = frozenset({"os:admin"})
OPERATORS = ADMIN | {"os:operator"}
READERS = OPERATORS | {"os:reader"}
BACKUPS = OPERATORS | {"os:etcd:backup"}
READERS_AND_BACKUPS = READERS | BACKUPS
"""Who may call a method: the roles in the client's certificate. Source: machined's rules."""

STATUSES = {
    Code.UNKNOWN: Status.UNKNOWN,
    Code.INVALID_ARGUMENT: Status.INVALID_ARGUMENT,
    Code.NOT_FOUND: Status.NOT_FOUND,
    Code.PERMISSION_DENIED: Status.PERMISSION_DENIED,
    Code.FAILED_PRECONDITION: Status.FAILED_PRECONDITION,
    Code.UNIMPLEMENTED: Status.UNIMPLEMENTED,
    Code.UNAVAILABLE: Status.UNAVAILABLE,
}

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The machine that was asked, and everything that its API can see. `roles` are those of who asks."""

    machine: Machine
    cluster: Cluster
    pulse: Pulse
    roles: frozenset[str]
    authority: Authority
    kubeconfig: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Unary(Generic[Q, R]):
    """`path` is `/service/Method`. What `call` returns is the message of one node.

    It goes out as field 1 of a response, where all answers of MachineService have it, unless `bare`.
    Raises GRPCError for what a node refuses.
    """

    path: str
    request: type[Q]
    roles: frozenset[str]
    call: Callable[[Node, Q], Awaitable[R]]
    since: Version | None = None
    bare: bool = False

    async def replies(self, node: Node, request: bytes) -> AsyncIterator[bytes]:
        reply = (await self.call(node, self.request.FromString(request))).SerializeToString()
        yield reply if self.bare else wrapped(reply)


@dataclass(frozen=True, slots=True)
class Streaming(Generic[Q, R]):
    """As Unary, but answered by any number of messages, each as it is."""

    path: str
    request: type[Q]
    roles: frozenset[str]
    call: Callable[[Node, Q], AsyncIterator[R]]
    since: Version | None = None

    async def replies(self, node: Node, request: bytes) -> AsyncIterator[bytes]:
        async for reply in self.call(node, self.request.FromString(request)):
            yield reply.SerializeToString()


Method = Unary[Q, R] | Streaming[Q, R]
AnyMethod = Unary[Message, Message] | Streaming[Message, Message]


def wrapped(*messages: bytes) -> bytes:
    """A response of these messages, one a node."""
    return Wrapped(messages=messages).SerializeToString()


def timestamp(when: datetime | str) -> Timestamp:
    """A text is as in JSON: 2026-01-01T00:00:00Z."""
    found = Timestamp()
    if isinstance(when, str):
        found.FromJsonString(when)
    else:
        found.FromDatetime(when)
    return found


def unimplemented(path: str, known: frozenset[str]) -> GRPCError:
    """What a gRPC server in Go says about a method that nobody registered. `known` are the services it has."""
    _, service, method = path.split("/", 2)
    if service in known:
        return GRPCError(Status.UNIMPLEMENTED, f"unknown method {method} for service {service}")
    return GRPCError(Status.UNIMPLEMENTED, f"unknown service {service}")
