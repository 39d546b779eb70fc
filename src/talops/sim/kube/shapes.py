"""How the parts of an object merge: which lists by which keys, and what is set only as a whole.

Source: the OpenAPI of Kubernetes 1.36 (`x-kubernetes-list-map-keys`, `x-kubernetes-map-type`), and the schemas of
CustomResourceDefinitions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from talops.sim.kube.objects import Object, Resource
from talops.sim.kube.store import ObjectStore

Keys = tuple[str, ...]
_LISTS: Mapping[str, Keys] = MappingProxyType(
    {
        "addresses": ("type",),
        "claims": ("name",),
        "conditions": ("type",),
        "containers": ("name",),
        "env": ("name",),
        "ephemeralContainers": ("name",),
        "hostAliases": ("ip",),
        "imagePullSecrets": ("name",),
        "initContainers": ("name",),
        "matchConditions": ("name",),
        "ownerReferences": ("uid",),
        "podCIDRs": (),
        "podIPs": ("ip",),
        "ports": ("containerPort", "protocol"),
        "resourceClaims": ("name",),
        "schedulingGates": ("name",),
        "secrets": ("name",),
        "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
        "volumeDevices": ("devicePath",),
        "volumeMounts": ("mountPath",),
        "volumes": ("name",),
        "webhooks": ("name",),
    }
)
"""Keys of the rows by the field's name; none at all where the rows are values of their own."""
_LISTS_IN: Mapping[tuple[str, str], Keys | None] = MappingProxyType(
    {
        ("metadata", "finalizers"): (),
        ("spec", "ports"): ("port", "protocol"),
        # of a ServiceAccount
        ("", "imagePullSecrets"): None,
    }
)
"""The same where it depends on what the field is a part of; None: atomic."""
_WHOLE = frozenset(
    {
        *("claimRef", "configMapKeyRef", "dataSource", "fieldRef", "fileKeyRef", "involvedObject", "labelSelector"),
        *("namespaceSelector", "nodePublishSecretRef", "nodeSelector", "objectSelector", "podSelector", "port"),
        *("preference", "regarding"),
        *("related", "requiredDuringSchedulingIgnoredDuringExecution", "resourceFieldRef", "roleRef", "scopeSelector"),
        *("secretKeyRef", "secretRef", "selector"),
    }
)
"""Maps that nobody owns a part of."""
_PARTS = frozenset({"containers", "metadata", "names", "spec", "status", "strategy", "template", "updateStrategy"})
"""What Go always has, so that nobody who sets a part of one is said to have made it."""
_WHOLE_ROWS = frozenset({"imagePullSecrets", "ownerReferences", "secrets"})
_DEFAULTS: Mapping[str, str] = MappingProxyType({"protocol": "TCP"})


class Shape(Protocol):
    """One place in objects of a kind."""

    @property
    def whole(self) -> bool:
        """Whether a map here has one owner for all of it."""
        ...

    @property
    def always(self) -> bool:
        """Whether something is here even where nobody has set any of it."""
        ...

    @property
    def keys(self) -> Keys | None:
        """What tells the rows of a list here apart: nothing where a row is its own key. None: the list is atomic."""
        ...

    def default(self, key: str) -> object:
        """What a row that does not say this key means by it."""
        ...

    def below(self, name: str) -> "Shape": ...

    def row(self) -> "Shape": ...


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """Of a kind that every server has."""

    parent: str = ""
    name: str = ""
    is_row: bool = False

    @property
    def whole(self) -> bool:
        return self.name in (_WHOLE_ROWS if self.is_row else _WHOLE)

    @property
    def always(self) -> bool:
        return self.name in _PARTS and not self.is_row

    @property
    def keys(self) -> Keys | None:
        if self.is_row:
            return None
        place = (self.parent, self.name)
        return _LISTS_IN[place] if place in _LISTS_IN else _LISTS.get(self.name)

    def default(self, key: str) -> object:
        return _DEFAULTS.get(key)

    def below(self, name: str) -> Shape:
        return BuiltIn(self.name, name)

    def row(self) -> Shape:
        return BuiltIn(self.parent, self.name, is_row=True)


@dataclass(frozen=True, slots=True)
class Custom:
    """As the schema of a CustomResourceDefinition says; without one, maps merge and lists do not."""

    schema: Object = field(default_factory=dict)
    top: bool = False

    @property
    def whole(self) -> bool:
        return self.schema.get("x-kubernetes-map-type") == "atomic"

    @property
    def always(self) -> bool:
        return False

    @property
    def keys(self) -> Keys | None:
        match self.schema.get("x-kubernetes-list-type"):
            case "map":
                return tuple(self.schema.get("x-kubernetes-list-map-keys") or ())
            case "set":
                return ()
        return None

    def default(self, key: str) -> object:
        return _part(_part(self.schema, "properties"), key).get("default")

    def below(self, name: str) -> Shape:
        if self.top and name == "metadata":
            return BuiltIn("", "metadata")
        return Custom(_part(_part(self.schema, "properties"), name) or _part(self.schema, "additionalProperties"))

    def row(self) -> Shape:
        return Custom(_part(self.schema, "items"))


def _part(schema: Object, name: str) -> Object:
    found = schema.get(name)
    return found if isinstance(found, dict) else {}


def shape_of(store: ObjectStore, resource: Resource) -> Shape:
    """Where the objects of a kind begin."""
    if not resource.custom:
        return BuiltIn()
    definition = store.get("customresourcedefinitions", resource.qualified)
    versions = [] if definition is None else definition["spec"].get("versions") or []
    schemas = [one.get("schema") or {} for one in versions if one.get("name") == resource.version]
    return Custom(_part(schemas[0] if schemas else {}, "openAPIV3Schema"), top=True)
