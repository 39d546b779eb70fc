"""Version: which Talos a node runs."""

from talops.sim.network.talos.calls import READERS, Node, Unary
from talops.sim.network.talos.wire import machine_pb2 as wire
from talops.sim.talosctl import SERVER_BUILD


async def _version(node: Node, _request: wire.Empty) -> wire.Version:
    return wire.Version(
        version=wire.VersionInfo(tag=str(node.machine.version), **SERVER_BUILD),
        platform=wire.PlatformInfo(name="metal", mode="metal"),
        features=wire.FeaturesInfo(rbac=True),
    )


METHODS = (Unary("/machine.MachineService/Version", wire.Empty, READERS, _version),)
