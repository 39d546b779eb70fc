"""Ports on loopback, which is all that a practice cluster ever listens on."""

import socket

LOOPBACK = "127.0.0.1"
BACKLOG = 128


def bound(port: int) -> socket.socket:
    """A socket that has the port (0: any) and does not listen: it keeps the port ours while connections are refused."""
    # only where the protocol is named does asyncio send small packets at once, and not 40 ms later
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.setblocking(False)
    found.bind((LOOPBACK, port))
    return found
