"""Kubernetes objects as JSON, and the resources they are stored under."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Object = dict[str, Any]
"""One object as an API server stores it. JSON has no better type; only `sim` and parsers handle it in this form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of object. `custom` ones come from a CRD: their list items carry kind and apiVersion."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    custom: bool = False
    status: bool = False
    """Whether status is a subresource with its own path."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _core(plural: str, kind: str, *, namespaced: bool = True, status: bool = False) -> Resource:
    return Resource(group="", version="v1", plural=plural, kind=kind, namespaced=namespaced, status=status)


def _built_in(group: str, plural: str, kind: str, *, namespaced: bool = True, status: bool = False) -> Resource:
    return Resource(group=group, version="v1", plural=plural, kind=kind, namespaced=namespaced, status=status)


BUILT_IN = (
    _core("nodes", "Node", namespaced=False, status=True),
    _core("pods", "Pod", status=True),
    _core("namespaces", "Namespace", namespaced=False, status=True),
    _core("configmaps", "ConfigMap"),
    _core("services", "Service", status=True),
    _built_in("apps", "deployments", "Deployment", status=True),
    _built_in("apps", "daemonsets", "DaemonSet", status=True),
    _built_in("apps", "statefulsets", "StatefulSet", status=True),
    _built_in("policy", "poddisruptionbudgets", "PodDisruptionBudget", status=True),
    _built_in("coordination.k8s.io", "leases", "Lease"),
    _built_in("storage.k8s.io", "volumeattachments", "VolumeAttachment", namespaced=False, status=True),
    _built_in("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False),
    _built_in("apiextensions.k8s.io", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False),
)
UNCOUNTED = frozenset({"nodes", "namespaces", "configmaps", "services", "leases", "volumeattachments"})
"""Plurals of the kinds whose metadata has no generation."""
FIRST_STATUS: Mapping[str, Object] = MappingProxyType(
    {
        "poddisruptionbudgets": {
            "disruptionsAllowed": 0,
            "currentHealthy": 0,
            "desiredHealthy": 0,
            "expectedPods": 0,
        }
    }
)
"""What a new object's status says before its controller has seen it."""
CEPH_CLUSTERS = Resource(
    group="ceph.rook.io", version="v1", plural="cephclusters", kind="CephCluster", custom=True, status=True
)
POSTGRES_CLUSTERS = Resource(
    group="postgresql.cnpg.io", version="v1", plural="clusters", kind="Cluster", custom=True, status=True
)


def copied(value: Object) -> Object:
    """A copy that shares nothing. JSON is a tree, so this needs none of copy.deepcopy's care for cycles."""
    return {key: _copied(part) for key, part in value.items()}


def _copied(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list) else value


def encode(value: object) -> bytes:
    """JSON as an API server writes it: no spaces, UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def key_of(found: Object) -> tuple[str, str]:
    metadata = found["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
