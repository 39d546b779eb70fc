"""The disruption controller: what it counts for each PodDisruptionBudget, and writes into its status."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from talops.sim.kube.objects import Object
from talops.sim.kube.selectors import selects
from talops.sim.kube.store import ObjectStore

DELETION_LIMIT = 120.0
"""Seconds after which a pod that was evicted, and is still there, counts again."""
_ALLOWED = "DisruptionAllowed"


def is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    return any(row["type"] == "Ready" and row["status"] == "True" for row in conditions)


def recompute_budgets(store: ObjectStore, namespace: str) -> None:
    """Bring the status of every budget of a namespace up to date."""
    budgets = [budget for budget in store.all("poddisruptionbudgets") if budget["metadata"]["namespace"] == namespace]
    if not budgets:
        return
    pods = [pod for pod in store.all("pods") if pod["metadata"]["namespace"] == namespace]
    for budget in budgets:
        status = _status(budget, [pod for pod in pods if covers(budget, pod)], store.now())

        def write(found: Object, status: Object = status) -> None:
            found["status"] = status

        store.update("poddisruptionbudgets", budget["metadata"]["name"], namespace, write)


def covers(budget: Object, pod: Object) -> bool:
    return selects(budget["spec"].get("selector"), pod["metadata"].get("labels") or {})


def _status(budget: Object, pods: list[Object], now: datetime) -> Object:
    """Expected pods count replicas wanted, so a pod that is being replaced still counts."""
    spec, old = budget["spec"], budget.get("status", {})
    expected = max(len(pods), int(budget["metadata"].get("annotations", {}).get("sim.talops.dev/expected", 0)))
    staying = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    disrupted = _disrupted(old.get("disruptedPods", {}), staying, now)
    healthy = sum(1 for pod in staying if is_ready(pod) and pod["metadata"]["name"] not in disrupted)
    if "minAvailable" in spec:
        desired = _count(spec["minAvailable"], expected)
    else:
        desired = max(0, expected - _count(spec.get("maxUnavailable", 0), expected))
    status: Object = {
        "observedGeneration": budget["metadata"].get("generation", 1),
        **({"disruptedPods": disrupted} if disrupted else {}),
        "disruptionsAllowed": max(0, healthy - desired) if expected else 0,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "conditions": old.get("conditions", []),
    }
    say_whether_allowed(status, now)
    return status


def _disrupted(evicted: Mapping[str, str], pods: list[Object], now: datetime) -> dict[str, str]:
    """Pods that an eviction has counted off already, and that are not seen to leave yet."""
    limit = timedelta(seconds=DELETION_LIMIT)
    names = [pod["metadata"]["name"] for pod in pods]
    return {name: evicted[name] for name in names if name in evicted and _instant(evicted[name]) + limit > now}


def _instant(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


def say_whether_allowed(status: Object, now: datetime) -> None:
    """The condition of a budget's status: its time is that of the last change."""
    allowed = status["disruptionsAllowed"] > 0
    said = next((row for row in status.get("conditions", ()) if row["type"] == _ALLOWED), None)
    truth = "True" if allowed else "False"
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    condition = {
        "type": _ALLOWED,
        "status": truth,
        "observedGeneration": status["observedGeneration"],
        "lastTransitionTime": said["lastTransitionTime"] if said and said["status"] == truth else stamp,
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
    }
    others = [row for row in status.get("conditions", ()) if row["type"] != _ALLOWED]
    status["conditions"] = [*others, condition]


def _count(value: int | str, whole: int) -> int:
    """A number, or a percentage rounded up."""
    if isinstance(value, str) and value.endswith("%"):
        return -(-int(value[:-1]) * whole // 100)
    return int(value)
