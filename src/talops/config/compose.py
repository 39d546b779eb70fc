"""YAML text into a tree, as talhelper's Go would compose it.

Composed from the events of the C parser: fast, and independent of the dialect that a constructor speaks.
"""

import contextlib
import re
from collections.abc import Iterator
from enum import Enum

from talops.config.scalar import Place, Scalar, fail
from talops.config.tree import Mapping, Sequence, Tree

DEPTH = 100
"""Deeper nesting than that is a mistake or an attack on the parser."""
MERGE = "<<"


class Repeated(Enum):
    """What becomes of a key that a mapping has twice."""

    REFUSED = "refused"
    LATER_WINS = "the later one wins"


def parse(text: str, file: str, *, repeated: Repeated = Repeated.REFUSED) -> Tree | None:
    """The first document, None when there is none. Raises FilesInvalid with file, line and column."""
    return next(documents(text, file, repeated=repeated), None)


def documents(text: str, file: str, *, repeated: Repeated = Repeated.REFUSED) -> Iterator[Tree]:
    """Every document, one after the other. Raises FilesInvalid where the text is no YAML."""
    from ruamel.yaml.events import DocumentStartEvent

    with explained(text, file):
        stream = yaml_events(text, file)
        for event in stream:
            if isinstance(event, DocumentStartEvent):
                yield _Composer(stream, file, repeated).compose()


@contextlib.contextmanager
def explained(text: str, file: str) -> Iterator[None]:
    """What the YAML parser says, as FilesInvalid."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        yield
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
        what = ", ".join(str(part) for part in (error.context, error.problem) if part)
        fail(at, f"this is no YAML: {what or 'it cannot be read'}", _advice(text, at))
    except (YAMLError, ValueError) as error:
        fail(Place(file, 1, 1), f"this is no YAML: {str(error).splitlines()[0]}")


def _advice(text: str, at: Place) -> str:
    lines = text.splitlines()
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces: YAML allows no tabs there"
    return "compare its indentation, colons and quotes with the lines before it"


def yaml_events(text: str, file: str) -> Iterator[object]:
    from ruamel.yaml import YAML

    bad = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - (text.rfind("\n", 0, bad.start()) + 1) + 1
        fail(Place(file, line, column), "a control character is not allowed in YAML")
    return iter(YAML(typ="safe").parse(text))


class _Composer:
    """Events of one document into a tree. Anchors may be given anew, as Go allows; an alias shares its target."""

    def __init__(self, stream: Iterator[object], file: str, repeated: Repeated) -> None:
        self._stream = stream
        self._file = file
        self._repeated = repeated
        self._anchors: dict[str, Tree] = {}

    def compose(self) -> Tree:
        return self._next(next(self._stream), 0)

    def _next(self, event: object, depth: int) -> Tree:
        from ruamel.yaml import events

        at = self._place(event)
        if depth > DEPTH:
            fail(at, f"nested more than {DEPTH} deep")
        match event:
            case events.AliasEvent():
                if event.anchor not in self._anchors:
                    fail(at, f"*{event.anchor} names an anchor that is not defined before it")
                return self._anchors[event.anchor]
            case events.ScalarEvent():
                # an explicit tag such as !!str makes it as good as quoted
                plain = event.style in {None, ""} and event.tag is None
                tree: Tree = Scalar(event.value, plain, at)
            case events.SequenceStartEvent():
                tree = self._sequence(at, depth)
            case _:
                tree = self._mapping(at, depth)
        anchor = getattr(event, "anchor", None)
        if anchor:
            self._anchors[anchor] = tree
        return tree

    def _sequence(self, at: Place, depth: int) -> Sequence:
        from ruamel.yaml.events import SequenceEndEvent

        rows = []
        while not isinstance(event := next(self._stream), SequenceEndEvent):
            rows.append(self._next(event, depth + 1))
        return Sequence(tuple(rows), at)

    def _mapping(self, at: Place, depth: int) -> Mapping:
        from ruamel.yaml.events import MappingEndEvent

        entries: dict[str, Tree] = {}
        keys: dict[str, Place] = {}
        merged: list[Tree] = []
        while not isinstance(event := next(self._stream), MappingEndEvent):
            key = self._next(event, depth + 1)
            value = self._next(next(self._stream), depth + 1)
            if not isinstance(key, Scalar):
                fail(key.at, "a key must be a text")
            if key.plain and key.text == MERGE:
                merged.append(value)
                continue
            if key.text in keys and self._repeated is Repeated.REFUSED:
                first = keys[key.text].line
                fail(key.at, f"the key `{key.text}` is already in line {first}", "keep one of the two")
            entries[key.text] = value
            keys[key.text] = key.at
        for source in merged:
            for fill in source.rows if isinstance(source, Sequence) else (source,):
                if not isinstance(fill, Mapping):
                    fail(fill.at, "<< can only merge a mapping")
                for name, value in fill.entries.items():
                    entries.setdefault(name, value)
        return Mapping(entries, at, keys)

    def _place(self, event: object) -> Place:
        mark = getattr(event, "start_mark", None)
        return Place(self._file, mark.line + 1, mark.column + 1) if mark is not None else Place(self._file, 1, 1)
