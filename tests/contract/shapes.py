"""The shape of what a real tool printed (keys and types, not values), and how an answer of the simulator differs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

_OF_ONE = "*"
"""How a path writes a key of a mapping whose keys are names, such as labels."""


@dataclass(slots=True)
class Shape:
    """Learnt from real values. Paths look like `items[].metadata.labels.*`."""

    types: set[str] = field(default_factory=set)
    keys: "dict[str, Shape]" = field(default_factory=dict)
    always: set[str] | None = None
    """Keys that every object seen here had; None before one was seen."""
    elements: "Shape | None" = None

    def learn(self, value: object, *, maps: frozenset[str], path: str = "") -> None:
        self.types.add(kind(value))
        if isinstance(value, Mapping):
            named = path in maps
            keys = {_OF_ONE} & set("*" if value else "") if named else set(value)
            self.always = keys if self.always is None else self.always & keys
            for key, below in value.items():
                word = _OF_ONE if named else key
                self.keys.setdefault(word, Shape()).learn(below, maps=maps, path=_below(path, word))
        elif isinstance(value, list):
            self.elements = self.elements or Shape()
            for below in value:
                self.elements.learn(below, maps=maps, path=f"{path}[]")

    def differences(self, value: object, *, maps: frozenset[str], path: str = "") -> Iterator[tuple[str, str]]:
        """(path, what is wrong) wherever `value` could not have come from where this was learnt."""
        if kind(value) not in self.types:
            yield path, f"is {kind(value)}, the real one is {' or '.join(sorted(self.types))}"
        elif isinstance(value, Mapping) and path in maps:
            for below in value.values():
                if _OF_ONE in self.keys:
                    yield from self.keys[_OF_ONE].differences(below, maps=maps, path=_below(path, _OF_ONE))
        elif isinstance(value, Mapping):
            for key in sorted((self.always or set()) - set(value)):
                yield _below(path, key), "missing"
            for key, below in value.items():
                if key in self.keys:
                    yield from self.keys[key].differences(below, maps=maps, path=_below(path, key))
                else:
                    yield _below(path, key), "the real one has no such key"
        elif isinstance(value, list) and self.elements is not None and self.elements.types:
            for below in value:
                yield from self.elements.differences(below, maps=maps, path=f"{path}[]")


def kind(value: object) -> str:
    """The JSON type; numbers with and without a fraction are different things to a strict parser."""
    names = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "list"}
    return names.get(type(value), "object")


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def differences(
    ours: Iterable[object],
    real: Iterable[object],
    *,
    maps: Iterable[str] = (),
    known: Mapping[str, str] | None = None,
) -> list[str]:
    """What the simulator's values have that no real one has, and the other way round.

    `maps` are paths of objects whose keys are names. `known` are differences that are meant, each with its reason; one
    that is there no longer is reported, too.
    """
    named, shape, explained = frozenset(maps), Shape(), dict(known or {})
    for value in real:
        shape.learn(value, maps=named)
    found = {place for value in ours for place in shape.differences(value, maps=named)}
    stale = set(explained) - {path for path, _ in found}
    told = [f"{path}: {what}" for path, what in sorted(found) if path not in explained]
    return [*told, *(f"{path}: is said to differ ({explained[path]}), and does not" for path in sorted(stale))]


def stream(stdout: bytes) -> list[object]:
    """One JSON value after the other, as `talosctl get` prints them. Raises ValueError for anything else."""
    text, found, decoder = stdout.decode(), [], json.JSONDecoder()
    while text.strip():
        value, end = decoder.raw_decode(text.lstrip())
        found.append(value)
        text = text.lstrip()[end:]
    return found


def laid_out(values: Iterable[object], indent: int | None) -> bytes:
    """JSON as Go's encoder writes it: one value a line without indent, HTML's own characters escaped."""
    separators = (",", ":") if indent is None else (",", ": ")
    lines = (json.dumps(value, indent=indent, separators=separators, ensure_ascii=False) for value in values)
    text = "".join(f"{line}\n" for line in lines)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text.encode()


def layout(stdout: bytes) -> int | None:
    """How deep this output is indented: no other rendering of its values gives these bytes. Raises ValueError."""
    values = stream(stdout)
    for indent in (None, 2, 4):
        if laid_out(values, indent) == stdout:
            return indent
    raise ValueError("no rendering gives these bytes back")
