"""The text of a machine config as a node reads it: YAML documents, of which the main one has no kind.

What a node says of a text that it cannot read is pinned to `talosctl validate` of both generations, which reads it with
the same code: the words changed with Talos 1.13.
"""

from dataclasses import dataclass
from functools import lru_cache

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from talops.sim.config.kinds import KEYS, V1ALPHA1, knows
from talops.sim.config.nodes import Unreadable, at_path, bounded, mapping, mappings, parsed, tag
from talops.sim.kube.objects import Object
from talops.sim.machineconfig import as_yaml

_MAIN_KEYS = frozenset({"machine", "cluster", "debug", "persist"})
_NEW_WORDS = 13
"""The minor of the Talos that says more of where something is wrong."""
_TYPES = {
    ("debug",): "bool",
    ("persist",): "bool",
    ("machine",): "v1alpha1.MachineConfig",
    ("cluster",): "v1alpha1.ClusterConfig",
    ("machine", "certSANs"): "[]string",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`kind` is empty for the main one. `value` is never changed."""

    kind: str
    name: str
    value: Object


@lru_cache(maxsize=256)
def read(text: str, minor: int) -> tuple[Document, ...]:
    """As Talos 1.`minor` does. Raises Unreadable."""
    new = minor >= _NEW_WORDS
    found: dict[tuple[str, str, str], Document] = {}
    for node in parsed(text, new=new):
        line = node.start_mark.line + 1
        if new and isinstance(node, ScalarNode) and tag(node) == "null":
            continue
        if not isinstance(node, MappingNode):
            raise Unreadable(
                f"expected a YAML document at line {line}" if new else "recovered: expected a mapping node"
            )
        bounded(node)
        value = mapping(node)
        version, kind, name = (str(value.get(key) or "") for key in ("apiVersion", "kind", "name"))
        id = (version, kind or V1ALPHA1, name)
        where = f" (line {line})" if new else ""
        if id in found:
            raise Unreadable(f"duplicate document {'/'.join(id)} is not allowed{where}")
        try:
            found[id] = _document(node, value, minor)
        except Unreadable as error:
            raise Unreadable(f"error decoding document {'/'.join(id)}{where}: {error}" if new else str(error)) from None
    if not found:
        raise Unreadable("config not found")
    return tuple(sorted(found.values(), key=lambda document: document.kind != ""))


def main_of(documents: tuple[Document, ...]) -> Object | None:
    return next((document.value for document in documents if not document.kind), None)


def encoded(documents: tuple[Document, ...], like: tuple[Document, ...] = ()) -> str:
    """As a node writes them when it compares two configs: without comments, the main one first.

    The keys of a real node are in the order of Talos; here they are in the order of `like` where that has them.
    """
    others = {(document.kind, document.name): document.value for document in like}
    return "---\n".join(as_yaml(_in_order(one.value, others.get((one.kind, one.name)))) for one in documents)


def _in_order(value: Object, like: object) -> Object:
    if not isinstance(like, dict):
        return value
    keys = [*(key for key in like if key in value), *(key for key in value if key not in like)]
    return {key: _in_order(value[key], like.get(key)) if isinstance(value[key], dict) else value[key] for key in keys}


def _document(node: MappingNode, value: Object, minor: int) -> Document:
    kind, version = str(value.get("kind") or ""), str(value.get("apiVersion") or "")
    name = str(value.get("name") or "")
    if not kind:
        if not _MAIN_KEYS & value.keys() and version != V1ALPHA1:
            raise Unreadable("missing kind")
        _fit(node, minor)
        return Document(kind="", name=name, value=value)
    if not version and minor >= _NEW_WORDS:
        raise Unreadable("missing apiVersion")
    if not knows(minor, kind, version):
        raise Unreadable(f'"{kind}" "{version}": not registered')
    _once(node, f"error decoding {kind}", minor)
    return Document(kind=kind, name=name, value=value)


def _fit(node: MappingNode, minor: int) -> None:
    """The main document must have the types and the keys of Talos."""
    _once(node, "error decoding ", minor)
    for path, wanted in _TYPES.items():
        found = at_path(node, path)
        if found is not None and not _is(found, wanted):
            shown = f"!!{tag(found)}"
            shown += f" `{found.value}`" if isinstance(found, ScalarNode) else ""
            raise _misfit("error decoding ", found, f"cannot {{verb}} {shown} into {wanted}", minor)
    unknown = _unknown(mapping(node), ())
    if unknown:
        raise Unreadable(f"unknown keys found during decoding:\n{as_yaml(unknown)}")


def _misfit(what: str, node: Node, words: str, minor: int) -> Unreadable:
    verb = "construct" if minor >= _NEW_WORDS else "unmarshal"
    line = f"line {node.start_mark.line + 1}: {words.replace('{verb}', verb)}"
    return Unreadable(f"{what} to *v1alpha1.Config: yaml: {verb} errors:\n  {line}")


def _once(node: Node, what: str, minor: int) -> None:
    for one in mappings(node):
        lines: dict[str, int] = {}
        for key, _ in one.value:
            word = str(key.value)
            if word in lines:
                words = f'mapping key "{word}" already defined at line {lines[word]}'
                raise _misfit(what, key, words, minor)
            lines[word] = key.start_mark.line + 1


def _is(node: Node, wanted: str) -> bool:
    kind = tag(node)
    match wanted:
        case _ if kind == "null":
            return True
        case "bool":
            return kind == "bool"
        case "[]string":
            return isinstance(node, SequenceNode)
        case _:
            return isinstance(node, MappingNode)


def _unknown(value: object, path: tuple[str, ...]) -> Object:
    keys = KEYS.get(path)
    if keys is None or not isinstance(value, dict):
        return {}
    found: Object = {}
    for key, inner in sorted(value.items()):
        if key not in keys:
            found[key] = inner
        elif nested := _unknown(inner, (*path, key)):
            found[key] = nested
    return found
