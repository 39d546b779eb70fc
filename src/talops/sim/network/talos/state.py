"""The resource state of a node (COSI): what `talosctl get` lists and watches."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent

from grpclib import GRPCError, Status

from talops.sim.kinds import KINDS
from talops.sim.machineconfig import as_yaml
from talops.sim.network.talos.calls import ADMIN, READERS, Node, Streaming, Unary, timestamp
from talops.sim.network.talos.specs import encoded
from talops.sim.network.talos.wire import specs_pb2 as specs
from talops.sim.network.talos.wire import state_pb2 as wire
from talops.sim.resources import CREATED, Kind, Resource

_DEFINITIONS = "ResourceDefinitions.meta.cosi.dev"
_META = "meta"
_CREATED = timestamp(CREATED)
_NAMESPACES = frozenset({_META, *(kind.namespace for kind in KINDS.values())})

Id = tuple[str, int]
"""Of a resource, and how often it was away: one that went and came between two looks is another one."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """All resources of one kind on one node, by id."""

    node: Node
    type: str
    namespace: str

    def check(self) -> None:
        """Raises GRPCError where a node refuses to show this kind."""
        kind = self._kind()
        if kind is None and self.type.lower() != _DEFINITIONS.lower():
            raise GRPCError(Status.PERMISSION_DENIED, f'resource type "{self.type}" is not supported')
        if kind is not None and kind.sensitive and not self.node.roles & ADMIN:
            raise GRPCError(Status.PERMISSION_DENIED, "not authorized")
        if self.namespace not in _NAMESPACES:
            raise GRPCError(Status.PERMISSION_DENIED, f'namespace "{self.namespace}" is not supported')

    def now(self) -> Mapping[Id, wire.Resource]:
        kind = self._kind()
        if kind is None:
            return _DEFINED if self.namespace == _META else {}
        if kind.namespace != self.namespace:
            return {}
        found = kind.all(self.node.cluster, self.node.machine)
        return {(resource.id, resource.born): _resource(kind, resource) for resource in found}

    def _kind(self) -> Kind | None:
        return next((kind for kind in KINDS.values() if kind.type.lower() == self.type.lower()), None)


def _resource(kind: Kind, resource: Resource) -> wire.Resource:
    found = _described(kind.namespace, kind.type, resource.id, kind.owner or "", resource.version)
    if resource.yaml_text:
        found.metadata.annotations["talos.dev/yaml-spec"] = "1"
    found.spec.yaml_spec = _literal(resource.spec) if isinstance(resource.spec, str) else as_yaml(resource.spec)
    found.spec.proto_spec = encoded(kind.type, resource.spec)
    return found


def _literal(text: str) -> str:
    """A text as YAML, as Go writes one of several lines; one that is not plain enough for that, between quotes."""
    if "\n" not in text:
        return f"{text}\n"
    plain = text.endswith("\n") and not text.endswith("\n\n") and text[0] not in " \n"
    return "|\n" + indent(text, "    ") if plain else f"{json.dumps(text)}\n"


def _described(namespace: str, type: str, id: str, owner: str, version: int = 1) -> wire.Resource:
    metadata = wire.ResourceMetadata(
        namespace=namespace,
        type=type,
        id=id,
        version=str(version),
        owner=owner,
        phase="running",
        created=_CREATED,
        updated=_CREATED,
    )
    return wire.Resource(metadata=metadata)


def _definition(kind: Kind) -> wire.Resource:
    """What tells a client which words mean this kind, and which columns its table has."""
    columns = [{"name": name, "jsonPath": path} for name, path in kind.columns]
    spec = {
        "type": kind.type,
        "displayType": kind.singular,
        "defaultNamespace": kind.namespace,
        "aliases": list(kind.short),
        "allAliases": list(kind.names),
        "printColumns": columns,
        **({"sensitivity": "sensitive"} if kind.sensitive else {}),
    }
    found = _described(_META, _DEFINITIONS, kind.type.lower(), "")
    found.spec.yaml_spec = as_yaml(spec)
    found.spec.proto_spec = specs.ResourceDefinition(
        resource_type=kind.type,
        display_type=kind.singular,
        default_namespace=kind.namespace,
        aliases=kind.short,
        all_aliases=kind.names,
        print_columns=[specs.ResourceDefinition.Column(name=name, json_path=path) for name, path in kind.columns],
        sensitivity=int(kind.sensitive),
    ).SerializeToString()
    return found


_ITSELF = Kind(
    type=_DEFINITIONS,
    namespace=_META,
    of=lambda _cluster, _machine: [],
    aliases=("api-resources",),
    columns=(("Aliases", "{.aliases[:]}"),),
)
_DEFINED = {(kind.type.lower(), 0): _definition(kind) for kind in (*KINDS.values(), _ITSELF)}


async def _get(node: Node, request: wire.GetRequest) -> wire.Resource:
    listing = _Listing(node, request.type, request.namespace)
    listing.check()
    found = next((one for (id, _), one in listing.now().items() if id == request.id), None)
    if found is None:
        where = f"{request.type}({request.namespace}/{request.id})"
        raise GRPCError(Status.NOT_FOUND, f"resource {where} doesn't exist")
    return found


async def _list(node: Node, request: wire.ListRequest) -> AsyncIterator[wire.ListResponse]:
    listing = _Listing(node, request.type, request.namespace)
    listing.check()
    for resource in listing.now().values():
        yield wire.ListResponse(resource=resource)


async def _watch(node: Node, request: wire.WatchRequest) -> AsyncIterator[wire.WatchResponse]:
    """The first message is empty: clients throw it away."""
    listing = _Listing(node, request.type, request.namespace)
    listing.check()
    yield wire.WatchResponse()
    seen = _only(request, listing.now())
    first = _changes({}, seen)
    if request.HasField("id"):
        first = first or [_gone(request)]
    elif request.options.bootstrap_contents:
        first.append(wire.WatchEvent(event_type=wire.BOOTSTRAPPED))
    else:
        first = []
    for response in _responses(request, first):
        yield response
    while True:
        await node.pulse.beat()
        now = _only(request, listing.now())
        for response in _responses(request, _changes(seen, now)):
            yield response
        seen = now


def _only(request: wire.WatchRequest, found: Mapping[Id, wire.Resource]) -> Mapping[Id, wire.Resource]:
    return {id: one for id, one in found.items() if id[0] == request.id or not request.HasField("id")}


def _gone(request: wire.WatchRequest) -> wire.WatchEvent:
    """How a watch of something that is not there begins."""
    tombstone = _described(request.namespace, request.type, request.id, "")
    return wire.WatchEvent(event_type=wire.DESTROYED, resource=tombstone)


def _changes(old: Mapping[Id, wire.Resource], new: Mapping[Id, wire.Resource]) -> list[wire.WatchEvent]:
    gone = sorted(old.keys() - new.keys())
    found = [wire.WatchEvent(event_type=wire.DESTROYED, resource=old[id]) for id in gone]
    for id, resource in sorted(new.items()):
        if id not in old:
            found.append(wire.WatchEvent(event_type=wire.CREATED, resource=resource))
        elif old[id] != resource:
            found.append(wire.WatchEvent(event_type=wire.UPDATED, resource=resource, old=old[id]))
    return found


def _responses(request: wire.WatchRequest, events: Sequence[wire.WatchEvent]) -> list[wire.WatchResponse]:
    if request.options.aggregated:
        return [wire.WatchResponse(event=events)] if events else []
    return [wire.WatchResponse(event=[event]) for event in events]


METHODS = (
    Unary("/cosi.resource.State/Get", wire.GetRequest, READERS, _get),
    Streaming("/cosi.resource.State/List", wire.ListRequest, READERS, _list),
    Streaming("/cosi.resource.State/Watch", wire.WatchRequest, READERS, _watch),
)
