"""Aggregated discovery: every group with its resources in one answer."""

from talops.sim.kube.discovery import verbs
from talops.sim.kube.objects import Object, Resource, encode
from talops.sim.kube.store import ObjectStore

CONTENT_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def groups(store: ObjectStore, *, core: bool) -> bytes:
    """The core group of `/api`, or all others of `/apis`."""
    found: dict[str, dict[str, list[Object]]] = {}
    for resource in store.resources.values():
        if (resource.group == "") is core:
            versions = found.setdefault(resource.group, {})
            versions.setdefault(resource.version, []).append(_resource(resource))
    items = [
        {
            "metadata": {"name": group} if group else {},
            "versions": [
                {"version": version, "resources": resources, "freshness": "Current"}
                for version, resources in versions.items()
            ],
        }
        for group, versions in found.items()
    ]
    head: Object = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}}
    return encode({**head, "items": items}) + b"\n"


def _resource(resource: Resource) -> Object:
    # a built-in kind of the resource's own group is named without it
    group, version = (resource.group, resource.version) if resource.custom else ("", "")
    found: Object = {
        "resource": resource.plural,
        "responseKind": {"group": group, "version": version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.kind.lower(),
        "verbs": verbs(resource),
    }
    if resource.short:
        found["shortNames"] = list(resource.short)
    if resource.categories:
        found["categories"] = list(resource.categories)
    below = [
        {
            "subresource": one.name,
            "responseKind": {"group": one.group or group, "version": one.version or version, "kind": one.kind},
            "verbs": list(one.verbs),
        }
        for one in resource.subresources
    ]
    return {**found, "subresources": below} if below else found
