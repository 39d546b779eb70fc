"""Creating, replacing, patching, deleting: with versions, preconditions and dry runs, as an API server does it."""

from __future__ import annotations

from typing import Any

from talops.sim.kube import patches, statuses
from talops.sim.kube.asked import Asked
from talops.sim.kube.evictions import evict, terminate
from talops.sim.kube.objects import Object, Resource, copied
from talops.sim.kube.statuses import Reply
from talops.sim.kube.store import ObjectStore

_SERVER_OWNED = ("uid", "creationTimestamp", "generation", "selfLink")


class Writes:
    """The mutating half of the API."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def write(self, verb: str, resource: Resource, asked: Asked, sent: Any, content_type: str) -> Reply:
        dry_run = asked.query.get("dryRun") == "All"
        if verb == "create" and not asked.name:
            return self._create(resource, asked, sent, dry_run)
        found = self._store.get(resource.plural, asked.name, asked.namespace)
        if verb == "update" and found is None and not asked.subresource and isinstance(sent, dict):
            uid = sent.get("metadata", {}).get("uid")
            if uid:
                return statuses.replace_refused(resource, asked.namespace, asked.name, "", uid)
            return self._create(resource, asked, sent, dry_run)
        if found is None:
            if verb == "patch" and patches.kind_of(content_type) == patches.APPLY and not asked.subresource:
                return self._create(resource, asked, sent, dry_run)
            return statuses.not_found(resource, asked.name)
        match verb, asked.subresource:
            case "create", "eviction":
                return evict(self._store, resource, found, sent, dry_run=dry_run)
            case "update", "" | "status":
                return self._replace(resource, asked, found, sent, dry_run)
            case "patch", "" | "status":
                return self._patch(resource, asked, found, sent, content_type, dry_run)
            case "delete", "":
                return self._delete(resource, found, sent if isinstance(sent, dict) else {}, dry_run)
        return statuses.not_allowed()

    def _patch(
        self, resource: Resource, asked: Asked, found: Object, sent: Any, content_type: str, dry_run: bool
    ) -> Reply:
        try:
            changed = patches.patched(found, sent, content_type)
        except patches.Unknown:
            message = f"the body of the request was in an unknown format: {content_type}"
            return statuses.failure(415, "UnsupportedMediaType", message)
        except patches.Rejected:
            message = "the server rejected our request due to an error in our request"
            return statuses.failure(422, "Invalid", message, {})
        return self._replace(resource, asked, found, changed, dry_run)

    def _create(self, resource: Resource, asked: Asked, sent: Object, dry_run: bool) -> Reply:
        name = _name(sent)
        if not name:
            message = f'{resource.kind} "" is invalid: metadata.name: Required value: name or generateName is required'
            return statuses.failure(422, "Invalid", message, {"kind": resource.kind})
        if self._store.get(resource.plural, name, asked.namespace) is not None:
            return statuses.already_exists(resource, name)
        metadata = {**sent["metadata"], **({"namespace": asked.namespace} if resource.namespaced else {})}
        metadata.pop("resourceVersion", None)
        new: Object = {**sent, "metadata": metadata}
        if not dry_run:
            new = self._store.create(resource.plural, new)
        return 201, self._whole(resource, new)

    def _replace(self, resource: Resource, asked: Asked, found: Object, sent: Object, dry_run: bool) -> Reply:
        wanted = sent.get("metadata", {})
        version, uid = wanted.get("resourceVersion"), wanted.get("uid")
        if uid and uid != found["metadata"]["uid"]:
            return statuses.replace_refused(resource, asked.namespace, asked.name, found["metadata"]["uid"], uid)
        if version and version != found["metadata"]["resourceVersion"]:
            return statuses.conflict(resource, asked.name)

        def change(new: Object) -> None:
            _take(new, sent, resource, asked.subresource)

        if dry_run:
            new = copied(found)
            change(new)
            return 200, self._whole(resource, new, remember=False)
        new = self._store.update(resource.plural, asked.name, asked.namespace, change)
        return 200, self._whole(resource, new)

    def _delete(self, resource: Resource, found: Object, options: Object, dry_run: bool) -> Reply:
        metadata = found["metadata"]
        wanted = options.get("preconditions") or {}
        if wanted.get("uid") and wanted["uid"] != metadata["uid"]:
            return statuses.delete_refused(resource, metadata["name"], "UID", wanted["uid"], metadata["uid"])
        version = wanted.get("resourceVersion")
        if version and version != metadata["resourceVersion"]:
            name, found_version = metadata["name"], metadata["resourceVersion"]
            return statuses.delete_refused(resource, name, "ResourceVersion", version, found_version)
        if dry_run:
            return 200, self._whole(resource, found)
        if resource.plural == "pods":
            terminate(self._store, metadata["name"], metadata["namespace"])
            return 200, self._whole(resource, found)
        self._store.remove(resource.plural, metadata["name"], metadata.get("namespace", ""))
        details: Object = {"name": metadata["name"]}
        if resource.group:
            details["group"] = resource.group
        return statuses.success(200, {**details, "kind": resource.plural, "uid": metadata["uid"]})

    def _whole(self, resource: Resource, found: Object, *, remember: bool = True) -> bytes:
        from talops.sim.kube.api import whole
        from talops.sim.kube.objects import encode

        if remember and "uid" in found["metadata"]:
            return whole(self._store, resource, found)
        return encode({"kind": resource.kind, "apiVersion": resource.api_version, **found}) + b"\n"


def _name(sent: Any) -> str:
    metadata = sent.get("metadata") if isinstance(sent, dict) else None
    return str(metadata.get("name") or "") if isinstance(metadata, dict) else ""


def _take(new: Object, sent: Object, resource: Resource, subresource: str) -> None:
    """What a write may change: status only through its subresource, and then nothing else."""
    if resource.status and subresource == "status":
        new["status"] = sent.get("status", {})
        return
    kept = {word: new["metadata"].get(word) for word in _SERVER_OWNED}
    status = new.get("status")
    version = new["metadata"]["resourceVersion"]
    metadata = {**sent.get("metadata", {}), "resourceVersion": version}
    metadata.update({word: value for word, value in kept.items() if value is not None})
    metadata.setdefault("name", new["metadata"]["name"])
    if "namespace" in new["metadata"]:
        metadata["namespace"] = new["metadata"]["namespace"]
    new.clear()
    new.update({**sent, "metadata": metadata})
    if resource.status and status is not None:
        new["status"] = status
