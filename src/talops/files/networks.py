"""The networks that the files put a node into."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from talops.config.inherit import inherited
from talops.config.scalar import Scalar
from talops.config.tree import Mapping, Sequence, Tree
from talops.files.patchtexts import Patches
from talops.files.sources import Node, Sources

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
USUAL = {4: 24, 6: 64}
"""How long the prefix of a network is taken to be where no file says so."""


@dataclass(frozen=True, slots=True)
class Link:
    """An interface of a node, or a VLAN of one. `networks` are those of its static addresses."""

    name: str
    networks: tuple[Network, ...]
    dhcp: bool
    vip: Scalar | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a node is. `assumed` are networks whose prefix no file says."""

    links: tuple[Link, ...]
    known: tuple[Network, ...]
    assumed: tuple[Network, ...]


def address_of(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def surroundings(sources: Sources, node: Node, patches: Patches) -> Surroundings:
    """By its interfaces, its patches, and the addresses that it is asked on."""
    links = tuple(_links(inherited(node.row, node.role, "networkInterfaces")))
    patched = (tree for patch in patches.of_node(sources, node) for tree in patch.trees)
    known = [network for link in links for network in link.networks]
    known += [network for tree in patched for network in _networks(tree)]
    own = [address for text in node.addresses if (address := address_of(text)) is not None]
    assumed = [_usual(address) for address in own if not any(address in network for network in known)]
    return Surroundings(links, tuple(dict.fromkeys(known)), tuple(dict.fromkeys(assumed)))


def _usual(address: Address) -> Network:
    return ipaddress.ip_network((address, USUAL[address.version]), strict=False)


def _links(interfaces: Tree | None) -> Iterator[Link]:
    for row in interfaces.rows if isinstance(interfaces, Sequence) else ():
        if isinstance(row, Mapping):
            name = _text(row.get("interface")) or "an interface"
            yield _link(name, row)
            vlans = row.get("vlans")
            for vlan in vlans.rows if isinstance(vlans, Sequence) else ():
                if isinstance(vlan, Mapping):
                    yield _link(f"{name}.{_text(vlan.get('vlanId'))}", vlan)


def _link(name: str, row: Mapping) -> Link:
    vip = row.get("vip")
    address = vip.get("ip") if isinstance(vip, Mapping) else None
    dhcp = _text(row.get("dhcp")).lower() in {"true", "yes", "on", "y"}
    return Link(name, tuple(_of_row(row)), dhcp, address if isinstance(address, Scalar) else None)


def _of_row(row: Mapping) -> Iterator[Network]:
    """Of `addresses`, and of `cidr`, its older form."""
    addresses = row.get("addresses")
    for value in (*(addresses.rows if isinstance(addresses, Sequence) else ()), row.get("cidr")):
        # documents of Talos 1.12 and newer write a mapping
        text = _text(value.get("address") if isinstance(value, Mapping) else value)
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue
        if network.prefixlen < network.max_prefixlen:
            yield network


def _networks(tree: Tree) -> Iterator[Network]:
    """Of every `addresses` in a patch, wherever it stands."""
    match tree:
        case Mapping():
            yield from _of_row(tree)
            for value in tree.entries.values():
                yield from _networks(value)
        case Sequence():
            for row in tree.rows:
                yield from _networks(row)


def _text(tree: Tree | None) -> str:
    return tree.text if isinstance(tree, Scalar) else ""
