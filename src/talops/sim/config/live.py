"""Which changes of a machine config a running node takes, and how it shows two configs side by side.

Source: Talos v1.13.0, CanApplyImmediate (the same list in v1.12.0). Documents other than the main one never need a
reboot, as far as a node is asked.
"""

import difflib

from talops.sim.config.documents import Document, encoded, main_of
from talops.sim.kube.objects import Object

_MACHINE = (
    *("ca", "acceptedCAs", "time", "certSANs", "install", "network", "sysfs", "sysctls", "logging", "controlPlane"),
    *("kubelet", "kernel", "registries", "pods", "seccompProfiles", "nodeAnnotations", "nodeLabels", "nodeTaints"),
)
_FEATURES = ("kubernetesTalosAPIAccess", "kubePrism", "hostDNS", "imageCache", "nodeAddressSortAlgorithm")


def why_not_now(old: tuple[Document, ...], new: tuple[Document, ...]) -> str:
    """Empty when all changes can be applied without a reboot. The words quote the config."""
    before, after = main_of(old) or {}, main_of(new) or {}
    left = _without_live_changes(before, after)
    if _said(left) == _said(before):
        return ""
    shown = difference(_only(before), _only(left))
    return f"this config change can't be applied in immediate mode\ndiff:\n{shown}"


def _without_live_changes(before: Object, after: Object) -> Object:
    """`after`, but as `before` in everything that a running node takes."""
    left = _as_before(before, after, ("debug", "cluster"))
    machine, new_machine = before.get("machine"), after.get("machine")
    if isinstance(machine, dict) and isinstance(new_machine, dict):
        left["machine"] = _as_before(machine, new_machine, _MACHINE)
        features, new_features = machine.get("features"), new_machine.get("features")
        if isinstance(features, dict) and isinstance(new_features, dict):
            left["machine"]["features"] = _as_before(features, new_features, _FEATURES)
    return left


def _said(value: object) -> object:
    """Without what says nothing: a key with nothing behind it is to a node as one that is not there."""
    if not isinstance(value, dict):
        return value
    kept = {key: _said(inner) for key, inner in value.items()}
    return {key: inner for key, inner in kept.items() if inner not in ("", None, [], {})}


def _as_before(before: Object, after: Object, keys: tuple[str, ...]) -> Object:
    left = {key: value for key, value in after.items() if key not in keys}
    return left | {key: before[key] for key in keys if key in before}


def _only(main: Object) -> tuple[Document, ...]:
    return (Document(kind="", name="", value=main),)


def difference(old: tuple[Document, ...], new: tuple[Document, ...]) -> str:
    """As a unified diff; empty when there is none."""
    lines = (encoded(old).splitlines(keepends=True), encoded(new, like=old).splitlines(keepends=True))
    return "".join(difflib.unified_diff(*lines, fromfile="a", tofile="b"))
