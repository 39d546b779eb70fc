"""The scheduler for pods of declared Deployments and Jobs: which node takes one, or why none does."""

from collections import Counter
from collections.abc import Iterable

from talops.sim.declared import pods
from talops.sim.kube.objects import Object
from talops.sim.kube.selectors import selects
from talops.sim.kube.store import ObjectStore

_NOT_READY: Object = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
_CORDONED: Object = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_ROLE = "node-role.kubernetes.io/control-plane"


def host_for(store: ObjectStore, pod: Object) -> tuple[str, str]:
    """The node that takes it, workers first; or an empty name, and the scheduler's words for that."""
    nodes = list(store.all("nodes"))
    refusals = {node["metadata"]["name"]: _refusal(store, pod, node) for node in nodes}
    taking = [node for node in nodes if not refusals[node["metadata"]["name"]]]
    if not taking:
        return "", _words(refusals.values())
    workers = [node for node in taking if _ROLE not in (node["metadata"].get("labels") or {})] or taking
    names = [str(node["metadata"]["name"]) for node in workers]
    return min(names, key=lambda name: sum(1 for _ in store.pods_on(name))), ""


def _refusal(store: ObjectStore, pod: Object, node: Object) -> str:
    ready = any(row["type"] == "Ready" and row["status"] == "True" for row in node["status"]["conditions"])
    if node["spec"].get("unschedulable") and not pods.tolerates(pod, _CORDONED):
        return "node(s) were unschedulable"
    if not ready and not pods.tolerates(pod, _NOT_READY):
        return "node(s) had untolerated taint(s)"
    if not pods.wants(pod, node):
        return "node(s) didn't match Pod's node affinity/selector"
    if _apart(store, pod, node):
        return "node(s) didn't match pod anti-affinity rules"
    return ""


def _apart(store: ObjectStore, pod: Object, node: Object) -> bool:
    """Whether a pod runs there that this one wants no node in common with."""
    affinity = (pod["spec"].get("affinity") or {}).get("podAntiAffinity") or {}
    rules = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or []
    selectors = [rule.get("labelSelector") for rule in rules if rule.get("topologyKey") == "kubernetes.io/hostname"]
    own = pod["metadata"]["namespace"]
    there = [one for one in store.pods_on(node["metadata"]["name"]) if one["metadata"]["namespace"] == own]
    return any(selects(selector, one["metadata"].get("labels") or {}) for selector in selectors for one in there)


def _words(refusals: Iterable[str]) -> str:
    counted = Counter(refusals)
    total = sum(counted.values())
    reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(counted.items()))
    none = f"0/{total} nodes are available"
    return f"{none}: {reasons}. preemption: {none}: {total} Preemption is not helpful for scheduling."
