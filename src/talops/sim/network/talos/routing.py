"""What apid does: it sends a call to the nodes that its headers name, and puts their answers together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from grpclib import GRPCError, Status
from grpclib.server import Stream
from multidict import MultiDict

from talops.sim.cluster import Cluster
from talops.sim.machine import Machine
from talops.sim.network.pki import Authority
from talops.sim.network.pulse import Pulse
from talops.sim.network.talos import applying
from talops.sim.network.talos.calls import AnyMethod, Node, Streaming, unimplemented, wrapped
from talops.sim.network.talos.changes import CHANGES
from talops.sim.network.talos.wire import machine_pb2 as wire
from talops.sim.refusals import BROKEN_OFF, unreachable
from talops.sim.talosctl import SILENT_SECONDS

Call = Stream[bytes, bytes]
Send = Callable[[bytes], Awaitable[None]]
_OF_MANY = ("machine.MachineService", "cluster.ClusterService", "inspect.", "storage.", "time.")
"""Services whose methods several nodes may be asked at once."""
_OTHER_STREAMS = frozenset(f"/machine.MachineService/{name}" for name in ("Copy", "DiskUsage", "List", "PacketCapture"))
"""Methods that no node here has, and whose refusals are yet wrapped as those of streams."""
_GO_CODES = {Status.CANCELLED: "Canceled"}


@dataclass(slots=True)
class Router:
    """One for all endpoints. `methods` by path."""

    cluster: Cluster
    pulse: Pulse
    methods: Mapping[str, AnyMethod]
    authority: Authority
    kubeconfig: Callable[[], bytes]
    called: Callable[[Machine, str], None]
    """Hears of every call that changes a machine, before it is answered."""
    _calls: dict[str, set[asyncio.Timeout]] = field(default_factory=dict)

    def went_off(self, machine: Machine) -> None:
        """Every call that it was answering breaks off."""
        now = asyncio.get_running_loop().time()
        for call in self._calls.pop(machine.hostname, ()):
            call.reschedule(now)

    async def route(self, endpoint: Machine, path: str, call: Call) -> None:
        """Answer one call that came in at this control plane."""
        await self._speaks(endpoint)
        request = await call.recv_message() or b""
        headers: MultiDict[str | bytes] = call.metadata or MultiDict()
        roles = _roles(call)
        names, name = headers.getall("nodes", []), headers.getall("node", [])
        if names:
            if not path.removeprefix("/").startswith(_OF_MANY):
                words = f"one-2-many proxying is not supported for method {path}"
                raise GRPCError(Status.INVALID_ARGUMENT, words)
            await self._ask_many([str(one) for one in names], path, request, roles, call)
            return
        if len(name) > 1:
            raise GRPCError(Status.INVALID_ARGUMENT, "node metadata must be single-valued")
        await self._ask(str(name[0]) if name else endpoint.address, path, request, roles, call.send_message)

    async def _ask_many(
        self, names: Sequence[str], path: str, request: bytes, roles: frozenset[str], call: Call
    ) -> None:
        if isinstance(self.methods.get(path), Streaming) or path in _OTHER_STREAMS:
            await asyncio.gather(*(self._forward(name, path, request, roles, call) for name in names))
            return
        replies = await asyncio.gather(*(self._answer(name, path, request, roles) for name in names))
        await call.send_message(wrapped(*replies))

    async def _forward(self, name: str, path: str, request: bytes, roles: frozenset[str], call: Call) -> None:
        """A stream of one node among those of others."""

        async def send(reply: bytes) -> None:
            await call.send_message(reply + _from(name))

        try:
            await self._ask(name, path, request, roles, send)
        except GRPCError as error:
            await call.send_message(_from(name, error))

    async def _answer(self, name: str, path: str, request: bytes, roles: frozenset[str]) -> bytes:
        """The message of one node among those of others."""
        replies: list[bytes] = []

        async def send(reply: bytes) -> None:
            replies.extend(wire.Wrapped.FromString(reply).messages)

        try:
            await self._ask(name, path, request, roles, send)
        except GRPCError as error:
            return _from(name, error)
        return b"".join(replies) + _from(name)

    async def _ask(self, name: str, path: str, request: bytes, roles: frozenset[str], send: Send) -> None:
        """Raises GRPCError when the machine cannot be reached, breaks off, or refuses."""
        self.pulse.advance()
        machine = self._machine(name)
        if machine is None or not machine.up:
            await self.pulse.pause(SILENT_SECONDS)
            raise GRPCError(Status.UNAVAILABLE, unreachable(name))
        method = self._method(machine, path, roles)
        if path in CHANGES or applying.changes(path, request):
            self.called(machine, path.rpartition("/")[2])
        node = Node(
            machine=machine,
            cluster=self.cluster,
            pulse=self.pulse,
            roles=roles,
            authority=self.authority,
            kubeconfig=self.kubeconfig,
        )
        running = self._calls.setdefault(machine.hostname, set())
        try:
            async with asyncio.timeout(None) as until_off:
                running.add(until_off)
                try:
                    await self._speaks(machine)
                    async for reply in method.replies(node, request):
                        await self._speaks(machine)
                        await send(reply)
                finally:
                    running.discard(until_off)
        except TimeoutError:
            raise GRPCError(Status.UNAVAILABLE, BROKEN_OFF) from None

    async def _speaks(self, machine: Machine) -> None:
        """Until it says something; the end of the connection, or of the machine's power, cancels the wait."""
        while self.cluster.faulty("node-mute", machine.hostname):
            await self.pulse.beat()

    def _method(self, machine: Machine, path: str, roles: frozenset[str]) -> AnyMethod:
        """Raises GRPCError when this machine's Talos does not know it, or the client may not call it."""
        method = self.methods.get(path)
        if method is None or not _knows(machine, method):
            there = (one.path for one in self.methods.values() if _knows(machine, one))
            raise unimplemented(path, frozenset(name.split("/")[1] for name in there))
        if not roles & method.roles:
            raise GRPCError(Status.PERMISSION_DENIED, "not authorized")
        return method

    def _machine(self, name: str) -> Machine | None:
        """By address, by hostname, or the holder of the virtual IP."""
        found = self.cluster.by_address(name) or self.cluster.machines.get(name)
        return found or next((one for one in self.cluster.control_planes if name and one.virtual_ip == name), None)


def _knows(machine: Machine, method: AnyMethod) -> bool:
    return method.since is None or machine.version >= method.since


def _roles(call: Call) -> frozenset[str]:
    """Of the client's certificate: its organizations."""
    certificate = call.peer.cert() or {}
    parts = [pair for part in certificate.get("subject", ()) for pair in part]
    return frozenset(value for name, value in parts if name == "organizationName")


def _from(name: str, error: GRPCError | None = None) -> bytes:
    """What apid adds to a message: whose it is, and what went wrong there."""
    metadata = wire.Metadata(hostname=name)
    if error is not None:
        metadata.error = f"rpc error: code = {_go_code(error.status)} desc = {error.message}"
        metadata.status.code, metadata.status.message = error.status.value, error.message or ""
    return wire.Addressed(metadata=metadata).SerializeToString()


def _go_code(status: Status) -> str:
    """As Go writes it: Unavailable, PermissionDenied."""
    return _GO_CODES.get(status) or "".join(word.capitalize() for word in status.name.split("_"))
