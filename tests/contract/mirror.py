"""Brings a real API server into the state of an embedded cluster, through its API alone.

Nothing else runs there: what a controller manager, a scheduler and kubelets would write is what the embedded ones
have written.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from talops.domain.process import Kube, Request, Response
from talops.sim.kube.objects import Object, Resource
from talops.sim.kube.store import ObjectStore

Key = tuple[str, str, str]
"""Plural, namespace, name."""
MIRRORED = (
    "nodes",
    "pods",
    "poddisruptionbudgets",
    "leases",
    "deployments",
    "daemonsets",
    "statefulsets",
    "volumeattachments",
    "cephclusters",
    "clusters",
    "talosupgrades",
    "plans",
)
_OWN = "apiserver-"
"""How the Lease of the API server itself begins."""
_MERGE = "application/merge-patch+json"


class Mirror:
    """What it has written once is left alone while neither side has changed: identities stay."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._seen: dict[Key, tuple[str, str]] = {}
        """Of each object, what was wanted of it and the resourceVersion that it has since."""
        self._namespaces: set[str] = set()

    def push(self, store: ObjectStore) -> None:
        """Make the server's objects those of the store, whoever has changed them."""
        self._push(store, [resource for resource in store.resources.values() if resource.plural in MIRRORED])

    def follow(self, store: ObjectStore) -> None:
        """Write what has changed in the store since the last time; on the server nobody else has changed anything."""
        wanted = {key: _print(found) for key, found in _wanted(store, MIRRORED).items()}
        seen = {key: said for key, (said, _) in self._seen.items()}
        stale = {key[0] for key in wanted.keys() | seen.keys() if wanted.get(key) != seen.get(key)}
        self._push(store, [resource for resource in store.resources.values() if resource.plural in stale])

    def _push(self, store: ObjectStore, kinds: Sequence[Resource]) -> None:
        resources = {resource.plural: resource for resource in kinds}
        real, wanted = self._real(kinds), _wanted(store, resources)
        news = {key: found for key, found in wanted.items() if not self._agreed(key, found, real)}
        self._name_spaces(namespace for _, namespace, _ in news)
        anew = {key for key in news if key in real and key[0] == "pods" and _remade(real[key], news[key])}
        self._send(_delete(resources[key[0]], key) for key in real if key not in wanted or key in anew)
        there = {key: found for key, found in real.items() if key not in anew}
        self._send(
            _replace(resources[key[0]], there[key], found) if key in there else _create(resources[key[0]], found)
            for key, found in news.items()
        )
        touched = [resources[plural] for plural in {key[0] for key in news}]
        real = self._real(touched)
        self._send(
            _status(resources[key[0]], real[key], found)
            for key, found in news.items()
            if "status" in found and resources[key[0]].status
        )
        self._send(_leave(resources[key[0]], key) for key, found in news.items() if _leaving(found))
        self._seen = {key: seen for key, seen in self._seen.items() if key in wanted or key[0] not in resources}
        self._remember(wanted, self._real(touched))

    def agree(self, store: ObjectStore, plurals: Collection[str]) -> None:
        """Both were told the same about these: what there is on each side means the same."""
        resources = [resource for resource in store.resources.values() if resource.plural in plurals]
        self._remember(_wanted(store, plurals), self._real(resources))

    def _remember(self, wanted: Mapping[Key, Object], real: Mapping[Key, Object]) -> None:
        for key, found in wanted.items():
            if key in real:
                self._seen[key] = (_print(found), real[key]["metadata"]["resourceVersion"])

    def _agreed(self, key: Key, found: Object, real: Mapping[Key, Object]) -> bool:
        if key not in real or key not in self._seen:
            return False
        wanted, version = self._seen[key]
        return real[key]["metadata"]["resourceVersion"] == version and wanted == _print(found)

    def _real(self, resources: Iterable[Resource]) -> dict[Key, Object]:
        listed = list(resources)
        replies = self._kube.gather([_request("GET", _path(resource)) for resource in listed])
        found: dict[Key, Object] = {}
        for resource, reply in zip(listed, replies, strict=True):
            assert reply.status == 200, (resource.plural, reply)
            for one in json.loads(reply.body)["items"]:
                metadata = one["metadata"]
                if not metadata["name"].startswith(_OWN):
                    found[resource.plural, metadata.get("namespace", ""), metadata["name"]] = one
        return found

    def _name_spaces(self, names: Iterable[str]) -> None:
        fresh = {name for name in names if name} - self._namespaces
        replies = self._kube.gather(
            [_request("POST", "/api/v1/namespaces", {"metadata": {"name": name}}) for name in fresh]
        )
        assert all(reply.status in {201, 409} for reply in replies), replies
        self._namespaces |= fresh

    def _send(self, asked: Iterable[Request]) -> None:
        listed = list(asked)
        for request, reply in zip(listed, self._kube.gather(listed), strict=True):
            assert reply.status in {200, 201}, _refused(request, reply)


