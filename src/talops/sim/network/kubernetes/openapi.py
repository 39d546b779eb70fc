"""OpenAPI v3, as far as kubectl looks into it: that every PATCH and POST takes `fieldValidation`."""

from talops.sim.kube.objects import Object, Resource, encode
from talops.sim.kube.store import ObjectStore

_ROOT = "/openapi/v3"
_PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]


def describe(store: ObjectStore, path: str) -> bytes | None:
    """The document at this path; None when it is not one of OpenAPI's."""
    versions = {f"apis/{one.api_version}" if one.group else "api/v1" for one in store.resources.values()}
    if path == _ROOT:
        return encode({"paths": {one: {"serverRelativeURL": f"{_ROOT}/{one}"} for one in sorted(versions)}})
    which = path.removeprefix(f"{_ROOT}/")
    if which not in versions:
        return None
    paths: Object = {}
    for resource in store.resources.values():
        at = f"apis/{resource.api_version}" if resource.group else "api/v1"
        if at == which:
            paths.update(_paths(at, resource))
    info = {"title": "Kubernetes", "version": "v1.36.3"}
    return encode({"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}})


def _paths(at: str, resource: Resource) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    where = f"/{at}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else f"/{at}/{resource.plural}"

    def operation(action: str) -> Object:
        known: Object = {"x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind}
        return {**known, "parameters": _PARAMETERS, "responses": {"200": {"description": "OK"}}}

    return {
        where: {"post": operation("post")},
        f"{where}/{{name}}": {"patch": operation("patch"), "put": operation("put")},
    }
