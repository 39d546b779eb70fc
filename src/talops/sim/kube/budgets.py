"""PodDisruptionBudgets: the disruption controller's arithmetic, and the eviction that honours it."""

from collections.abc import Iterable

from talops.sim.kube import statuses
from talops.sim.kube.objects import Object, Resource
from talops.sim.kube.selectors import selects
from talops.sim.kube.statuses import Reply
from talops.sim.kube.store import ObjectStore

GRACE_SECONDS = 30


def is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    return any(row["type"] == "Ready" and row["status"] == "True" for row in conditions)


def recompute_budgets(store: ObjectStore, namespace: str) -> None:
    """Bring the status of every budget of a namespace up to date, as the disruption controller would."""
    budgets = [budget for budget in store.all("poddisruptionbudgets") if budget["metadata"]["namespace"] == namespace]
    if not budgets:
        return
    pods = [pod for pod in store.all("pods") if pod["metadata"]["namespace"] == namespace]
    for budget in budgets:
        status = _status(budget, [pod for pod in pods if _covers(budget, pod)])

        def write(found: Object, status: Object = status) -> None:
            found["status"] = {**found.get("status", {}), **status}

        store.update("poddisruptionbudgets", budget["metadata"]["name"], namespace, write)


def _covers(budget: Object, pod: Object) -> bool:
    return selects(budget["spec"].get("selector"), pod["metadata"].get("labels") or {})


def _status(budget: Object, pods: list[Object]) -> Object:
    """Expected pods count replicas wanted, so a pod that is being replaced still counts."""
    spec = budget["spec"]
    expected = max(len(pods), int(budget["metadata"].get("annotations", {}).get("sim.talops.dev/expected", 0)))
    healthy = sum(1 for pod in pods if is_ready(pod) and "deletionTimestamp" not in pod["metadata"])
    if "minAvailable" in spec:
        desired = _count(spec["minAvailable"], expected)
    else:
        desired = max(0, expected - _count(spec.get("maxUnavailable", 0), expected))
    return {
        "observedGeneration": budget["metadata"].get("generation", 1),
        "disruptionsAllowed": max(0, healthy - desired) if expected else 0,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
    }


def _count(value: int | str, whole: int) -> int:
    """A number, or a percentage rounded up."""
    if isinstance(value, str) and value.endswith("%"):
        return -(-int(value[:-1]) * whole // 100)
    return int(value)


def evict(store: ObjectStore, resource: Resource, pod: Object, eviction: Object, *, dry_run: bool) -> Reply:
    """POST …/eviction. Pending and finished pods may always go; else one budget decides, and two are an error."""
    metadata = pod["metadata"]
    options = eviction.get("deleteOptions") or {}
    wanted = (options.get("preconditions") or {}).get("uid")
    if wanted and wanted != metadata["uid"]:
        return statuses.delete_refused(resource, metadata["name"], "UID", wanted, metadata["uid"])
    dry_run = dry_run or options.get("dryRun") == ["All"]
    phase = pod.get("status", {}).get("phase")
    if phase not in {"Pending", "Succeeded", "Failed"} and "deletionTimestamp" not in metadata:
        refused = _charge(store, pod, dry_run=dry_run)
        if refused is not None:
            return refused
    if not dry_run:
        terminate(store, metadata["name"], metadata["namespace"])
    return statuses.success(201)


def _charge(store: ObjectStore, pod: Object, *, dry_run: bool) -> Reply | None:
    """Take one disruption from the pod's budget, or say why there is none."""
    namespace = pod["metadata"]["namespace"]
    budgets: Iterable[Object] = store.all("poddisruptionbudgets")
    covering = [b for b in budgets if b["metadata"]["namespace"] == namespace and _covers(b, pod)]
    if not covering:
        return None
    if len(covering) > 1:
        return statuses.two_budgets()
    budget = covering[0]
    name, status = budget["metadata"]["name"], budget.get("status", {})
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 1):
        return statuses.budget_unsettled(name)
    if not is_ready(pod):
        return None if status["currentHealthy"] >= status["desiredHealthy"] else _blocked(name, status)
    if status["disruptionsAllowed"] < 1:
        return _blocked(name, status)
    if not dry_run:

        def take_one(found: Object) -> None:
            found["status"]["disruptionsAllowed"] -= 1

        store.update("poddisruptionbudgets", name, namespace, take_one)
    return None


def _blocked(name: str, status: Object) -> Reply:
    return statuses.budget_blocks(name, status["desiredHealthy"], status["currentHealthy"])


def terminate(store: ObjectStore, name: str, namespace: str) -> None:
    """Mark a pod as leaving; the kubelet of its node takes it away later."""
    stamp = store.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def leave(found: Object) -> None:
        found["metadata"].setdefault("deletionTimestamp", stamp)
        found["metadata"].setdefault("deletionGracePeriodSeconds", GRACE_SECONDS)

    store.update("pods", name, namespace, leave)
