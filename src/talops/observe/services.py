"""The services of nodes, each asked by itself."""

from collections.abc import Sequence

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.services import NodeServices
from talops.observe.asking import answers
from talops.observe.direct import ask_directly
from talops.observe.edges import Tools
from talops.tools.servicestates import service_states


def observe_services(nodes: Sequence[DesiredNode], desired: Desired, tools: Tools) -> tuple[NodeServices, ...]:
    """In the order of `nodes`. A node that says nothing is one with its reason."""
    heard = ask_directly(nodes, (lambda talosctl, node: talosctl.service_states((node,)),), desired, tools)
    return tuple(
        NodeServices(
            hostname=node.hostname,
            role=node.role,
            address=node.addresses[0],
            states=answers(heard[node.hostname][0], service_states, node.addresses[:1])[node.addresses[0]],
        )
        for node in nodes
    )
