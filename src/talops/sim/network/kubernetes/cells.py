"""The cells of printed tables, in the words of a kube-apiserver 1.36."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from talops.sim.kube.objects import Object

Cell = str | int | bool | None
_NONE = "<none>"
_ROLE = "node-role.kubernetes.io/"


def at(found: Object, *path: str, otherwise: Cell) -> Cell:
    """What stands at this path; `otherwise` when nothing does."""
    value: object = found
    for word in path:
        value = value.get(word) if isinstance(value, dict) else None
    return value if isinstance(value, str | int | bool) and value != "" else otherwise


def as_text(value: Cell) -> Cell:
    return None if value is None else str(value)


def age(found: Object, now: datetime) -> Cell:
    return since(found["metadata"].get("creationTimestamp"), now)


def since(stamp: str | None, now: datetime) -> str:
    """How long ago that was, as kubectl writes it: two units at most, one when the second says little."""
    return "<unknown>" if not stamp else duration(now - datetime.fromisoformat(stamp))


def duration(passed: timedelta) -> str:
    seconds = int(passed.total_seconds())
    if seconds < -1:
        return "<invalid>"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    if minutes < 10:
        return f"{minutes}m" + (f"{seconds % 60}s" if seconds % 60 else "")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h" + (f"{minutes % 60}m" if minutes % 60 else "")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d" + (f"{hours % 24}h" if hours % 24 else "")
    if days < 730:
        return f"{days}d"
    return f"{days // 365}y" + (f"{days % 365}d" if days < 2920 and days % 365 else "")


def node_status(found: Object) -> Cell:
    conditions = found.get("status", {}).get("conditions") or []
    ready = next((row["status"] for row in conditions if row["type"] == "Ready"), None)
    words = ["Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"]
    return ",".join([*words, *(["SchedulingDisabled"] if found["spec"].get("unschedulable") else [])])


def node_roles(found: Object) -> Cell:
    labels = found["metadata"].get("labels") or {}
    return ",".join(sorted(key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE))) or _NONE


def kernel(found: Object) -> Cell:
    about = found.get("status", {}).get("nodeInfo") or {}
    return f"{about['kernelVersion']} ({about['architecture']})" if about.get("kernelVersion") else "<unknown>"


def address(found: Object, kind: str) -> Cell:
    addresses = found.get("status", {}).get("addresses") or []
    return next((row["address"] for row in addresses if row["type"] == kind), _NONE)


def pod_ready(found: Object) -> Cell:
    statuses = found.get("status", {}).get("containerStatuses") or []
    return f"{sum(bool(row.get('ready')) for row in statuses)}/{len(found['spec'].get('containers') or [])}"


def pod_status(found: Object) -> Cell:
    status = found.get("status", {})
    if "deletionTimestamp" in found["metadata"]:
        return "Terminating"
    for row in status.get("containerStatuses") or []:
        waiting = row.get("state", {}).get("waiting")
        if waiting and waiting.get("reason"):
            return str(waiting["reason"])
    phase = status.get("reason") or status.get("phase", "Unknown")
    return "Completed" if phase == "Succeeded" else str(phase)


def pod_restarts(found: Object, now: datetime) -> Cell:
    rows = found.get("status", {}).get("containerStatuses") or []
    restarts = sum(row.get("restartCount", 0) for row in rows)
    ends = [row.get("lastState", {}).get("terminated", {}).get("finishedAt") for row in rows]
    last = max(filter(None, ends), default=None)
    return f"{restarts} ({since(last, now)} ago)" if restarts and last else str(restarts)


def replicas_ready(found: Object) -> Cell:
    return f"{at(found, 'status', 'readyReplicas', otherwise=0)}/{at(found, 'spec', 'replicas', otherwise=0)}"


def _containers(found: Object) -> list[Object]:
    return list(found["spec"].get("template", {}).get("spec", {}).get("containers") or [])


def container_names(found: Object) -> Cell:
    return ",".join(row["name"] for row in _containers(found)) or _NONE


def images(found: Object) -> Cell:
    return ",".join(row.get("image", "") for row in _containers(found)) or _NONE


def _labels(labels: Mapping[str, str] | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or _NONE


def selector(found: Object) -> Cell:
    return _labels((found["spec"].get("selector") or {}).get("matchLabels"))


def service_selector(found: Object) -> Cell:
    return _labels(found["spec"].get("selector"))


def node_selector(found: Object) -> Cell:
    return _labels(found["spec"].get("template", {}).get("spec", {}).get("nodeSelector"))


def ports(found: Object) -> Cell:
    rows = found["spec"].get("ports") or []
    return ",".join(f"{row['port']}/{row.get('protocol', 'TCP')}" for row in rows) or _NONE


def entries(found: Object) -> Cell:
    return str(len(found.get("data") or {}) + len(found.get("binaryData") or {}))


def last_seen(found: Object, now: datetime) -> Cell:
    return since(found.get("lastTimestamp") or found["metadata"].get("creationTimestamp"), now)


def involved(found: Object) -> Cell:
    about = found.get("involvedObject") or {}
    return f"{about.get('kind', '').lower()}/{about.get('name', '')}"


def _conditions(found: Object) -> list[Object]:
    return list((found.get("status") or {}).get("conditions") or [])


def signing(found: Object) -> Cell:
    """What has become of a request for a certificate."""
    words = [str(row["type"]) for row in _conditions(found)]
    issued = ["Issued"] if "certificate" in (found.get("status") or {}) else []
    return ",".join([*words, *issued]) or "Pending"


def role(found: Object) -> Cell:
    named = found.get("roleRef") or {}
    return f"{named.get('kind', '')}/{named.get('name', '')}"


def job_status(found: Object) -> Cell:
    return "Complete" if any(row["type"] == "Complete" for row in _conditions(found)) else "Running"


def completions(found: Object) -> Cell:
    return f"{at(found, 'status', 'succeeded', otherwise=0)}/{at(found, 'spec', 'completions', otherwise=1)}"


def is_ready(found: Object) -> Cell:
    return next((str(row["status"]) for row in _conditions(found) if row["type"] == "Ready"), None)


def ready_message(found: Object) -> Cell:
    return next((str(row.get("message", "")) for row in _conditions(found) if row["type"] == "Ready"), None)