def _wanted(store: ObjectStore, plurals: Iterable[str]) -> dict[Key, Object]:
    served = {resource.plural for resource in store.resources.values()}
    return {
        (plural, found["metadata"].get("namespace", ""), found["metadata"]["name"]): found
        for plural in plurals
        if plural in served
        for found in store.all(plural)
    }


def _refused(request: Request, reply: Response) -> str:
    return f"{request.method} {request.path}\n{request.body.decode()}\n{reply.status}\n{reply.body.decode()}"


def _request(method: str, path: str, body: object = None, content_type: str = "application/json") -> Request:
    text = b"" if body is None else json.dumps(body).encode()
    return Request(template="mirror", method=method, path=path, body=text, content_type=content_type)


def _path(resource: Resource, namespace: str = "", name: str = "", subresource: str = "") -> str:
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    within = f"/namespaces/{namespace}" if namespace else ""
    return "/".join(filter(None, (f"{root}{within}/{resource.plural}", name, subresource)))


def _print(found: Object) -> str:
    """What is wanted of an object, without what the server of each side gives it."""
    metadata = {word: found["metadata"].get(word) for word in ("labels", "annotations", "ownerReferences")}
    return json.dumps([metadata, _leaving(found), found.get("spec"), found.get("status")], sort_keys=True)


def _leaving(found: Object) -> bool:
    return "deletionTimestamp" in found["metadata"]


def _remade(real: Object, wanted: Object) -> bool:
    """A pod's spec is for ever, and so is its leave."""
    moved = real["spec"].get("nodeName", "") != wanted["spec"].get("nodeName", "")
    return moved or (_leaving(real) and not _leaving(wanted))


def _whole(resource: Resource, found: Object, version: str = "") -> Object:
    kept = ("name", "namespace", "labels", "annotations", "ownerReferences")
    metadata: Object = {word: found["metadata"][word] for word in kept if word in found["metadata"]}
    if version:
        metadata["resourceVersion"] = version
    whole: Object = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
    return {**whole, **{word: found[word] for word in ("spec", "status") if word in found}}


def _create(resource: Resource, found: Object) -> Request:
    return _request("POST", _path(resource, found["metadata"].get("namespace", "")), _whole(resource, found))


def _replace(resource: Resource, real: Object, found: Object) -> Request:
    path = _path(resource, found["metadata"].get("namespace", ""), found["metadata"]["name"])
    if resource.plural != "pods":
        return _request("PUT", path, _whole(resource, found, real["metadata"]["resourceVersion"]))
    changed: dict[str, dict[str, Any]] = {}
    for word in ("labels", "annotations"):
        old, new = real["metadata"].get(word) or {}, found["metadata"].get(word) or {}
        changed[word] = _instead(old, new)
    return _request("PATCH", path, {"metadata": changed}, _MERGE)


def _status(resource: Resource, real: Object, found: Object) -> Request:
    """Keys that are gone are taken away, too; a budget's status is of the generation that the server counts."""
    status = _instead(real.get("status") or {}, found["status"])
    ours, generation = found["metadata"].get("generation", 1), real["metadata"].get("generation", 1)
    if resource.plural == "poddisruptionbudgets" and "observedGeneration" in found["status"]:
        status["observedGeneration"] = generation - (ours - found["status"]["observedGeneration"])
    path = _path(resource, found["metadata"].get("namespace", ""), found["metadata"]["name"], "status")
    return _request("PATCH", path, {"status": status}, _MERGE)


def _instead(old: Any, new: Any) -> Any:
    """The merge patch that makes `new` of `old`."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {**dict.fromkeys(old), **{key: _instead(old.get(key), value) for key, value in new.items()}}


def _delete(resource: Resource, key: Key) -> Request:
    return _request("DELETE", _path(resource, key[1], key[2]), {"gracePeriodSeconds": 0})


def _leave(resource: Resource, key: Key) -> Request:
    return _request("DELETE", _path(resource, key[1], key[2]))
