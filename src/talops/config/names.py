"""What may be a hostname, an address, an endpoint, an image: as talhelper judges it (measured)."""

import ipaddress
import re

_LABEL = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOSTNAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_DOMAIN = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62}(\.[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})*[._]?")
_ENDPOINT = re.compile(
    r"([a-zA-Z][a-zA-Z0-9+.-]*:)?//([\w.~-]+@)?(\[(?P<ip>[0-9a-fA-F:.]+)(%25\w+)?\]|[\w.~-]+)(:(?P<port>[0-9]*))?([/?#]\S*)?"
)
_REGISTRY = (
    r"(?:[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(:[0-9]+)?"
)
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(rf"(?P<registry>{_REGISTRY}|{_PART})/(?P<path>{_PART}(/{_PART})*)")


def is_hostname(text: str) -> bool:
    return len(text) <= 253 and _HOSTNAME.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """An IP address or a domain name."""
    try:
        # Go knows no zone there
        return "%" not in text and bool(ipaddress.ip_address(text))
    except ValueError:
        return len(text) <= 253 and _DOMAIN.fullmatch(text) is not None


def is_endpoint(text: str) -> bool:
    """A URL with a host, and a port that exists."""
    found = _ENDPOINT.fullmatch(text)
    port = found and found.group("port")
    if not found or (port and not 1 <= int(port[:9]) <= 65535):
        return False
    return found.group("ip") is None or ":" in found.group("ip")


def is_image(text: str) -> bool:
    """A repository with its registry: neither tag nor digest, and no name that Docker would have to complete."""
    found = _IMAGE.fullmatch(text) if len(text) <= 2 * 255 else None
    if not found or len(found.group("path")) > 255:
        return False
    registry = found.group("registry")
    named = re.search(r"[.:]", registry) or registry == "localhost" or registry.lower() != registry
    return bool(named) and (registry != "docker.io" or "/" in found.group("path")) and registry != "index.docker.io"
