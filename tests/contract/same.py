"""Where two answers of API servers differ, what must differ set aside."""

import json
import re
from collections.abc import Iterator
from typing import Any

_OWN = re.compile(
    r"(.*\.)?(uid|resourceVersion|creationTimestamp|deletionTimestamp|storageVersionHash)"
    r"|buildDate|gitCommit|goVersion"
    r"|(.*\.)?status\.(conditions\[\]\.lastTransitionTime|disruptedPods\.[^.]+)"
)
"""Paths of what each server gives its own objects, and when it wrote that: only whether there is one is compared."""
_BOOKKEEPING = frozenset({"managedFields", "gitTreeState"})
_NAMED = {"groups": "name", "groups[].versions": "version", "resources": "name"}
"""Lists of which a real server has more than an embedded one: what both have is compared, by this key."""
_MASKS = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "UID"),
    (re.compile(r"in record \(\d+\)"), "in record (VERSION)"),
)
_POD = (
    *("dnsPolicy", "enableServiceLinks", "preemptionPolicy", "priority", "restartPolicy", "schedulerName"),
    *("securityContext", "terminationGracePeriodSeconds", "tolerations"),
)
_CONTAINER = ("imagePullPolicy", "resources", "terminationMessagePath", "terminationMessagePolicy")
_POD_SPEC = (*_POD, *(f"containers[].{word}" for word in _CONTAINER))
_POSTGRES_SPEC = (
    *("enablePDB", "enableSuperuserAccess", "failoverDelay", "logLevel", "maxSyncReplicas", "minSyncReplicas"),
    *("postgresGID", "postgresUID", "primaryUpdateMethod", "primaryUpdateStrategy", "replicationSlots"),
    *("smartShutdownTimeout", "startDelay", "stopDelay", "switchoverDelay"),
)
_KUBELET = (
    *("allocatable", "daemonEndpoints", "qosClass"),
    *(f"nodeInfo.{word}" for word in ("kubeProxyVersion", "machineID", "systemUUID")),
    *(f"conditions[].{word}" for word in ("lastProbeTime", "lastTransitionTime")),
    *(f"containerStatuses[].{word}" for word in ("image", "imageID", "lastState", "restartCount", "state")),
)
_DEFAULTED = frozenset(
    {
        *(f"spec.{word}" for word in (*_POD_SPEC, *_POSTGRES_SPEC, "revisionHistoryLimit", "updateStrategy")),
        *(f"spec.template.spec.{word}" for word in _POD_SPEC),
        *(f"status.{word}" for word in _KUBELET),
        "metadata.annotations.deprecated.daemonset.template.generation",
        "resources[].shortNames",
    }
)
"""What a server fills in where nobody said it, and what no drain and no gate reads."""


def masked(text: str) -> str:
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text


def decoded(body: bytes) -> Any:
    """JSON, or the words of a text answer."""
    text = body.decode()
    return json.loads(text) if text.lstrip().startswith("{") else text


def differences(ours: Any, real: Any, path: str = "") -> Iterator[str]:
    """Each with its path, such as `items[].metadata.labels`."""
    if isinstance(ours, dict) and isinstance(real, dict):
        for key in sorted((ours.keys() | real.keys()) - _BOOKKEEPING):
            yield from _of_key(ours, real, key, f"{path}.{key}" if path else key)
    elif isinstance(ours, list) and isinstance(real, list):
        yield from _of_lists(ours, real, path)
    elif (masked(ours) if isinstance(ours, str) else ours) != (masked(real) if isinstance(real, str) else real):
        yield f"{path} is {ours!r}, the real one is {real!r}"


def _of_key(ours: dict[str, Any], real: dict[str, Any], key: str, path: str) -> Iterator[str]:
    if key not in real:
        yield f"{path} is {ours[key]!r}, the real one has none"
    elif key not in ours:
        if path.removeprefix("items[].") not in _DEFAULTED:
            yield f"{path} is missing, the real one has {real[key]!r}"
    elif not _OWN.fullmatch(path) or not (ours[key] and real[key]):
        yield from differences(ours[key], real[key], path)


def _of_lists(ours: list[Any], real: list[Any], path: str) -> Iterator[str]:
    by = _NAMED.get(path)
    if by is not None:
        theirs = {one[by]: one for one in real}
        yield from (f"{path} has {one[by]}, the real one has not" for one in ours if one[by] not in theirs)
        ours = [one for one in ours if one[by] in theirs]
        real = [theirs[one[by]] for one in ours]
    elif len(ours) != len(real):
        yield f"{path} has {len(ours)}, the real one has {len(real)}"
    for one, other in zip(ours, real, strict=False):
        yield from differences(one, other, f"{path}[]")
