"""ApplyConfiguration: a node gets another machine config."""

from grpclib import GRPCError

from talops.domain.applymode import ApplyMode
from talops.sim.config.applying import TRY_SECONDS, apply
from talops.sim.network.talos.calls import ADMIN, STATUSES, Node, Unary
from talops.sim.network.talos.wire import machine_pb2 as wire
from talops.sim.served import Refused

_MODES = {
    wire.REBOOT: ApplyMode.REBOOT,
    wire.AUTO: ApplyMode.AUTO,
    wire.NO_REBOOT: ApplyMode.NO_REBOOT,
    wire.STAGED: ApplyMode.STAGED,
    wire.TRY: ApplyMode.TRY,
}
_NUMBERS = {mode: number for number, mode in _MODES.items()}


async def _apply(node: Node, request: wire.ApplyConfigurationRequest) -> wire.ApplyConfiguration:
    seconds = request.try_mode_timeout.ToTimedelta().total_seconds() if request.HasField("try_mode_timeout") else None
    try:
        applied = apply(
            node.cluster,
            node.machine,
            request.data.decode("utf-8", "replace"),
            _MODES[request.mode],
            dry_run=request.dry_run,
            back_after=TRY_SECONDS if seconds is None else seconds,
        )
    except Refused as error:
        raise GRPCError(STATUSES[error.status.code], error.status.text) from None
    node.pulse.stir()
    return wire.ApplyConfiguration(mode=_NUMBERS[applied.mode], mode_details=applied.details, warnings=applied.warnings)


_PATH = "/machine.MachineService/ApplyConfiguration"
METHODS = (Unary(_PATH, wire.ApplyConfigurationRequest, ADMIN, _apply),)


def changes(path: str, request: bytes) -> bool:
    """Whether this call is of here, and no dry run."""
    return path == _PATH and not wire.ApplyConfigurationRequest.FromString(request).dry_run
