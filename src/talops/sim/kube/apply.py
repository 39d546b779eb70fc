"""Server-side apply: `PATCH` with `application/apply-patch+yaml`, whose body may be JSON."""

from typing import Any

from talops.sim.kube import lastapplied, owners, statuses
from talops.sim.kube.asked import Asked
from talops.sim.kube.fieldsets import NOTHING, Ambiguous, Path
from talops.sim.kube.objects import Object, Resource, copied
from talops.sim.kube.owners import Conflict, Owner
from talops.sim.kube.shapes import Shape, shape_of
from talops.sim.kube.statuses import Reply
from talops.sim.kube.store import ObjectStore

_NOT_APPLIED = ("creationTimestamp", "generation", "resourceVersion", "selfLink", "uid")


def refused(store: ObjectStore, resource: Resource, asked: Asked, sent: Any, found: Object | None) -> Reply | None:
    """Why this body cannot be applied, or None."""
    if not asked.query.get("fieldManager"):
        return statuses.no_field_manager()
    if not isinstance(sent, dict):
        return statuses.bad_request("error decoding YAML: the object is no map")
    version, kind = str(sent.get("apiVersion", "")), str(sent.get("kind", ""))
    if not any((one.api_version, one.kind) == (version, kind) for one in store.resources.values()):
        group, _, number = version.rpartition("/")
        return statuses.bad_request(f"invalid object type: {group}/{number}, Kind={kind}")
    if version != resource.api_version:
        words = f"Specified patch version: {version}, expected: {resource.api_version}"
        return statuses.bad_request(f"Incorrect version specified in apply patch. {words}")
    metadata = sent.get("metadata") or {}
    if metadata.get("managedFields") is not None:
        return statuses.bad_request("metadata.managedFields must be nil")
    name = metadata.get("name", asked.name)
    if name != asked.name:
        return statuses.another_name(name, asked.name)
    namespace = metadata.get("namespace") or asked.namespace
    if resource.namespaced and namespace != asked.namespace:
        return statuses.another_namespace(namespace, asked.namespace)
    wanted = metadata.get("resourceVersion")
    if wanted and found is not None and wanted != found["metadata"]["resourceVersion"]:
        return statuses.conflict(resource, asked.name)
    return None


def result(store: ObjectStore, resource: Resource, asked: Asked, sent: Object, found: Object | None) -> Object | Reply:
    """What the object becomes, or why it does not. Without defaults, and nothing is written."""
    owner = owner_of(resource, asked, owners.APPLY)
    shape, now = shape_of(store, resource), store.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    force = asked.query.get("force") in {"true", "1"}
    config = _config(resource, asked, sent)
    try:
        try:
            new = owners.applied(found, config, owner, shape, now, force=force)
        except Conflict as conflict:
            disputed = _others(conflict, asked, found or {}, shape)
            if disputed:
                message, causes = owners.told(disputed)
                return statuses.failure(409, "Conflict", message, {"causes": causes})
            new = owners.applied(found, config, owner, shape, now, force=True)
    except Ambiguous as error:
        named = f"{(sent.get('metadata') or {}).get('namespace', '')}/{asked.name}"
        what = f"{named}; {resource.group}/{resource.version}, Kind={resource.kind}"
        return statuses.failure(500, None, f"failed to create typed patch object ({what}): {error}")
    new = copied(new)
    if asked.manager == lastapplied.KUBECTL:
        lastapplied.keep_up(new, sent)
    return new


def _others(conflict: Conflict, asked: Asked, found: Object, shape: Shape) -> dict[Owner, list[Path]]:
    """What is disputed with others than the applier itself, as it was when it applied from the client's side."""
    own = lastapplied.own_fields(found, shape) if asked.manager == lastapplied.KUBECTL else NOTHING
    left = {owner: [path for path in paths if path not in own] for owner, paths in conflict.disputed.items()}
    return {owner: paths for owner, paths in left.items() if paths}


def _config(resource: Resource, asked: Asked, sent: Object) -> Object:
    """As much of the body as this path can write. What the object is called is no field of it."""
    metadata = {word: value for word, value in (sent.get("metadata") or {}).items() if word not in _NOT_APPLIED}
    metadata["name"] = asked.name
    if resource.namespaced:
        metadata["namespace"] = asked.namespace
    other = {word: value for word, value in sent.items() if word not in {"apiVersion", "kind", "metadata"}}
    if asked.subresource == "status":
        return {"metadata": metadata, "status": other.get("status")}
    if resource.status:
        other.pop("status", None)
    return {"metadata": metadata, **other}


def owner_of(resource: Resource, asked: Asked, operation: str) -> Owner:
    return Owner(
        manager=asked.manager,
        operation=operation,
        api_version=resource.api_version,
        subresource=asked.subresource,
    )
