"""YAML as talhelper's Go reads it, with the place of every value.

Composed from the events of the C parser: fast, and independent of the dialect that a constructor speaks. Scalars are
resolved by the rules of Go's yaml.v3, as measured with talhelper (facts, real-tools.md 7).
"""

import contextlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import NoReturn

from talops.errors import FilesInvalid

DEPTH = 100
"""Deeper nesting than that is a mistake or an attack on the parser."""
MERGE = "<<"
LONGEST = 70
"""Digits of a 64-bit number in base 2, and some."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: 1-based, as editors count."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. `plain` when it was written without quotes, so that it may mean a number or a bool."""

    text: str
    plain: bool
    at: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    rows: tuple["Tree", ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys in the order of the file, those of merged mappings last. `keys` holds the place of each own key."""

    entries: dict[str, "Tree"]
    at: Place
    keys: dict[str, Place] = field(default_factory=dict)

    def get(self, key: str) -> "Tree | None":
        """The value; None when it is missing or null."""
        found = self.entries.get(key)
        return None if isinstance(found, Scalar) and is_null(found) else found

    def place_of(self, key: str) -> Place:
        return self.keys.get(key, self.at)


Tree = Scalar | Sequence | Mapping

_NULLS = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_OLD_TRUE = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}
_OLD_FALSE = {"n", "N", "no", "No", "NO", "off", "Off", "OFF"}
_INT = re.compile(r"[-+]?(0[bB][01_]+|0[oO]?[0-7_]+|0[xX][0-9a-fA-F_]+|[0-9][0-9_]*)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


class Repeated(Enum):
    """What becomes of a key that a mapping has twice."""

    REFUSED = "refused"
    LATER_WINS = "the later one wins"


def fail(at: Place, what: str, hint: str = "") -> NoReturn:
    raise FilesInvalid(what, where=str(at), hint=hint)


def is_null(scalar: Scalar) -> bool:
    return scalar.plain and scalar.text in _NULLS


def number(scalar: Scalar) -> int | float | None:
    """What a plain scalar means as a number, None when it is none. `017` is octal: Go reads YAML 1.1 there."""
    if not scalar.plain or scalar.text.startswith("_"):
        return None
    text = scalar.text.replace("_", "")
    whole = _whole(text) if _INT.fullmatch(scalar.text) else None
    if whole is not None and -(2**63) <= whole < 2**64:
        return whole
    # `08` is no octal number, and what 64 bits cannot hold is no integer
    broken = float(text) if _FLOAT.fullmatch(text) else math.inf
    return None if math.isinf(broken) else broken


def _whole(text: str) -> int | None:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-").lower()
    if len(digits) > LONGEST:
        return None
    try:
        if digits[:2] in {"0x", "0o", "0b"}:
            return sign * int(digits, 0)
        return sign * int(digits, 8 if len(digits) > 1 and digits.startswith("0") else 10)
    except ValueError:
        return None


def text_of(tree: Tree | None, what: str) -> str:
    """A string field, empty when missing. Numbers come out as talhelper writes them again: `007` as `7`."""
    if tree is None:
        return ""
    if not isinstance(tree, Scalar):
        fail(tree.at, f"{what} must be a text, not a {_kind(tree)}")
    if is_null(tree):
        return ""
    return canonical(tree)


def canonical(scalar: Scalar) -> str:
    """As Go writes the value again that it read: `007` as `7`, `True` as `true`, a date with its midnight."""
    meant = number(scalar)
    if isinstance(meant, float):
        return _go_float(meant)
    if meant is not None:
        return str(meant)
    if scalar.plain and scalar.text in _TRUE | _FALSE:
        return scalar.text.lower()
    if scalar.plain and _DATE.fullmatch(scalar.text):
        with contextlib.suppress(ValueError):
            return f"{date(*map(int, scalar.text.split('-'))).isoformat()}T00:00:00Z"
    return scalar.text


def _go_float(value: float) -> str:
    """Go's %g: as few digits as will do, with an exponent below 1e-4 and from 1e6 on."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) + int(exponent) - 1
    if -4 <= power < 6:
        return f"{Decimal(repr(value)).normalize():f}"
    rest = "".join(str(digit) for digit in digits[1:])
    return f"{'-' if sign else ''}{digits[0]}{'.' if rest else ''}{rest}e{power:+03d}"


def bool_of(tree: Tree | None, what: str) -> bool:
    """A bool field, False when missing. YAML 1.1 words count, even quoted; a quoted `"true"` does not (measured)."""
    if tree is None:
        return False
    if isinstance(tree, Scalar):
        if is_null(tree):
            return False
        if tree.text in _OLD_TRUE or (tree.plain and tree.text in _TRUE):
            return True
        if tree.text in _OLD_FALSE or (tree.plain and tree.text in _FALSE):
            return False
    shown = repr(tree.text) if isinstance(tree, Scalar) else f"a {_kind(tree)}"
    fail(tree.at, f"{what} must be true or false, not {shown}", "write it without quotes")


def mapping_of(tree: Tree | None, what: str) -> Mapping | None:
    if tree is None or isinstance(tree, Mapping):
        return tree
    fail(tree.at, f"{what} must be a mapping, not a {_kind(tree)}")


def sequence_of(tree: Tree | None, what: str) -> tuple[Tree, ...]:
    """The rows of a list, none when it is missing."""
    if tree is None:
        return ()
    if isinstance(tree, Sequence):
        return tree.rows
    fail(tree.at, f"{what} must be a list, not a {_kind(tree)}")


def texts_of(tree: Tree | None, what: str) -> tuple[str, ...]:
    """Rows that are null are none, as in Go."""
    rows = sequence_of(tree, what)
    return tuple(text_of(row, what) for row in rows if not (isinstance(row, Scalar) and is_null(row)))


def _kind(tree: Tree) -> str:
    return {Scalar: "text", Sequence: "list", Mapping: "mapping"}[type(tree)]


def parse(text: str, file: str, *, repeated: Repeated = Repeated.REFUSED) -> Tree | None:
    """The first document, None when there is none. Raises FilesInvalid with file, line and column."""
    return next(documents(text, file, repeated=repeated), None)


def documents(text: str, file: str, *, repeated: Repeated = Repeated.REFUSED) -> Iterator[Tree]:
    """Every document, one after the other. Raises FilesInvalid where the text is no YAML."""
    from ruamel.yaml.events import DocumentStartEvent

    with _explained(text, file):
        stream = _events(text, file)
        for event in stream:
            if isinstance(event, DocumentStartEvent):
                yield _Composer(stream, file, repeated).compose()


@contextlib.contextmanager
def _explained(text: str, file: str) -> Iterator[None]:
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


def _events(text: str, file: str) -> Iterator[object]:
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


def without_comments(text: str, file: str) -> str:
    """The text with its comments blanked, every line where it was: variables in comments are none (facts, 7).

    Raises FilesInvalid when it is no YAML: talhelper parses before it substitutes, and then again.
    """
    from ruamel.yaml.events import ScalarEvent

    kept: list[str] = []
    at = 0
    with _explained(text, file):
        for event in _events(text, file):
            if isinstance(event, ScalarEvent) and event.start_mark.index >= at:
                start, end = event.start_mark.index, event.end_mark.index
                kept.append(_no_comment(text[at:start]))
                header, newline, block = text[start:end].partition("\n")
                kept.append((_no_comment(header) if event.style in {"|", ">"} else header) + newline + block)
                at = end
    return "".join([*kept, _no_comment(text[at:])])


def _no_comment(gap: str) -> str:
    return re.sub(r"#[^\n]*", "", gap)
