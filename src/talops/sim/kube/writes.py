"""Creating, replacing, patching, deleting: with versions, preconditions and dry runs, as an API server does it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from talops.sim.kube import apply, checks, defaults, patches, statuses
from talops.sim.kube.asked import Asked
from talops.sim.kube.evictions import evict, terminate
from talops.sim.kube.objects import Object, Resource, copied, encode
from talops.sim.kube.owners import UPDATE, updated
from talops.sim.kube.shapes import shape_of
from talops.sim.kube.statuses import Reply
from talops.sim.kube.store import ObjectStore

_SERVER_OWNED = ("uid", "creationTimestamp", "generation", "selfLink", "managedFields")


Write = Callable[[], Reply]


class Writes:
    """The mutating half of the API."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def write(self, verb: str, resource: Resource, asked: Asked, sent: Any, content_type: str) -> Reply:
        try:
            found = self._prepared(verb, resource, asked, sent, content_type)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            kind = f'{resource.kind} in version "{resource.version}"'
            return statuses.bad_request(f"{kind} cannot be handled as a {resource.kind}: {error}")
        return found if isinstance(found, tuple) else found()

    def _prepared(self, verb: str, resource: Resource, asked: Asked, sent: Any, content_type: str) -> Reply | Write:
        """A refusal, or what is yet to be written: nothing is before all of it could be made of what was sent."""
        if verb == "create" and not asked.name:
            return self._create(resource, asked, sent)
        found = self._store.get(resource.shelf, asked.name, asked.namespace)
        if asked.subresource not in {"", *(below.name for below in resource.subresources)}:
            return statuses.no_such_resource()
        if verb == "patch" and patches.kind_of(content_type) == patches.APPLY and (found or not asked.subresource):
            return self._apply(resource, asked, found, sent)
        if verb == "update" and found is None and not asked.subresource and isinstance(sent, dict):
            uid = sent.get("metadata", {}).get("uid")
            if uid:
                return statuses.replace_refused(resource, asked.namespace, asked.name, "", uid)
            return self._create(resource, asked, sent)
        if found is None:
            return statuses.not_found(resource, asked.name)
        match verb, asked.subresource:
            case "create", "eviction":
                return partial(evict, self._store, resource, found, sent, dry_run=asked.dry_run)
            case "update", "" | "status" | "approval":
                return self._replace(resource, asked, found, sent)
            case "patch", "" | "status" | "approval":
                return self._patch(resource, asked, found, sent, content_type)
            case "delete", "":
                return partial(self._delete, resource, asked, found, sent if isinstance(sent, dict) else {})
        return statuses.not_allowed()

    def _apply(self, resource: Resource, asked: Asked, found: Object | None, sent: Any) -> Reply | Write:
        reply = apply.refused(self._store, resource, asked, sent, found) or (
            None if found else self._homeless(resource, asked)
        )
        if reply is not None:
            return reply
        new = apply.result(self._store, resource, asked, sent, found)
        if isinstance(new, tuple):
            return new
        if found is None:
            return self._store_new(resource, asked, {"kind": resource.kind, "apiVersion": resource.api_version, **new})
        defaults.fill(resource, new, found)

        def change(stored: Object) -> None:
            stored.clear()
            stored.update(new)

        return self._change(resource, asked, found, change)

    def _patch(self, resource: Resource, asked: Asked, found: Object, sent: Any, content_type: str) -> Reply | Write:
        try:
            changed = patches.patched(found, sent, content_type)
        except patches.Unknown:
            message = f"the body of the request was in an unknown format: {content_type}"
            return statuses.failure(415, "UnsupportedMediaType", message)
        except patches.Rejected:
            message = "the server rejected our request due to an error in our request"
            return statuses.failure(422, "Invalid", message, {})
        return self._replace(resource, asked, found, changed)

    def _create(self, resource: Resource, asked: Asked, sent: Object) -> Reply | Write:
        name = _name(sent)
        if not name:
            message = f'{resource.kind} "" is invalid: metadata.name: Required value: name or generateName is required'
            return statuses.failure(422, "Invalid", message, {"kind": resource.kind})
        if self._store.get(resource.shelf, name, asked.namespace) is not None:
            return statuses.already_exists(resource, name)
        reply = self._homeless(resource, asked)
        if reply is not None:
            return reply
        hidden = {"resourceVersion", "managedFields"}
        metadata = {word: value for word, value in sent["metadata"].items() if word not in hidden}
        if resource.namespaced:
            metadata["namespace"] = asked.namespace
        new: Object = {**sent, "metadata": metadata}
        defaults.fill(resource, new, None)
        owner, now = apply.owner_of(resource, asked, UPDATE), self._now()
        return self._store_new(resource, asked, updated({}, new, owner, shape_of(self._store, resource), now))

    def _store_new(self, resource: Resource, asked: Asked, new: Object) -> Reply | Write:
        defaults.fill(resource, new, None)
        defaults.begin(self._store, resource, new, asked.user)
        refused = checks.refused(resource, new, None)
        if refused is not None:
            return refused
        if asked.dry_run:
            return 201, self._whole(resource, self._store.born(resource.shelf, new))
        return lambda: (201, self._whole(resource, self._store.create(resource.shelf, new)))

    def _homeless(self, resource: Resource, asked: Asked) -> Reply | None:
        """Nothing can be made in a namespace that is not there."""
        if not resource.namespaced or self._store.get("namespaces", asked.namespace) is not None:
            return None
        return statuses.not_found(self._store.resources["", "v1", "namespaces"], asked.namespace)

    def _replace(self, resource: Resource, asked: Asked, found: Object, sent: Object) -> Reply | Write:
        wanted = sent.get("metadata", {})
        version, uid = wanted.get("resourceVersion"), wanted.get("uid")
        if uid and uid != found["metadata"]["uid"]:
            return statuses.replace_refused(resource, asked.namespace, asked.name, found["metadata"]["uid"], uid)
        if version and version != found["metadata"]["resourceVersion"]:
            return statuses.conflict(resource, asked.name)

        def change(new: Object) -> None:
            _take(new, sent, resource, asked.subresource)
            defaults.fill(resource, new, found)
            if new["metadata"].get("managedFields"):
                owner, shape = apply.owner_of(resource, asked, UPDATE), shape_of(self._store, resource)
                owned = updated(found, new, owner, shape, self._now())
                new.update(owned)

        return self._change(resource, asked, found, change)

    def _change(
        self, resource: Resource, asked: Asked, found: Object, change: Callable[[Object], None]
    ) -> Reply | Write:
        new = self._store.grown(resource.shelf, found, change)
        refused = checks.refused(resource, new, found)
        if refused is not None:
            return refused
        if asked.dry_run:
            return 200, self._whole(resource, new)
        return lambda: (200, self._whole(resource, self._store.replace(resource.shelf, found, new)))

    def _delete(self, resource: Resource, asked: Asked, found: Object, options: Object) -> Reply:
        metadata = found["metadata"]
        wanted = options.get("preconditions") or {}
        if wanted.get("uid") and wanted["uid"] != metadata["uid"]:
            return statuses.delete_refused(resource, metadata["name"], "UID", wanted["uid"], metadata["uid"])
        version = wanted.get("resourceVersion")
        if version and version != metadata["resourceVersion"]:
            name, found_version = metadata["name"], metadata["resourceVersion"]
            return statuses.delete_refused(resource, name, "ResourceVersion", version, found_version)
        if asked.dry_run:
            return 200, self._whole(resource, found)
        if resource.shelf == "pods":
            terminate(self._store, metadata["name"], metadata["namespace"])
            return 200, self._whole(resource, found)
        self._store.remove(resource.shelf, metadata["name"], metadata.get("namespace", ""))
        details: Object = {"name": metadata["name"]}
        if resource.group:
            details["group"] = resource.group
        return statuses.success(200, {**details, "kind": resource.plural, "uid": metadata["uid"]})

    def _now(self) -> str:
        return self._store.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def _whole(self, resource: Resource, found: Object) -> bytes:
        from talops.sim.kube.api import whole

        if "resourceVersion" in found["metadata"]:
            return whole(self._store, resource, found)
        return encode({**found, "kind": resource.kind, "apiVersion": resource.api_version}) + b"\n"


