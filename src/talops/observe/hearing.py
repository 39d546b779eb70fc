"""What each control plane says of etcd, and of the service that it is there: each asked by itself."""

from collections.abc import Sequence
from dataclasses import replace

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.process import Result
from talops.domain.standing import Heard, Service
from talops.domain.talos import Unknown
from talops.observe.asking import answers
from talops.observe.direct import Make, ask_directly
from talops.observe.edges import Tools
from talops.observe.etcd import view_of
from talops.tools.servicestates import service_states

_MAKES: tuple[Make, ...] = (
    lambda talosctl, node: talosctl.etcd_members((node,)),
    lambda talosctl, node: talosctl.etcd_status((node,)),
    lambda talosctl, node: talosctl.etcd_alarms((node,)),
    lambda talosctl, node: talosctl.service_states((node,)),
)


def hear(nodes: Sequence[DesiredNode], desired: Desired, tools: Tools) -> tuple[Heard, ...]:
    """In the order of the nodes."""
    said = ask_directly(nodes, _MAKES, desired, tools)
    return tuple(_heard(node, *said[node.hostname]) for node in nodes)


def at_addresses(addresses: Sequence[str], desired: Desired) -> Desired:
    """The files, as if they knew a control plane at each of these addresses, too: whoever is there can be asked."""
    pattern = desired.control_planes[0]
    more = tuple(replace(pattern, hostname=address, addresses=(address,)) for address in addresses)
    return replace(desired, nodes=(*desired.nodes, *more))


def _heard(node: DesiredNode, members: Result, status: Result, alarms: Result, services: Result) -> Heard:
    address = node.addresses[0]
    found = answers(services, service_states, (address,))[address]
    etcd = (
        found
        if isinstance(found, Unknown)
        else next((one for one in found if one.id == "etcd"), Unknown("its node runs no service etcd"))
    )
    service = etcd if isinstance(etcd, Unknown) else Service(state=etcd.state, health=etcd.health, event=etcd.event)
    return Heard(view=view_of(node, members, status, alarms), service=service)
