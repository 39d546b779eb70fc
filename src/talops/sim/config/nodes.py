"""YAML as a node parses it: into nodes that know their lines, and from those into values."""

import re
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from talops.sim.kube.objects import Object

_MOST_NODES, _DEEPEST = 200_000, 100
_ENDLESS = "decode error: yaml: document contains excessive aliasing"


class Unreadable(Exception):
    """A text that is no machine config of this Talos. Its words may quote the text."""


def parsed(text: str, *, new: bool) -> list[Node]:
    try:
        return list(YAML(typ="safe").compose_all(text))
    except MarkedYAMLError as error:
        raise Unreadable(f"decode error: yaml: {_place(error, new=new)}{error.problem}") from None
    except RecursionError:
        raise Unreadable(_ENDLESS) from None
    except (YAMLError, ValueError):
        raise Unreadable("decode error: yaml: control characters are not allowed") from None


def bounded(node: Node) -> None:
    """An alias may stand in what it stands for, or for so much that nothing is left of the memory."""
    waiting, seen = [(node, 0)], 0
    while waiting:
        one, depth = waiting.pop()
        seen += 1
        if seen > _MOST_NODES or depth > _DEEPEST:
            raise Unreadable(_ENDLESS)
        if isinstance(one, MappingNode):
            waiting += [(value, depth + 1) for _, value in one.value]
        elif isinstance(one, SequenceNode):
            waiting += [(value, depth + 1) for value in one.value]


def _place(error: MarkedYAMLError, *, new: bool) -> str:
    """Lines are counted as the reader of each generation counts them: from 0 where a parser is not content."""
    scanner = int(type(error).__name__ == "ScannerError")
    mark = error.problem_mark
    if not new:
        marks = [one for one in (error.context_mark, mark) if one is not None and one.line]
        return f"line {marks[0].line + scanner}: " if marks else ""
    if mark is None:
        return ""
    if error.context and scanner and error.context_mark is not None:
        return f"{error.context} at line {error.context_mark.line + 1}: "
    context = f"{error.context} at <unknown position>: " if error.context else ""
    return f"{context}line {mark.line + scanner}, column {mark.column + 1}: "


def mapping(node: MappingNode) -> Object:
    return {str(key.value): _value(value) for key, value in node.value}


def _value(node: Node) -> object:
    match node:
        case MappingNode():
            return mapping(node)
        case SequenceNode():
            return [_value(one) for one in node.value]
        case _:
            return _scalar(str(node.value), tag(node))


def tag(node: Node) -> str:
    return str(node.tag).rpartition(":")[2]


def _scalar(word: str, kind: str) -> str | int | float | bool | None:
    match kind:
        case "int" if re.fullmatch(r"[-+]?(0|[1-9][0-9]{0,17})", word):
            return int(word)
        case "float" if re.fullmatch(r"[-+]?[0-9]*\.[0-9]+", word):
            return float(word)
        case "bool":
            return word.lower() == "true"
        case "null":
            return None
        case _:
            return word


def mappings(node: Node) -> Iterator[MappingNode]:
    if isinstance(node, MappingNode):
        yield node
        for _, value in node.value:
            yield from mappings(value)
    elif isinstance(node, SequenceNode):
        for one in node.value:
            yield from mappings(one)


def at_path(node: Node, path: tuple[str, ...]) -> Node | None:
    for step in path:
        if not isinstance(node, MappingNode):
            return None
        found = next((value for key, value in node.value if key.value == step), None)
        if found is None:
            return None
        node = found
    return node
