"""The installer that runs on a node: what it refuses, and what the legacy sequence says before it starts it."""

from talops.domain.talos import Version
from talops.sim.machine import Machine

_OLDEST_HOST = {6: 3, 7: 4, 8: 5, 9: 8, 10: 8, 11: 9, 12: 10, 13: 11, 14: 12}
"""Talos 1.X may be installed on a host of 1.Y or newer, at most one minor newer than itself: the node's guard."""

_BEFORE_INSTALL = (
    ("cleanup", "stopAllPods"),
    ("dbus", "stopDBus"),
    ("stopServices", "stopServicesForUpgrade"),
    ("umount", "unmountOverlayFilesystems"),
)


def phases_before_install() -> list[str]:
    """What the legacy upgrade sequence reports until its installer runs."""
    lines: list[str] = []
    for phase, task in _BEFORE_INSTALL:
        lines += [f"phase: {phase} action: START", f"task: {task} action: START"]
        lines += [f"task: {task} action: STOP", f"phase: {phase} action: STOP"]
    return [*lines, "phase: upgrade action: START", "task: upgrade action: START"]


def refusal_of(machine: Machine, image: str) -> str:
    """The installer's own guard of version paths."""
    target, host = Version.parse(image.rpartition(":")[2]), machine.version
    if host.minor < _OLDEST_HOST.get(target.minor, target.minor - 2):
        return f"host version {host.core} is too old to upgrade to Talos {target.core}"
    if host.minor > target.minor + 1:
        return f"host version {host.core} is too new to downgrade to Talos {target.core}"
    return ""
