"""The calls that change a node: pull, install, upgrade, reboot, roll back."""

import asyncio
from collections.abc import AsyncIterator, Callable

from grpclib import GRPCError, Status

from talops.sim.components import KUBELET
from talops.sim.config.effects import restart_kubelet
from talops.sim.lifecycle import Tell, ask_to_reboot, install, legacy_pull, legacy_upgrade, pull, roll_back
from talops.sim.network.talos.calls import ADMIN, OPERATORS, STATUSES, Node, Streaming, Unary
from talops.sim.network.talos.images import NODE_API
from talops.sim.network.talos.wire import machine_pb2 as wire
from talops.sim.served import Accepted, Ended, ExitCode, Message, Pulled, Pulling, Refused, Reply, Served
from talops.sim.services import service_names

_DOWNLOADING = 0


async def _served(begin: Callable[[Tell], Served]) -> AsyncIterator[Reply]:
    """The replies of a call as they come. A client that goes away ends it."""
    replies: asyncio.Queue[Reply] = asyncio.Queue()
    served = begin(replies.put_nowait)
    try:
        while not isinstance(reply := await replies.get(), Ended):
            yield reply
        if reply.status is not None:
            raise GRPCError(STATUSES[reply.status.code], reply.status.text)
    finally:
        served.cancel()


async def _pull(node: Node, request: wire.ImagePullRequest) -> AsyncIterator[wire.ImagePullProgress]:
    async for reply in _served(lambda tell: pull(node.cluster, node.machine, request.image_ref, tell)):
        match reply:
            case Pulling(layer, offset, total):
                detail = wire.ImagePullProgress.Detail(status=_DOWNLOADING, offset=offset, total=total)
                yield wire.ImagePullProgress(
                    pull_progress=wire.ImagePullProgress.Layer(layer_id=layer, progress=detail)
                )
            case Pulled(image):
                yield wire.ImagePullProgress(name=image)


async def _legacy_pull(node: Node, request: wire.LegacyImagePullRequest) -> wire.Empty:
    async for _ in _served(lambda tell: legacy_pull(node.cluster, node.machine, request.reference, tell)):
        pass
    return wire.Empty()


async def _install(node: Node, request: wire.LifecycleUpgradeRequest) -> AsyncIterator[wire.LifecycleProgress]:
    image = request.source.image_name
    async for reply in _served(lambda tell: install(node.cluster, node.machine, image, tell)):
        match reply:
            case Message(text):
                yield wire.LifecycleProgress(progress=wire.LifecycleProgress.Progress(message=text))
            case ExitCode(code):
                yield wire.LifecycleProgress(progress=wire.LifecycleProgress.Progress(exit_code=code))


async def _upgrade(node: Node, request: wire.UpgradeRequest) -> wire.Upgrade:
    """`stage` and `preserve` make no difference here."""
    actor = ""
    async for reply in _served(
        lambda tell: legacy_upgrade(node.cluster, node.machine, request.image, tell, forced=request.force)
    ):
        if isinstance(reply, Accepted):
            actor = reply.actor
    return wire.Upgrade(ack="Upgrade request received", actor_id=actor)


async def _reboot(node: Node, request: wire.RebootRequest) -> wire.Reboot:
    try:
        actor = ask_to_reboot(node.cluster, node.machine, forced=request.mode == wire.FORCE)
    except Refused as error:
        raise GRPCError(STATUSES[error.status.code], error.status.text) from None
    return wire.Reboot(actor_id=actor)


async def _rollback(node: Node, _request: wire.Empty) -> wire.Empty:
    try:
        roll_back(node.cluster, node.machine)
    except Refused as error:
        raise GRPCError(STATUSES[error.status.code], error.status.text) from None
    return wire.Empty()


async def _restart_service(node: Node, request: wire.ServiceRestartRequest) -> wire.ServiceRestart:
    if request.id not in service_names(node.machine):
        raise GRPCError(Status.UNKNOWN, f'service "{request.id}" not defined')
    if request.id != KUBELET:
        raise GRPCError(Status.UNKNOWN, f'service "{request.id}" doesn\'t support restart operation via API')
    restart_kubelet(node.cluster, node.machine)
    node.pulse.stir()
    return wire.ServiceRestart(resp=f'Service "{request.id}" restarted')


METHODS = (
    Streaming("/machine.ImageService/Pull", wire.ImagePullRequest, OPERATORS, _pull, since=NODE_API),
    Unary("/machine.MachineService/ImagePull", wire.LegacyImagePullRequest, OPERATORS, _legacy_pull),
    Streaming("/machine.LifecycleService/Upgrade", wire.LifecycleUpgradeRequest, ADMIN, _install, since=NODE_API),
    Unary("/machine.MachineService/Upgrade", wire.UpgradeRequest, ADMIN, _upgrade),
    Unary("/machine.MachineService/Reboot", wire.RebootRequest, OPERATORS, _reboot),
    Unary("/machine.MachineService/ServiceRestart", wire.ServiceRestartRequest, OPERATORS, _restart_service),
    Unary("/machine.MachineService/Rollback", wire.Empty, ADMIN, _rollback),
)
CHANGES = frozenset(method.path for method in METHODS)
