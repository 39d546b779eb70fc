"""What nodes themselves complain about: their services and their diagnostics."""

from collections.abc import Collection
from dataclasses import dataclass

from talops.domain.cluster import DesiredNode
from talops.domain.talos import Unknown
from talops.observe.asking import Batch, ask
from talops.observe.edges import Tools
from talops.tools.nodeconfig import Service, diagnostics, services

Services = tuple[Service, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptoms:
    """Of one node. `diagnostics` are its own warnings, in its words."""

    services: Services | Unknown
    diagnostics: tuple[str, ...] | Unknown


def observe_symptoms(nodes: Collection[DesiredNode], tools: Tools) -> dict[str, Symptoms]:
    """By hostname. Two processes while all nodes answer."""
    addresses = tuple(node.addresses[0] for node in nodes)
    make = tools.talosctl
    states: Batch[Services] = Batch(make.services, services, addresses)
    warnings: Batch[tuple[str, ...]] = Batch(make.diagnostics, diagnostics, addresses, silence=())
    ask(tools.runner, [states, warnings])
    return {
        node.hostname: Symptoms(services=states.about(address), diagnostics=warnings.about(address))
        for node, address in zip(nodes, addresses, strict=True)
    }
