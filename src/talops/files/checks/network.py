"""Endpoint and virtual IPs, held against the networks that the nodes are in."""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from talops.config.scalar import Place, Scalar
from talops.domain.finding import Finding
from talops.files.findings import error, warning
from talops.files.networks import Address, Link, Network, Surroundings, address_of, surroundings
from talops.files.patchtexts import Patches
from talops.files.sources import Node, Sources

Where = tuple[tuple[Node, Surroundings], ...]


def networks(sources: Sources, patches: Patches) -> Iterator[Finding]:
    """Of what is written as an address: what a name leads to is known elsewhere."""
    where = tuple((node, surroundings(sources, node, patches)) for node in sources.nodes)
    vips = tuple(dict.fromkeys(vip.text for node, around in where if node.control_plane for _, vip in _vips(around)))
    yield from _endpoint(sources, where, vips)
    found = [_vip(sources, node, around, link, vip) for node, around in where for link, vip in _vips(around)]
    # nodes that share one make the same mistake
    first = {(one.rule, one.severity, one.what.partition(" of ")[0]): one for one in reversed(found) if one is not None}
    yield from first.values()
    yield from _partial(sources, where, vips)


def _vips(around: Surroundings) -> Iterator[tuple[Link, Scalar]]:
    return ((link, link.vip) for link in around.links if link.vip is not None and address_of(link.vip.text) is not None)


def _endpoint(sources: Sources, where: Where, vips: tuple[str, ...]) -> Iterator[Finding]:
    written = sources.top.get("endpoint")
    host = _host(written.text) if isinstance(written, Scalar) else None
    if host is None or not isinstance(written, Scalar):
        return
    at = sources.origin(written.at)
    holder = next((node for node, _ in where if host in map(address_of, node.addresses)), None)
    if host.is_loopback:
        hint = "write a virtual IP, a load balancer, or the address of a control plane"
        yield warning("endpoint", at, f"{host} is each machine itself: nobody else finds the API there", hint)
    elif holder is not None and holder.control_plane is False:
        what = f"{host} is {holder.name}, a worker: Kubernetes' API does not answer there"
        yield error("endpoint", at, what, "write a virtual IP, or the address of a control plane")
    elif holder is None and host not in map(address_of, vips):
        yield from _outside(at, host, [around for node, around in where if node.control_plane], vips)


def _outside(at: Place, host: Address, planes: list[Surroundings], vips: tuple[str, ...]) -> Iterator[Finding]:
    """Only where every control plane's network is known, or can be taken for a usual one."""
    networks = _of_version(host, planes)
    if not networks or not all(around.known or around.assumed for around in planes) or _in(host, networks):
        return
    what = f"the endpoint {host} is in no network of a control plane: {_listed(networks)}"
    hint = f"the virtual IP is {' and '.join(vips)}; a" if vips else "a"
    yield warning("endpoint", at, what, f"{hint} load balancer elsewhere is well, anything else a slip")


def _vip(sources: Sources, node: Node, around: Surroundings, link: Link, vip: Scalar) -> Finding | None:
    at, address = sources.origin(vip.at), address_of(vip.text)
    networks = _of_version(address, [around]) if address is not None else ()
    if address is None:
        return None
    if node.control_plane is False:
        what = f"the virtual IP {address} cannot be that of {node.name}: a worker has no etcd to settle who holds it"
        return error("vip", at, what, "write it at the control planes only")
    if address in map(address_of, node.addresses):
        what = f"the virtual IP {address} is {node.name}'s own address: no other node could take it over"
        return error("vip", at, what, "take an address that nothing has")
    if not networks or _in(address, networks):
        return None
    sure = bool(_of_networks(address, link.networks)) and not link.dhcp
    what = f"the virtual IP {address} is in no network of {node.name}: {_listed(networks)}"
    hint = f"it belongs into the network of {link.name}: nobody finds it elsewhere"
    return error("vip", at, what, hint) if sure else warning("vip", at, what, hint)


def _partial(sources: Sources, where: Where, vips: tuple[str, ...]) -> Iterator[Finding]:
    """A virtual IP that some control planes hold and others do not."""
    holders = {vip: [n for n, around in where if n.control_plane and vip in _held(around)] for vip in vips}
    planes = [node for node, around in where if node.control_plane]
    for vip, nodes in holders.items():
        others = [node for node in planes if node not in nodes]
        if len(nodes) > 0 and others and len(planes) > 1:
            at = sources.origin(others[0].row.at)
            what = f"{', '.join(node.name for node in others)} cannot take over the virtual IP {vip}, which others hold"
            yield warning("vip", at, what, "give it to every control plane")


def _held(around: Surroundings) -> set[str]:
    return {vip.text for _, vip in _vips(around)}


def _host(endpoint: str) -> Address | None:
    try:
        return address_of(urlsplit(endpoint).hostname or "")
    except ValueError:
        return None


def _of_version(address: Address, places: Iterable[Surroundings]) -> tuple[Network, ...]:
    return _of_networks(address, (network for around in places for network in (*around.known, *around.assumed)))


def _of_networks(address: Address, networks: Iterable[Network]) -> tuple[Network, ...]:
    return tuple(dict.fromkeys(network for network in networks if network.version == address.version))


def _in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _listed(networks: tuple[Network, ...]) -> str:
    shown = ", ".join(map(str, networks[:3]))
    return f"{shown} and {len(networks) - 3} more" if len(networks) > 3 else shown
