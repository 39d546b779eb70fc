"""Pods as they are made: of one container, and owned by whoever looks after them."""

from collections.abc import Mapping

from talops.sim.kube.objects import Object

Owner = tuple[str, str]
"""Kind and name."""


def new_pod(
    namespace: str,
    name: str,
    container: Object,
    *,
    owner: Owner | None,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    empty_dir: bool,
) -> Object:
    """Pending, on no node."""
    metadata: Object = {"name": name, "namespace": namespace, "labels": dict(labels)}
    if annotations:
        metadata["annotations"] = dict(annotations)
    if owner is not None:
        kind, of = owner
        reference = {"apiVersion": "apps/v1", "kind": kind, "name": of, "uid": f"{kind}-{of}", "controller": True}
        metadata["ownerReferences"] = [reference]
    spec: Object = {"containers": [container]}
    if empty_dir:
        spec["volumes"] = [{"name": "scratch", "emptyDir": {}}]
    status = {"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}]}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": status}
