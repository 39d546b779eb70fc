"""By which endpoint a long talosctl speaks: one machine's own, since a virtual IP moves and takes connections along."""

from ipaddress import ip_address

from talops.domain.cluster import DesiredNode
from talops.execute.session import Session
from talops.tools.calls import Talosctl


def direct_endpoint(session: Session, talosctl: Talosctl, node: DesiredNode) -> str:
    """The node's own among those of the talosconfig; else the node itself, if it answers there. Empty for neither.

    Endpoints on loopback lead through a tunnel, which the node's address does not.
    """
    endpoints = talosctl.endpoints
    own = next((one for one in endpoints if _host(one) in node.addresses), "")
    if own:
        return own
    tunnels = [one for one in endpoints if _is_loopback(_host(one))]
    if tunnels:
        return tunnels[0]
    address = node.addresses[0]
    (result,) = session.tools.runner.gather((talosctl.answers(address, address),))
    if result.ok:
        return address
    session.note(
        f"{node.hostname} does not answer on {address} itself: talosctl goes by the endpoints of the talosconfig",
        warning=True,
    )
    return ""


def _host(endpoint: str) -> str:
    """Without its port; an IPv6 address may stand in brackets, or alone."""
    if endpoint.startswith("["):
        return endpoint[1:].partition("]")[0]
    return endpoint if endpoint.count(":") > 1 else endpoint.partition(":")[0]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
