"""CustomResourceDefinitions that somebody writes: their kinds are served from then on."""

from dataclasses import replace

from talops.sim.cluster import Cluster
from talops.sim.kube.objects import Object, Resource
from talops.sim.kube.store import Change

_ESTABLISHED_AFTER = 0.2


class Definitions:
    """The controllers of the API server that look after them."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._store = cluster, cluster.store
        self._store.subscribe(self._hear)

    def _hear(self, change: Change) -> None:
        if change.plural != "customresourcedefinitions":
            return
        if change.new is None:
            assert change.old is not None
            for resource in _resources(change.old):
                self._forget((resource.group, resource.version, resource.plural))
        elif change.old is None or change.old["spec"] != change.new["spec"]:
            name = change.new["metadata"]["name"]
            self._cluster.timeline.after(_ESTABLISHED_AFTER, lambda: self._serve(name))

    def _serve(self, name: str) -> None:
        found = self._store.get("customresourcedefinitions", name)
        if found is None or "managedFields" not in found["metadata"]:
            return
        for resource in _resources(found):
            served = self._store.resources.values()
            others = any(one.plural == resource.plural and one.group != resource.group for one in served)
            self._store.register(replace(resource, apart=others))
        stamp = self._store.now().strftime("%Y-%m-%dT%H:%M:%SZ")

        def establish(stored: Object) -> None:
            conditions = [
                _condition("NamesAccepted", "NoConflicts", "no conflicts found", stamp),
                _condition("Established", "InitialNamesAccepted", "the initial names have been accepted", stamp),
            ]
            before = (stored.get("status") or {}).get("conditions") or conditions
            stored["status"] = {**(stored.get("status") or {}), "acceptedNames": stored["spec"]["names"]}
            stored["status"]["conditions"] = before

        self._store.update("customresourcedefinitions", name, "", establish)

    def _forget(self, served: tuple[str, str, str]) -> None:
        """Its objects go with it."""
        resource = self._store.resources.get(served)
        if resource is None:
            return
        for found in list(self._store.all(resource.shelf)):
            self._store.remove(resource.shelf, found["metadata"]["name"], found["metadata"].get("namespace", ""))
        self._store.unregister(resource)


def _condition(kind: str, reason: str, message: str, stamp: str) -> Object:
    return {"type": kind, "status": "True", "lastTransitionTime": stamp, "reason": reason, "message": message}


def _resources(definition: Object) -> list[Resource]:
    """One for each version that is served."""
    spec = definition["spec"]
    names = spec["names"]
    return [
        Resource(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            namespaced=spec.get("scope") == "Namespaced",
            custom=True,
            status="status" in (version.get("subresources") or {}),
            short=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
        )
        for version in spec.get("versions") or []
        if version.get("served")
    ]
