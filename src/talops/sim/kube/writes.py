"""Creating, replacing, patching, deleting: with versions, preconditions and dry runs, as an API server does it."""

from __future__ import annotations

from typing import Any

from talops.sim.kube import statuses
from talops.sim.kube.asked import Asked
from talops.sim.kube.budgets import evict, terminate
from talops.sim.kube.objects import Object, Resource, copied
from talops.sim.kube.statuses import Reply
from talops.sim.kube.store import ObjectStore

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
_MERGE_KEYS = {"conditions": "type", "taints": "key", "addresses": "type", "ownerReferences": "uid"}
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
            return statuses.not_found(resource, asked.name)
        match verb, asked.subresource:
            case "create", "eviction":
                return evict(self._store, resource, found, sent, dry_run=dry_run)
            case "update", "" | "status":
                return self._replace(resource, asked, found, sent, dry_run)
            case "patch", "" | "status":
                if content_type.split(";")[0] not in {MERGE, STRATEGIC}:
                    return statuses.failure(
                        415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {content_type}"
                    )
                lists = content_type.startswith(STRATEGIC)
                return self._replace(resource, asked, found, merge(found, sent, lists=lists), dry_run)
            case "delete", "":
                return self._delete(resource, found, sent if isinstance(sent, dict) else {}, dry_run)
        return statuses.not_allowed()

    def _create(self, resource: Resource, asked: Asked, sent: Object, dry_run: bool) -> Reply:
        name = sent.get("metadata", {}).get("name", "")
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


def merge(old: Any, patch: Any, *, lists: bool, key: str = "") -> Any:
    """RFC 7386, and with `lists` the part of strategic merge that nodes need: known lists merge by their key."""
    if isinstance(patch, dict):
        base = old if isinstance(old, dict) else {}
        changed = {word: value for word, value in base.items() if patch.get(word, value) is not None}
        for word, value in patch.items():
            if value is not None:
                changed[word] = merge(base.get(word), value, lists=lists, key=word)
        return changed
    if lists and isinstance(patch, list) and key in _MERGE_KEYS and isinstance(old, list):
        return _merge_rows(old, patch, _MERGE_KEYS[key])
    return patch


def _merge_rows(old: list[Object], patch: list[Object], by: str) -> list[Object]:
    gone = {row[by] for row in patch if row.get("$patch") == "delete"}
    rows = {row[by]: row for row in old if row[by] not in gone}
    for row in patch:
        if row.get("$patch") != "delete":
            rows[row[by]] = merge(rows.get(row[by]), row, lists=True)
    return list(rows.values())
