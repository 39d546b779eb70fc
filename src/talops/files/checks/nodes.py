"""Nodes that get into each other's way, and control planes that cannot agree."""

import ipaddress
from collections.abc import Callable, Iterable, Iterator

from talops.config.scalar import Place
from talops.config.tree import Mapping
from talops.domain.finding import Finding
from talops.files.findings import error, warning
from talops.files.sources import Node, Sources

_OVERWRITES = "each node needs its own: talhelper overwrites one with the other, without a word"


def counted(sources: Sources) -> Iterator[Finding]:
    """Only where every node could be read: a count that is not sure is none."""
    planes = sources.control_planes
    if any(node.control_plane is None for node in sources.nodes):
        return
    at = sources.origin(sources.top.place_of("nodes"))
    if sources.nodes and not planes:
        hint = "write `controlPlane: true` at one or three of them"
        yield error("no-control-plane", at, "no node is a control plane: nothing would run Kubernetes' API", hint)
    elif planes and len(planes) % 2 == 0:
        many, most = len(planes), (len(planes) - 1) // 2
        survives = f"etcd survives the loss of {most or 'none'}" if most != 1 else "etcd survives the loss of one"
        yield warning(
            "even-control-planes",
            at,
            f"{many} control planes: {survives}, as with {many - 1}, and one more can fail",
            f"have {many - 1} or {many + 1} of them",
        )


def duplicates(sources: Sources) -> Iterator[Finding]:
    """Hostnames whatever their case, since Kubernetes knows none; addresses however they are written."""
    yield from _twice(sources, "hostname", lambda node: (node.hostname,), str.lower)
    yield from _twice(sources, "address", lambda node: node.addresses, _same)


def _twice(
    sources: Sources, what: str, of: Callable[[Node], Iterable[str]], same: Callable[[str], str]
) -> Iterator[Finding]:
    seen: dict[str, Node] = {}
    key = {"hostname": "hostname", "address": "ipAddress"}[what]
    for node in sources.nodes:
        for name in filter(None, of(node)):
            other = seen.setdefault(same(name), node)
            if other is not node:
                line = sources.origin(_at(other.row, key)).line
                told = f"the {what} {name} is already that of the node in line {line}"
                yield error(f"duplicate-{what}", sources.origin(_at(node.row, key)), told, _OVERWRITES)


def _at(row: Mapping, key: str) -> Place:
    found = row.entries.get(key)
    return found.at if found is not None else row.at


def _same(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address.lower()
