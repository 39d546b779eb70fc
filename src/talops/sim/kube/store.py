"""Where the objects of the embedded Kubernetes live. Versions count up as in etcd; unchanged answers are remembered."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from random import Random

from talops.sim.kube.builtin import BUILT_IN, FIRST_STATUS, UNCOUNTED
from talops.sim.kube.objects import Object, Resource, copied, encode, key_of

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One write: `old` is None for a new object, `new` for a removed one. `version` is the store's after it.

    A listener that writes is told of before the write that it heard: sort by version.
    """

    plural: str
    old: Object | None
    new: Object | None
    version: int


class ObjectStore:
    """Objects by resource. Immutable by convention: `update` copies, so that what was handed out stays true."""

    def __init__(self, now: Callable[[], datetime], *, seed: int = 0) -> None:
        self.resources: dict[tuple[str, str, str], Resource] = {}
        self.now = now
        self.version = 100
        self._random = Random(f"uids {seed}")
        self._objects: dict[str, dict[Key, Object]] = {}
        self._encoded: dict[str, dict[Key, bytes]] = {}
        self._on_node: dict[str, dict[Key, Object]] = {}
        self._listeners: list[Callable[[Change], None]] = []
        for resource in BUILT_IN:
            self.register(resource)

    def register(self, resource: Resource) -> None:
        self.resources[resource.group, resource.version, resource.plural] = resource
        self._objects.setdefault(resource.shelf, {})
        self._encoded.setdefault(resource.shelf, {})

    def unregister(self, resource: Resource) -> None:
        """Its definition is gone. Its objects must be gone before."""
        self.resources.pop((resource.group, resource.version, resource.plural), None)

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        """`listener` hears of every write, in order, after it was made."""
        self._listeners.append(listener)

    def create(self, plural: str, found: Object) -> Object:
        """Store a new object with uid, version and creation time. Raises KeyError when there is one of that name."""
        key = key_of(found)
        if key in self._objects[plural]:
            raise KeyError(key)
        new = self.born(plural, found)
        new["metadata"]["resourceVersion"] = self._next()
        self._put(plural, key, None, new)
        return new

    def born(self, plural: str, found: Object) -> Object:
        """A new object as it would be stored, without a version: nothing is written."""
        metadata = {
            **found["metadata"],
            "uid": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "creationTimestamp": self.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if plural not in UNCOUNTED:
            metadata.setdefault("generation", 1)
        new = {**found, "metadata": metadata}
        _spare_empty(metadata)
        if plural in FIRST_STATUS:
            new.setdefault("status", dict(FIRST_STATUS[plural]))
        return new

    def get(self, plural: str, name: str, namespace: str = "") -> Object | None:
        return self._objects[plural].get((namespace, name))

    def all(self, plural: str) -> Iterable[Object]:
        return self._objects[plural].values()

    def pods_on(self, node: str) -> Iterable[Object]:
        return self._on_node.get(node, {}).values()

    def update(self, plural: str, name: str, namespace: str, change: Callable[[Object], None]) -> Object:
        """Change a copy and store it. Nothing is written when nothing changed. Raises KeyError when it is not there."""
        key = (namespace, name)
        old = self._objects[plural][key]
        return self.replace(plural, old, self.grown(plural, old, change))

    def replace(self, plural: str, old: Object, new: Object) -> Object:
        """Store what `grown` has made of the old one."""
        if new is old:
            return old
        new["metadata"]["resourceVersion"] = self._next()
        self._put(plural, key_of(old), old, new)
        return new

    def grown(self, plural: str, old: Object, change: Callable[[Object], None]) -> Object:
        """A changed copy as it would be stored, with the version of before; the same when nothing changed."""
        new = copied(old)
        change(new)
        _spare_empty(new["metadata"])
        if new == old:
            return old
        if plural not in UNCOUNTED and new.get("spec") != old.get("spec"):
            new["metadata"]["generation"] = old["metadata"].get("generation", 1) + 1
        return new

    def remove(self, plural: str, name: str, namespace: str = "") -> None:
        key = (namespace, name)
        old = self._objects[plural].pop(key, None)
        if old is None:
            return
        self._encoded[plural].pop(key, None)
        self._index(plural, key, old, None)
        self.version += 1
        self._tell(Change(plural, old, None, self.version))

    def encoded(self, plural: str, found: Object) -> bytes:
        """Its JSON without kind and apiVersion: as it stands in a list of a built-in kind."""
        key = key_of(found)
        if self._objects[plural].get(key) is not found:
            # a state of before: whoever heard of the write has written, too
            return _encoded(found)
        known = self._encoded[plural].get(key)
        if known is None:
            known = self._encoded[plural][key] = _encoded(found)
        return known

    def _next(self) -> str:
        self.version += 1
        return str(self.version)

    def _put(self, plural: str, key: Key, old: Object | None, new: Object) -> None:
        self._objects[plural][key] = new
        self._encoded[plural].pop(key, None)
        self._index(plural, key, old, new)
        self._tell(Change(plural, old, new, self.version))

    def _index(self, plural: str, key: Key, old: Object | None, new: Object | None) -> None:
        if plural != "pods":
            return
        if old is not None:
            self._on_node.get(old["spec"].get("nodeName", ""), {}).pop(key, None)
        if new is not None:
            self._on_node.setdefault(new["spec"].get("nodeName", ""), {})[key] = new

    def _tell(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)


def _spare_empty(metadata: Object) -> None:
    """An API server does not say that there are no labels."""
    for word in ("labels", "annotations"):
        if word in metadata and not metadata[word]:
            del metadata[word]


def _encoded(found: Object) -> bytes:
    return encode({word: value for word, value in found.items() if word not in {"kind", "apiVersion"}})
