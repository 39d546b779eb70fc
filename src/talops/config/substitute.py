"""`${VAR}` as talhelper substitutes it: on the text, before it is parsed (facts, real-tools.md 7; a8m/envsubst)."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from talops.config.scalar import Place, fail
from talops.errors import FilesInvalid

_VARIABLE = re.compile(r"\$\$|\$(?P<bare>\w+)|\$\{(?P<inside>[^}\r\n]*)(?P<closed>\}?)")
_INSIDE = re.compile(r"(?P<name>\w+)(?:(?P<operator>:-|:=|:\+|-|=|\+)(?P<word>.*)|(?P<ignored>.*))")
_NOBODY = "_"
"""`$_` and `${_}` are text."""


def substitute(text: str, variables: Mapping[str, str], file: str, hint: str = "") -> str:
    """Replace every variable. Raises FilesInvalid at the first that is unset or empty; `hint` explains why it may be.

    Line numbers of the result are those of the text, unless a value has more than one line.
    """
    return _VARIABLE.sub(_Substitution(text, variables, file, hint).value, text)


@dataclass(frozen=True, slots=True)
class Substituted:
    """A text with its variables replaced, and the way back: `problems` are the variables that have no value.

    `moved` says where each replaced piece begins and ends: in the source, and then in the text.
    """

    source: str
    text: str
    moved: tuple[tuple[int, int, int, int], ...] = ()
    problems: tuple[FilesInvalid, ...] = ()

    def origin(self, at: Place) -> Place:
        """The place in the source of a place in the text; inside a value, where its variable begins."""
        if not self.moved:
            return at
        offset = offset_of(self.text, at)
        index = bisect_right(self.moved, offset, key=lambda piece: piece[2]) - 1
        if index >= 0:
            start, end, begins, ends = self.moved[index]
            offset = start if begins <= offset < ends else end + offset - ends
        return place_at(self.source, offset, at.file)


def substitute_all(text: str, variables: Mapping[str, str], file: str, *, hint: str, missing: str) -> Substituted:
    """Replace every variable, and by `missing` those that have no value; raises nothing."""
    substitution = _Substitution(text, variables, file, hint)
    pieces: list[str] = []
    moved: list[tuple[int, int, int, int]] = []
    problems: list[FilesInvalid] = []
    at = length = 0
    for found in _VARIABLE.finditer(text):
        try:
            value = substitution.value(found)
        except FilesInvalid as error:
            value = missing
            problems.append(error)
        before = text[at : found.start()]
        begins = length + len(before)
        length = begins + len(value)
        moved.append((found.start(), found.end(), begins, length))
        pieces += [before, value]
        at = found.end()
    return Substituted(text, "".join([*pieces, text[at:]]), tuple(moved), tuple(problems))


def variables_in(text: str) -> Iterator[str]:
    """The names of the variables that a text uses."""
    for found in _VARIABLE.finditer(text):
        name = found.group("bare") or re.match(r"\w*", found.group("inside") or "")
        word = name if isinstance(name, str) else name.group(0) if name else ""
        if word and word != _NOBODY:
            yield word


@lru_cache(maxsize=8)
def line_starts(text: str) -> tuple[int, ...]:
    """The offset of each line's first character."""
    return (0, *(found.end() for found in re.finditer("\n", text)))


def place_at(text: str, offset: int, file: str) -> Place:
    """Line and column of an offset."""
    starts = line_starts(text)
    line = bisect_right(starts, offset)
    return Place(file, line, offset - starts[line - 1] + 1)


def offset_of(text: str, at: Place) -> int:
    """Of a place that the text has; its end for one behind it."""
    starts = line_starts(text)
    return starts[at.line - 1] + at.column - 1 if at.line <= len(starts) else len(text)


@dataclass(frozen=True, slots=True)
class _Substitution:
    text: str
    variables: Mapping[str, str]
    file: str
    hint: str

    def value(self, found: re.Match[str]) -> str:
        if found.group(0) == "$$":
            return "$"
        bare = found.group("bare")
        if bare is not None:
            return found.group(0) if bare == _NOBODY else self._required(bare, found)
        if not found.group("closed"):
            hint = "write ${NAME}, or $$ for a dollar sign"
            fail(self._at(found), "`${` has no closing brace in this line", hint)
        return self._expanded(found.group("inside"), found)

    def _expanded(self, inside: str, found: re.Match[str]) -> str:
        if inside == _NOBODY or not re.search(r"\w", inside):
            return found.group(0)
        parts = _INSIDE.fullmatch(inside)
        word = parts.group("word") if parts else None
        aside = parts.group("ignored") if parts else None
        if parts is None or "${" in (word or "") or "$" in (aside or "") or aside == ":":
            self._puzzling(found)
        name, operator = parts.group("name"), parts.group("operator")
        # what talhelper knows no operator for, it ignores: ${X%%.*} is ${X}; and so it does with an empty word
        if not operator or not word:
            return self._required(name, found)
        now = self.variables.get(name)
        if operator.endswith("+"):
            return self._word(word, found) if now is not None else ""
        given = bool(now) if operator.startswith(":") else now is not None
        return self._required(name, found) if given else self._word(word, found)

    def _word(self, word: str, found: re.Match[str]) -> str:
        """A text, or one variable: `${X:-$Y}`."""
        if not word.startswith("$"):
            return word
        if not re.fullmatch(r"\$\w+", word):
            self._puzzling(found)
        return self._required(word[1:], found)

    def _required(self, name: str, found: re.Match[str]) -> str:
        now = self.variables.get(name)
        if not now:
            problem = "is set but empty" if name in self.variables else "is not set"
            hint = self.hint or f"add `{name}: …` to talenv.yaml, or export it"
            fail(self._at(found), f"the variable ${{{name}}} {problem}", hint)
        return now

    def _puzzling(self, found: re.Match[str]) -> NoReturn:
        hint = "talhelper knows ${X}, ${X:-default}, ${X-default}, ${X:+other}; and a default may be $Y, never ${Y}"
        fail(self._at(found), f"`{found.group(0)}` is no variable that talhelper understands", hint)

    def _at(self, found: re.Match[str]) -> Place:
        return place_at(self.text, found.start(), self.file)
