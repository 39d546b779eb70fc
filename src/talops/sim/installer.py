"""The installer that runs on a node: what it refuses, and what it writes."""

import re

from talops.domain.talos import Version
from talops.sim.cluster import Cluster
from talops.sim.machine import Machine, System

_FACTORY = re.compile(r"/([0-9a-f]{64}):(v[^@]+)")
_TAG = re.compile(r":(v\d+\.\d+\.\d+[^:/@]*)(?:@.+)?$")
_OLDEST_HOST = {6: 3, 7: 4, 8: 5, 9: 8, 10: 8, 11: 9, 12: 10, 13: 11, 14: 12}
"""Talos 1.X may be installed on a host of 1.Y or newer, at most one minor newer than itself: the node's guard."""


def release_of(image: str) -> Version | None:
    """None: no installer is of that name."""
    tag = _TAG.search(image)
    return Version.parse(tag[1]) if tag else None


def refusal_of(machine: Machine, image: str) -> str:
    """The installer's own guard of version paths."""
    target, host = release_of(image), machine.version
    if target is None:
        return f"{image} is not an installer"
    if host.minor < _OLDEST_HOST.get(target.minor, target.minor - 2):
        return f"host version {host.core} is too old to upgrade to Talos {target.core}"
    if host.minor > target.minor + 1:
        return f"host version {host.core} is too new to downgrade to Talos {target.core}"
    return ""


def write(cluster: Cluster, machine: Machine, image: str) -> None:
    """Into the slot that is not running, which the next boot starts from."""
    version, found = release_of(image), _FACTORY.search(image)
    if version is None:
        raise ValueError(image)
    schematic = found[1] if found else None
    extensions = cluster.catalog.get(schematic, ())
    machine.install(System(version=version, schematic=schematic, extensions=extensions))
    cluster.touch()
