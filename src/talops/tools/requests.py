"""The Kubernetes requests that talops makes, one constructor for each template.

Each carries the kubectl command that a person would type for the same thing. Reads are made once and remembered.
"""

import json
import shlex
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from talops.domain.kubernetes import KubeNode, Pod, PostgresCluster
from talops.domain.process import Request
from talops.tools.leases import lease, lease_create, lease_delete, lease_replace, stamp
from talops.tools.templates import make

__all__ = [
    "access",
    "access_to_path",
    "api_groups",
    "api_resources",
    "attachments",
    "budgets",
    "ceph",
    "daemonsets",
    "evict",
    "lease",
    "lease_create",
    "lease_delete",
    "lease_replace",
    "node",
    "node_patch",
    "nodes",
    "pod",
    "pods_labelled",
    "pods_on",
    "postgres",
    "promote",
    "system_upgrade",
    "tuppr",
]
ROOK_PODS = (
    "app in (rook-ceph-osd,rook-ceph-mon,rook-ceph-mgr,rook-ceph-operator,rook-ceph-tools,rook-ceph-mds,rook-ceph-rgw)"
)
POSTGRES_PODS = "cnpg.io/podRole=instance"


@lru_cache(maxsize=1)
def api_groups() -> Request:
    return make("api-groups", "kubectl get --raw /apis")


@lru_cache(maxsize=64)
def api_resources(group: str, version: str) -> Request:
    return make("api-resources", f"kubectl get --raw /apis/{group}/{version}", group=group, version=version)


@lru_cache(maxsize=1)
def nodes() -> Request:
    return make("nodes", "kubectl get nodes -o json")


@lru_cache(maxsize=2048)
def node(name: str) -> Request:
    return make("node", f"kubectl get node {shlex.quote(name)} -o json", name=name)


def node_patch(
    target: KubeNode, *, annotations: Mapping[str, str | None], unschedulable: bool | None = None
) -> Request:
    """Set annotations (None takes one away), cordon (True) or uncordon (False), in one write.

    Refused (409) when the node has changed since it was read.
    """
    patch: dict[str, object] = {
        "metadata": {"resourceVersion": target.resource_version, "annotations": dict(annotations)}
    }
    name, commands = shlex.quote(target.name), []
    if unschedulable is not None:
        patch["spec"] = {"unschedulable": unschedulable or None}
        commands.append(f"kubectl {'cordon' if unschedulable else 'uncordon'} {name}")
    if annotations:
        words = [f"{key}-" if word is None else shlex.quote(f"{key}={word}") for key, word in annotations.items()]
        commands.append(f"kubectl annotate node {name} --overwrite {' '.join(words)}")
    return make("node-patch", " && ".join(commands), patch, name=target.name)


@lru_cache(maxsize=2048)
def pods_on(name: str) -> Request:
    command = f"kubectl get pods -A --field-selector spec.nodeName={shlex.quote(name)} -o json"
    return make("pods-on-node", command, name=name)


@lru_cache(maxsize=64)
def pods_labelled(selector: str) -> Request:
    return make("pods-labelled", f"kubectl get pods -A -l {shlex.quote(selector)} -o json", selector=selector)


@lru_cache(maxsize=4096)
def pod(namespace: str, name: str) -> Request:
    command = f"kubectl get pod -n {shlex.quote(namespace)} {shlex.quote(name)} -o json"
    return make("pod", command, namespace=namespace, name=name)


def evict(target: Pod, *, dry_run: bool = False) -> Request:
    """Evict this very pod: one of the same name but another UID is left alone (409)."""
    metadata = {"name": target.name, "namespace": target.namespace}
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
    query = "?dryRun=All" if dry_run else ""
    path = f"/api/v1/namespaces/{target.namespace}/pods/{target.name}/eviction{query}"
    typed = shlex.quote(json.dumps(eviction, separators=(",", ":")))
    return make(
        "evict",
        f"kubectl create --raw {shlex.quote(path)} -f - <<<{typed}",
        {**eviction, "deleteOptions": {"preconditions": {"uid": target.uid}}},
        namespace=target.namespace,
        name=target.name,
        query=query,
    )


@lru_cache(maxsize=1)
def budgets() -> Request:
    return make("budgets", "kubectl get poddisruptionbudgets -A -o json")


@lru_cache(maxsize=1)
def ceph() -> Request:
    return make("ceph", "kubectl get cephclusters.v1.ceph.rook.io -A -o json")


@lru_cache(maxsize=1)
def postgres() -> Request:
    return make("postgres", "kubectl get clusters.v1.postgresql.cnpg.io -A -o json")


def promote(target: PostgresCluster, instance: str, at: datetime) -> Request:
    """Ask CloudNativePG for a switchover to `instance`. Refused (409) when the cluster has changed since."""
    status = {
        "targetPrimary": instance,
        "targetPrimaryTimestamp": stamp(at),
        "phase": "Switchover in progress",
        "phaseReason": f"Switching over to {instance}",
    }
    return make(
        "postgres-promote",
        f"kubectl cnpg promote -n {shlex.quote(target.namespace)} {shlex.quote(target.name)} {shlex.quote(instance)}",
        {"metadata": {"resourceVersion": target.resource_version}, "status": status},
        namespace=target.namespace,
        name=target.name,
    )


@lru_cache(maxsize=1)
def attachments() -> Request:
    return make("attachments", "kubectl get volumeattachments -o json")


@lru_cache(maxsize=1)
def daemonsets() -> Request:
    return make("daemonsets", "kubectl get daemonsets -A -o json")


@lru_cache(maxsize=1)
def tuppr() -> Request:
    return make("tuppr", "kubectl get talosupgrades.v1alpha1.tuppr.home-operations.com -A -o json")


@lru_cache(maxsize=1)
def system_upgrade() -> Request:
    return make("system-upgrade", "kubectl get plans.v1.upgrade.cattle.io -A -o json")


@lru_cache(maxsize=64)
def access(
    verb: str, group: str, resource: str, subresource: str = "", *, namespace: str = "", name: str = ""
) -> Request:
    """Whether we may do this: in that namespace or in every one, to the one of that name or to all."""
    attributes = {"verb": verb, "group": group, "resource": resource}
    attributes |= {"subresource": subresource} if subresource else {}
    attributes |= {"namespace": namespace} if namespace else {}
    attributes |= {"name": name} if name else {}
    named = (f"{resource}.{group}" if group else resource) + (f"/{name}" if name else "")
    option = f" --subresource={subresource}" if subresource else ""
    where = f"-n {namespace}" if namespace else "-A"
    return make("access", f"kubectl auth can-i {verb} {named}{option} {where}", _review("resource", attributes))


@lru_cache(maxsize=8)
def access_to_path(verb: str, path: str) -> Request:
    """Whether we may do this to a path that is no resource, such as /apis."""
    review = _review("nonResource", {"verb": verb, "path": path})
    return make("access", f"kubectl auth can-i {verb} {shlex.quote(path)}", review)


def _review(kind: str, attributes: Mapping[str, str]) -> Mapping[str, object]:
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {f"{kind}Attributes": dict(attributes)},
    }
