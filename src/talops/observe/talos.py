"""What the nodes say on the Talos API."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import TypeVar

from talops.domain.talos import NOT_ASKED, TalosNode, Unknown, Version
from talops.observe.asking import Asks, Batch, Each, Single
from talops.observe.edges import Tools
from talops.tools import talosctl
from talops.tools.talosctl import Extensions, Machine, NodeVersion, Stage

T = TypeVar("T")


class TalosFacts:
    """The questions to these nodes, and their answers put together."""

    def __init__(self, tools: Tools, nodes: tuple[str, ...], *, boot_ids: bool, network: bool = True) -> None:
        """`network`: also ask for addresses and secure boot, which a rebooting node is not asked again and again."""
        make = tools.talosctl
        self._version: Batch[NodeVersion] = Batch(make.version, talosctl.versions, nodes)
        self._stage: Batch[Stage] = Batch(make.machinestatus, talosctl.stages, nodes)
        self._extensions = Batch(make.extensions, talosctl.extensions, nodes, silence=Extensions())
        asked_for_network = nodes if network else ()
        self._addresses: Batch[tuple[str, ...]] = Batch(make.addresses, talosctl.addresses, asked_for_network)
        self._secureboot: Batch[bool] = Batch(make.securitystate, talosctl.secureboots, asked_for_network)
        self._boot_id: Each[str] = Each(make.boot_id, talosctl.boot_id, nodes if boot_ids else ())

    def questions(self) -> list[Asks]:
        return [self._version, self._stage, self._extensions, self._addresses, self._secureboot, self._boot_id]

    def node(self, address: str) -> TalosNode | Unknown:
        """Unknown when the node told neither its version nor its stage: then it is as good as dead."""
        version, stage = self._version.about(address), self._stage.about(address)
        if isinstance(version, Unknown) and isinstance(stage, Unknown):
            return version
        extensions = self._extensions.about(address)
        at_stage = stage if isinstance(stage, Stage) else Stage(stage="", ready=None, unmet=())
        return TalosNode(
            version=version.version if isinstance(version, NodeVersion) else version,
            platform=version.platform if isinstance(version, NodeVersion) else "",
            stage=at_stage.stage,
            ready=at_stage.ready,
            unmet=at_stage.unmet,
            schematic=extensions.schematic if isinstance(extensions, Extensions) else extensions,
            extensions=extensions.names if isinstance(extensions, Extensions) else (),
            addresses=known(self._addresses.answers.get(address), ()),
            secureboot=known(self._secureboot.answers.get(address), False),
        )

    def boot_id(self, address: str) -> str | Unknown:
        return self._boot_id.answers.get(address, NOT_ASKED)


def known(answer: T | Unknown | None, otherwise: T) -> T:
    return otherwise if answer is None or isinstance(answer, Unknown) else answer


def machines_question(tools: Tools, control_planes: Sequence[str]) -> Single[tuple[Machine, ...]]:
    """All Talos machines that discovery knows: the first control plane that answers tells."""
    return Single(tools.talosctl.members, talosctl.machines, control_planes)


class ClientVersion:
    """The version of talosctl itself: asked once a run."""

    def __init__(self, tools: Tools) -> None:
        self._memory = tools.memory
        self._question = Single(lambda _: tools.talosctl.client_version(), talosctl.client_version, ("",))

    def questions(self) -> list[Asks]:
        return [] if self._memory.talosctl else [self._question]

    def version(self) -> Version | Unknown:
        if self._memory.talosctl is None and isinstance(self._question.answer, Version):
            self._memory.talosctl = self._question.answer
        return self._memory.talosctl or self._question.answer


def holds(addresses: Sequence[str], virtual_ips: Sequence[str]) -> bool:
    """Whether one of the cluster's virtual addresses is among a node's own."""
    return bool({_canonical(address) for address in addresses} & {_canonical(address) for address in virtual_ips})


def _canonical(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        return address
