"""Stands where talosctl would: sends its command line to the embedded cluster and prints what that answers.

Copied to a folder on PATH behind a first line that names Python and the socket; so it imports next to nothing.
"""

import os
import sys
from _socket import AF_UNIX, SOCK_STREAM, socket


def main(path: str) -> None:
    connection = socket(AF_UNIX, SOCK_STREAM)
    connection.connect(path)
    connection.sendall("\0".join(["talosctl", *sys.argv[1:]]).encode() + b"\n")
    answer = b""
    while chunk := connection.recv(1 << 16):
        answer += chunk
    head, _, rest = answer.partition(b"\n")
    code, length = (int(word) for word in head.split())
    sys.stdout.buffer.write(rest[:length])
    sys.stdout.flush()
    sys.stderr.buffer.write(rest[length:])
    sys.stderr.flush()
    os._exit(code)