def _name(sent: Any) -> str:
    metadata = sent.get("metadata") if isinstance(sent, dict) else None
    return str(metadata.get("name") or "") if isinstance(metadata, dict) else ""


def _take(new: Object, sent: Object, resource: Resource, subresource: str) -> None:
    """What a write may change: status only through its subresource, and then nothing else."""
    if subresource == "approval" or (resource.status and subresource == "status"):
        new["status"] = sent.get("status", {})
        return
    kept = {word: new["metadata"].get(word) for word in _SERVER_OWNED}
    if "managedFields" in sent.get("metadata", {}):
        # a client may write these down itself, and an empty list forgets them
        kept["managedFields"] = [row for row in sent["metadata"]["managedFields"] or () if row] or None
    status = new.get("status")
    version = new["metadata"]["resourceVersion"]
    metadata = {**sent.get("metadata", {}), "resourceVersion": version}
    metadata.pop("managedFields", None)
    metadata.update({word: value for word, value in kept.items() if value is not None})
    metadata["name"] = new["metadata"]["name"]
    if "namespace" in new["metadata"]:
        metadata["namespace"] = new["metadata"]["namespace"]
    new.clear()
    # what was patched shares its parts with what is stored
    new.update(copied({**sent, "metadata": metadata}))
    if resource.status and status is not None:
        new["status"] = status
