"""What an API server says about itself: groups, versions, resources."""

from base64 import b64encode
from functools import lru_cache
from hashlib import sha256

from talops.sim.kube.objects import Object, Resource, encode
from talops.sim.kube.store import ObjectStore

VERSION: Object = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.3",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "go1.26.8",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""An API server lists the verbs of custom resources in an order of their own."""


def core_versions() -> bytes:
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:6443"}
    return encode({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}) + b"\n"


def group_list(store: ObjectStore) -> bytes:
    return _group_list(tuple(store.resources))


@lru_cache(maxsize=16)
def _group_list(served: tuple[tuple[str, str, str], ...]) -> bytes:
    groups: dict[str, list[str]] = {}
    for group, version, _plural in served:
        if group and version not in groups.setdefault(group, []):
            groups[group].append(version)
    rows = []
    for group, versions in groups.items():
        listed = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
        rows.append({"name": group, "versions": listed, "preferredVersion": listed[0]})
    return encode({"kind": "APIGroupList", "apiVersion": "v1", "groups": rows}) + b"\n"


def verbs(resource: Resource) -> list[str]:
    return list(_CUSTOM_VERBS if resource.custom else resource.verbs)


def resource_list(store: ObjectStore, group: str, version: str) -> bytes | None:
    """None when there is no such group and version."""
    rows: list[Object] = []
    for resource in store.resources.values():
        if (resource.group, resource.version) == (group, version):
            rows += _rows(resource)
    if not rows:
        return None
    # the core's own list leaves its version out
    head: Object = {"kind": "APIResourceList", **({"apiVersion": "v1"} if group else {})}
    api_version = f"{group}/{version}" if group else version
    return encode({**head, "groupVersion": api_version, "resources": rows}) + b"\n"


def _rows(resource: Resource) -> list[Object]:
    row: Object = {"name": resource.plural, "singularName": resource.kind.lower(), "namespaced": resource.namespaced}
    row.update(kind=resource.kind, verbs=verbs(resource))
    if resource.short:
        row["shortNames"] = list(resource.short)
    if resource.categories:
        row["categories"] = list(resource.categories)
    if "get" in resource.verbs:
        digest = sha256(f"{resource.api_version}/{resource.kind}".encode()).digest()[:8]
        row["storageVersionHash"] = b64encode(digest).decode()
    rows = [row]
    for below in resource.subresources:
        name: Object = {"name": f"{resource.plural}/{below.name}", "singularName": ""}
        other = {"group": below.group, "version": below.version} if below.group else {}
        rows.append(
            {**name, "namespaced": resource.namespaced, **other, "kind": below.kind, "verbs": list(below.verbs)}
        )
    return rows
