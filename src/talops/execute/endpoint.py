"""By which endpoint a long talosctl speaks: one machine's own, since a virtual IP moves and takes connections along."""

from talops.domain.cluster import DesiredNode
from talops.execute.session import Session
from talops.tools.calls import Talosctl
from talops.tools.endpoints import host_of, is_here


def direct_endpoint(session: Session, talosctl: Talosctl, node: DesiredNode) -> str:
    """The node's own among those of the talosconfig; else the node itself, if it answers there. Empty for neither.

    Endpoints on loopback lead through a tunnel, which the node's address does not.
    """
    endpoints = talosctl.endpoints
    own = next((one for one in endpoints if host_of(one) in node.addresses), "")
    if own:
        return own
    tunnels = [one for one in endpoints if is_here(host_of(one))]
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
