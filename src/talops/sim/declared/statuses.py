"""What the controllers write into the status of a workload."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from talops.sim.declared import pods
from talops.sim.kube.budgets import is_ready
from talops.sim.kube.objects import Object

StatusOf = Callable[[Object, Sequence[Object], Sequence[Object], str], Object]
"""Of a workload, from itself, its pods, all nodes, and the time."""


def _staying(own: Sequence[Object]) -> list[Object]:
    return [pod for pod in own if "deletionTimestamp" not in pod["metadata"]]


def _of(own: Sequence[Object], label: str, found: Object) -> int:
    wanted = pods.digest(found["spec"]["template"])
    return sum(1 for pod in own if (pod["metadata"].get("labels") or {}).get(label) == wanted)


def _daemon_set(found: Object, own: Sequence[Object], nodes: Sequence[Object], _now: str) -> Object:
    probe = pods.made(found, "DaemonSet", "apps/v1", "probe", {})
    hosts = [node["metadata"]["name"] for node in nodes if pods.wants(probe, node)]
    there = _staying(own)
    ready = sum(map(is_ready, there))
    counts = {
        "currentNumberScheduled": len({pod["spec"].get("nodeName") for pod in there} & set(hosts)),
        "numberMisscheduled": sum(1 for pod in there if pod["spec"].get("nodeName") not in hosts),
        "desiredNumberScheduled": len(hosts),
        "numberReady": ready,
        "observedGeneration": found["metadata"].get("generation", 1),
        "updatedNumberScheduled": _of(there, "controller-revision-hash", found),
        "numberAvailable": ready,
        "numberUnavailable": len(hosts) - ready,
    }
    spared = {"updatedNumberScheduled", "numberAvailable", "numberUnavailable"}
    return {word: number for word, number in counts.items() if number or word not in spared}


def _deployment(found: Object, own: Sequence[Object], _nodes: Sequence[Object], now: str) -> Object:
    there, wanted = _staying(own), int(found["spec"].get("replicas", 1))
    ready, updated = sum(map(is_ready, there)), _of(there, "pod-template-hash", found)
    counts = {
        "replicas": len(there),
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": max(wanted - ready, 0),
    }
    enough, done = ready >= wanted, ready >= wanted and updated == len(there) == wanted
    available = ("MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable", "minimum availability")
    conditions = [
        _condition("Available", enough, available[0], f"Deployment {_has(enough)} {available[1]}.", found, now),
        _condition(
            "Progressing",
            True,
            "NewReplicaSetAvailable" if done else "ReplicaSetUpdated",
            f"ReplicaSet of {found['metadata']['name']} {'has successfully progressed' if done else 'is progressing'}.",
            found,
            now,
        ),
    ]
    generation = found["metadata"].get("generation", 1)
    told = {word: number for word, number in counts.items() if number}
    return {"observedGeneration": generation, **told, "conditions": conditions}


def replica_set(found: Object, there: Sequence[Object]) -> Object:
    ready = sum(map(is_ready, there))
    counts = {"fullyLabeledReplicas": len(there), "readyReplicas": ready, "availableReplicas": ready}
    told = {word: number for word, number in counts.items() if number}
    return {"replicas": len(there), **told, "observedGeneration": found["metadata"].get("generation", 1)}


def _has(enough: bool) -> str:
    return "has" if enough else "does not have"


def _condition(kind: str, holds: bool, reason: str, message: str, found: Object, now: str) -> Object:
    """Its times are those of the last change."""
    row: Object = {"type": kind, "status": "True" if holds else "False", "reason": reason, "message": message}
    before: Object = next(
        (one for one in (found.get("status") or {}).get("conditions") or () if one["type"] == kind), {}
    )
    changed = before.get("lastTransitionTime", now) if before.get("status") == row["status"] else now
    updated = before.get("lastUpdateTime", now) if before.get("reason") == reason else now
    return {**row, "lastTransitionTime": changed, "lastUpdateTime": updated}


def _job(found: Object, own: Sequence[Object], _nodes: Sequence[Object], now: str) -> Object:
    before = found.get("status") or {}
    done = sum(1 for pod in own if pod["status"].get("phase") == "Succeeded")
    status: Object = {"startTime": before.get("startTime", now)}
    if not done:
        ready = sum(map(is_ready, own))
        return {**status, "active": len(own), "ready": ready}
    ended = before.get("completionTime", now)
    condition = {"type": "Complete", "status": "True", "reason": "CompletionsReached", "lastTransitionTime": ended}
    more = {"message": "Reached expected number of succeeded pods", "lastProbeTime": ended}
    return {**status, "completionTime": ended, "succeeded": done, "ready": 0, "conditions": [{**condition, **more}]}


OF: Mapping[str, StatusOf] = MappingProxyType({"daemonsets": _daemon_set, "deployments": _deployment, "jobs": _job})
