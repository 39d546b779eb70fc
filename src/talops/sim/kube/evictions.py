"""Pods that leave: an eviction honours the one budget of its pod, and is paid for even when it then fails."""

from talops.sim.kube import statuses
from talops.sim.kube.budgets import covers, is_ready, say_whether_allowed
from talops.sim.kube.objects import Object, Resource
from talops.sim.kube.statuses import Reply
from talops.sim.kube.store import ObjectStore

GRACE_SECONDS = 30
_FINISHED = frozenset({"Succeeded", "Failed"})


def evict(store: ObjectStore, resource: Resource, pod: Object, eviction: Object, *, dry_run: bool) -> Reply:
    """POST …/eviction. Pending, finished and leaving pods may always go; else a budget decides, and two are an error.

    The preconditions are looked at last: what the budget has given by then is spent.
    """
    metadata = pod["metadata"]
    options = eviction.get("deleteOptions") or {}
    dry_run = dry_run or options.get("dryRun") == ["All"]
    phase = pod.get("status", {}).get("phase")
    if phase != "Pending" and phase not in _FINISHED and "deletionTimestamp" not in metadata:
        refused = _charge(store, pod, dry_run=dry_run)
        if refused is not None:
            return refused
    wanted = (options.get("preconditions") or {}).get("uid")
    if wanted and wanted != metadata["uid"]:
        return statuses.delete_refused(resource, metadata["name"], "UID", wanted, metadata["uid"])
    if not dry_run:
        terminate(store, metadata["name"], metadata["namespace"], evicted=True)
    return statuses.success(201)


def _charge(store: ObjectStore, pod: Object, *, dry_run: bool) -> Reply | None:
    """Take one disruption from the pod's budget, or say why there is none."""
    metadata = pod["metadata"]
    budgets = [budget for budget in store.all("poddisruptionbudgets") if _is_of(budget, pod)]
    if not budgets:
        return None
    if len(budgets) > 1:
        return statuses.two_budgets()
    budget = budgets[0]
    name, status = budget["metadata"]["name"], budget.get("status", {})
    if not is_ready(pod) and status["currentHealthy"] >= status["desiredHealthy"] > 0:
        return None
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 1):
        return statuses.budget_unsettled(name)
    if status["disruptionsAllowed"] < 1:
        return statuses.budget_blocks(name, status["desiredHealthy"], status["currentHealthy"])
    if not dry_run:

        def take_one(found: Object) -> None:
            status, now = found["status"], store.now()
            status["disruptionsAllowed"] -= 1
            if not status["disruptionsAllowed"]:
                say_whether_allowed(status, now)
            status.setdefault("disruptedPods", {})[metadata["name"]] = now.strftime("%Y-%m-%dT%H:%M:%SZ")

        store.update("poddisruptionbudgets", name, metadata["namespace"], take_one)
    return None


def _is_of(budget: Object, pod: Object) -> bool:
    return bool(budget["metadata"]["namespace"] == pod["metadata"]["namespace"]) and covers(budget, pod)


def terminate(store: ObjectStore, name: str, namespace: str, *, evicted: bool = False) -> None:
    """Mark a pod as leaving; the kubelet of its node takes it away later, and one that runs nowhere goes at once."""
    stamp = store.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def leave(found: Object) -> None:
        metadata, status = found["metadata"], found["status"]
        if evicted and not any(row["type"] == "DisruptionTarget" for row in status.get("conditions", ())):
            status["conditions"] = [*status.get("conditions", ()), _evicted(stamp)]
        if "deletionTimestamp" not in metadata:
            runs = found["spec"].get("nodeName") and status.get("phase") not in _FINISHED
            metadata["deletionTimestamp"] = stamp
            metadata["deletionGracePeriodSeconds"] = GRACE_SECONDS if runs else 0
            metadata["generation"] = metadata.get("generation", 1) + 1

    store.update("pods", name, namespace, leave)


def _evicted(stamp: str) -> Object:
    return {
        "type": "DisruptionTarget",
        "status": "True",
        "lastTransitionTime": stamp,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
