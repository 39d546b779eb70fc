"""YAML text into a tree, as talhelper's Go would compose it.

Composed from the events of the C parser: fast, and independent of the dialect that a constructor speaks.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from talops.config.scalar import Place, Scalar, fail
from talops.config.tree import Mapping, Sequence, Tree

DEPTH = 100
"""Deeper nesting than that is a mistake or an attack on the parser."""
MERGE = "<<"
LARGEST = 1_000_000
"""Values of a document with each alias written out. More is a mistake or an attack, which Go refuses, too."""
COLON_IN_FLOW = "found unexpected ':'"
CORE_TAG = "tag:yaml.org,2002:"


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
    except (YAMLError, ValueError, AssertionError) as error:
        # ruamel asserts what a %YAML directive says
        fail(Place(file, 1, 1), f"this is no YAML: {next(iter(str(error).splitlines()), 'it cannot be read')}")


def _advice(text: str, at: Place) -> str:
    lines = text.splitlines()
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces: YAML allows no tabs there"
    return "compare its indentation, colons and quotes with the lines before it"


def yaml_events(text: str, file: str) -> Iterator[object]:
    from ruamel.yaml import YAML
    from ruamel.yaml.scanner import ScannerError

    bad = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - (text.rfind("\n", 0, bad.start()) + 1) + 1
        fail(Place(file, line, column), "a control character is not allowed in YAML")
    seen = 0
    try:
        for event in YAML(typ="safe").parse(text):
            yield event
            seen += 1
    except ScannerError as error:
        if error.problem != COLON_IN_FLOW:
            raise
        # Go reads `[fd00::/64]`, which the C parser does not; the slow one does
        yield from islice(YAML(typ="safe", pure=True).parse(text), seen, None)


@dataclass(frozen=True, slots=True)
class _Anchor:
    tree: Tree
    size: int
    height: int


class _Composer:
    """Events of one document into a tree. Anchors may be given anew, as Go allows; an alias shares its target."""

    def __init__(self, stream: Iterator[object], file: str, repeated: Repeated) -> None:
        self._stream = stream
        self._file = file
        self._repeated = repeated
        self._anchors: dict[str, _Anchor] = {}
        self._size = 0
        self._deepest = 0

    def compose(self) -> Tree:
        return self._next(next(self._stream), 0)

    def _next(self, event: object, depth: int) -> Tree:
        from ruamel.yaml.events import AliasEvent

        at = self._place(event)
        if isinstance(event, AliasEvent):
            if event.anchor not in self._anchors:
                fail(at, f"*{event.anchor} names an anchor that is not defined before it")
            known = self._anchors[event.anchor]
            self._grow(at, known.size, depth + known.height)
            return known.tree
        size, deepest = self._size, self._deepest
        self._deepest = depth
        self._grow(at, 1, depth)
        tree = self._tree(event, at, depth)
        anchor = getattr(event, "anchor", None)
        if anchor:
            self._anchors[anchor] = _Anchor(tree, self._size - size, self._deepest - depth)
        self._deepest = max(self._deepest, deepest)
        return tree

    def _grow(self, at: Place, size: int, depth: int) -> None:
        """Counts aliases as if they were written out: what reads the tree visits them as often."""
        self._size += size
        self._deepest = max(self._deepest, depth)
        if self._deepest > DEPTH:
            fail(at, f"nested more than {DEPTH} deep")
        if self._size > LARGEST:
            fail(at, f"the aliases of this document stand for more than {LARGEST} values")

    def _tree(self, event: object, at: Place, depth: int) -> Tree:
        from ruamel.yaml.events import ScalarEvent, SequenceStartEvent

        if isinstance(event, ScalarEvent):
            kind = (event.tag or "").removeprefix(CORE_TAG)
            if event.tag and kind not in {event.tag, "str"}:
                fail(at, f"talops does not read the tag !!{kind}", "write the value without it")
            # any other tag makes it as good as quoted
            return Scalar(event.value, event.style in {None, ""} and event.tag is None, at)
        return self._sequence(at, depth) if isinstance(event, SequenceStartEvent) else self._mapping(at, depth)

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
        merged: Tree | None = None
        while not isinstance(event := next(self._stream), MappingEndEvent):
            key = self._next(event, depth + 1)
            value = self._next(next(self._stream), depth + 1)
            if not isinstance(key, Scalar):
                fail(key.at, "a key must be a text")
            if key.text in keys and self._repeated is Repeated.REFUSED:
                first = keys[key.text].line
                fail(key.at, f"the key `{key.text}` is already in line {first}", "keep one of the two")
            keys[key.text] = key.at
            if key.plain and key.text == MERGE:
                merged = value
            else:
                entries[key.text] = value
        if merged is not None:
            self._merge(entries, merged)
        return Mapping(entries, at, keys)

    def _merge(self, entries: dict[str, Tree], merged: Tree) -> None:
        """Fill in what the mapping does not say itself; of several, the first wins."""
        for source in merged.rows if isinstance(merged, Sequence) else (merged,):
            if not isinstance(source, Mapping):
                fail(source.at, "<< can only merge a mapping")
            for name, value in source.entries.items():
                entries.setdefault(name, value)

    def _place(self, event: object) -> Place:
        mark = getattr(event, "start_mark", None)
        return Place(self._file, mark.line + 1, mark.column + 1) if mark is not None else Place(self._file, 1, 1)
