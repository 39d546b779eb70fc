"""Kubernetes objects as JSON, and the resources they are stored under."""

import json
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
"""One object as an API server stores it. JSON has no better type; only `sim` and parsers handle it in this form."""


CRUD = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subresource:
    """A path below an object. `group` and `version` where its kind is of another group than the object's."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of object. `custom` ones come from a CRD: their list items carry kind and apiVersion."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    custom: bool = False
    status: bool = False
    """Whether status is a subresource with its own path."""
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = CRUD
    below: tuple[Subresource, ...] = ()
    """Subresources other than status."""
    apart: bool = False
    """Whether another group has a kind of the same plural."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def shelf(self) -> str:
        """Where the store keeps its objects: under the plural, as far as that is its own."""
        return self.qualified if self.apart else self.plural

    @property
    def qualified(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def subresources(self) -> tuple[Subresource, ...]:
        status = Subresource(name="status", kind=self.kind, verbs=("get", "patch", "update"))
        return tuple(sorted((*self.below, *((status,) if self.status else ())), key=lambda found: found.name))


def copied(value: Object) -> Object:
    """A copy that shares nothing. JSON is a tree, so this needs none of copy.deepcopy's care for cycles."""
    return {key: _copied(part) for key, part in value.items()}


def _copied(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list) else value


def encode(value: object) -> bytes:
    """JSON as an API server writes it: no spaces, UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def key_of(found: Object) -> tuple[str, str]:
    metadata = found["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
