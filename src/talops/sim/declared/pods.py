"""The pods of a workload: made of its template, and what their status says at each moment. In the kubelet's words."""

import json
from hashlib import sha256

from talops.sim.kube.objects import Object, copied
from talops.sim.kube.selectors import selects

HASHES = frozenset({"pod-template-hash", "controller-revision-hash", "job-name"})
"""Labels that tell a pod of a declared workload."""
_EVERYWHERE = ("not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
_CNI = "cni"
_NETWORKS = frozenset({"antrea-agent", "calico-node", "canal", "cilium", "kube-flannel", "kube-ovn-cni", "kube-router"})


def is_declared(pod: Object) -> bool:
    """Whether it was written through the API, or made for something that was."""
    about = pod["metadata"]
    return "managedFields" in about or not HASHES.isdisjoint(about.get("labels") or {})


def is_of(pod: Object, version: dict[str, str]) -> bool:
    """Whether it has these labels."""
    labels = pod["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in version.items())


def digest(template: Object) -> str:
    """Ten characters that change with the template."""
    return sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]


def made(owner: Object, kind: str, api_version: str, name: str, labels: dict[str, str]) -> Object:
    """A new pod of this owner's template, of no node yet. `labels` are more than the template's."""
    template = copied(owner["spec"]["template"])
    about = template.get("metadata") or {}
    metadata: Object = {
        "name": name,
        "namespace": owner["metadata"]["namespace"],
        "labels": {**(about.get("labels") or {}), **labels},
        "ownerReferences": [reference(owner, kind, api_version)],
    }
    if about.get("annotations"):
        metadata["annotations"] = about["annotations"]
    spec = template.get("spec") or {}
    if kind == "DaemonSet":
        spec["tolerations"] = [*(spec.get("tolerations") or []), *_daemon_tolerations()]
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": {"phase": "Pending"}}


def reference(owner: Object, kind: str, api_version: str) -> Object:
    named = {"apiVersion": api_version, "kind": kind, "name": owner["metadata"]["name"]}
    return {**named, "uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}


def _daemon_tolerations() -> list[Object]:
    effects = {"not-ready": "NoExecute", "unreachable": "NoExecute"}
    return [
        {"key": f"node.kubernetes.io/{word}", "operator": "Exists", "effect": effects.get(word, "NoSchedule")}
        for word in _EVERYWHERE
    ]


def tolerates(pod: Object, taint: Object) -> bool:
    return any(_covers(row, taint) for row in pod["spec"].get("tolerations") or [])


def _covers(row: Object, taint: Object) -> bool:
    if row.get("effect") not in {None, "", taint.get("effect")}:
        return False
    if row.get("operator") == "Exists":
        return row.get("key") in {None, "", taint["key"]}
    return bool(row.get("key") == taint["key"] and row.get("value", "") == taint.get("value", ""))


def wants(pod: Object, node: Object) -> bool:
    """Whether its selector takes this node, and it tolerates the node's taints."""
    labels = node["metadata"].get("labels") or {}
    taints = [taint for taint in node["spec"].get("taints") or [] if taint.get("effect") != "PreferNoSchedule"]
    selector = {"matchLabels": pod["spec"].get("nodeSelector") or {}}
    return selects(selector, labels) and all(tolerates(pod, taint) for taint in taints)


def is_network(pod: Object) -> bool:
    """Whether this is a daemon that gives its node a network: it puts a CNI plugin there, or is known to."""
    spec, metadata = pod["spec"], pod["metadata"]
    owner = (metadata.get("ownerReferences") or [{}])[0]
    name = str(owner.get("name", ""))
    if owner.get("kind") != "DaemonSet":
        return False
    if name in _NETWORKS:
        return True
    paths = [str((volume.get("hostPath") or {}).get("path", "")) for volume in spec.get("volumes") or []]
    return bool(spec.get("hostNetwork")) and (any(f"/{_CNI}" in path for path in paths) or _CNI in name.split("-"))


def waiting(pod: Object, reason: str, message: str, stamp: str) -> None:
    """On its node, and its containers cannot start."""
    state: Object = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
    containers = pod["spec"].get("containers") or []
    pod["status"].update(phase="Pending", conditions=_conditions(pod, stamp))
    pod["status"].setdefault("startTime", stamp)
    pod["status"]["containerStatuses"] = [
        {
            "name": one["name"],
            "state": state,
            "lastState": {},
            "ready": False,
            "started": False,
            "restartCount": 0,
            "image": one.get("image", ""),
            "imageID": "",
        }
        for one in containers
    ]


def _conditions(pod: Object, stamp: str) -> list[Object]:
    names = " ".join(one["name"] for one in pod["spec"].get("containers") or [])
    unready = {"reason": "ContainersNotReady", "message": f"containers with unready status: [{names}]"}
    return [
        {"type": "Ready", "status": "False", "lastTransitionTime": stamp, **unready},
        {"type": "Initialized", "status": "True", "lastTransitionTime": stamp},
        {"type": "ContainersReady", "status": "False", "lastTransitionTime": stamp, **unready},
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp},
    ]


def unscheduled(pod: Object, message: str, stamp: str) -> None:
    """No node takes it."""
    condition = {"type": "PodScheduled", "status": "False", "lastTransitionTime": stamp}
    ready = {"type": "Ready", "status": "False", "lastTransitionTime": stamp}
    pod["status"].update(phase="Pending")
    pod["status"]["conditions"] = [ready, {**condition, "reason": "Unschedulable", "message": message}]


def all_conditions(pod: Object, stamp: str) -> None:
    """What a pod that has become Ready says beside that."""
    rows = pod["status"].get("conditions") or []
    more = [
        {"type": word, "status": "True", "lastTransitionTime": stamp}
        for word in ("Initialized", "ContainersReady", "PodScheduled")
    ]
    pod["status"]["conditions"] = [*(row for row in rows if row["type"] == "Ready"), *more]
