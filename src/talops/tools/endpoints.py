"""The endpoints of a talosconfig: `10.0.0.11`, `10.0.0.11:50000`, `[fd00::11]:50000`, `cp-1.example.lan`."""

from ipaddress import ip_address


def host_of(endpoint: str) -> str:
    """Without its port, if it names one."""
    with_port = endpoint.count(":") == 1 or "]:" in endpoint
    return (endpoint.rpartition(":")[0] if with_port else endpoint).strip("[]")


def is_here(host: str) -> bool:
    """Whether it is an address of this machine: of a tunnel, or of a practice cluster. No node's, then."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
