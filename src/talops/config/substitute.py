"""`${VAR}` as talhelper substitutes it: on the text, before it is parsed (facts, real-tools.md 7; a8m/envsubst)."""

import re
from collections.abc import Mapping
from typing import NoReturn

from talops.config.tree import Place, fail

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_VARIABLE = re.compile(
    rf"\$\$(?P<escaped>\{{[^}}]*\}}|{_NAME})?"
    rf"|\$(?P<bare>[A-Za-z0-9_]+)"
    r"|\$\{(?P<inside>[^}]*)(?P<closed>\}?)"
)
_INSIDE = re.compile(rf"(?P<name>{_NAME})(?:(?P<operator>:-|:=|:\+|-|=|\+)(?P<word>.*)|:[0-9].*)?", re.DOTALL)


def substitute(text: str, variables: Mapping[str, str], file: str, hint: str = "") -> str:
    """Replace every variable. Raises FilesInvalid at the first that is unset or empty; `hint` explains why it may be.

    Line numbers of the result are those of the text, unless a value has more than one line.
    """

    def value(found: re.Match[str]) -> str:
        if found.group(0).startswith("$$"):
            return "$" + (found.group("escaped") or "")
        bare = found.group("bare")
        if bare is not None:
            return _required(bare, found)
        inside = found.group("inside")
        if not found.group("closed"):
            fail(_at(found), "`${` has no closing brace")
        return _expand(inside, found) if inside else "${}"

    def _expand(inside: str, found: re.Match[str]) -> str:
        parts = _INSIDE.fullmatch(inside)
        if parts is None or "$" in (parts.group("word") or ""):
            fail(_at(found), f"${{{inside}}} is no variable that talhelper understands")
        name, operator, word = parts.group("name"), parts.group("operator"), parts.group("word")
        now = variables.get(name)
        if operator is None:
            return _required(name, found)
        given = bool(now) if operator.startswith(":") else now is not None
        if operator.endswith("+"):
            return word if given else ""
        return word if not given else _required(name, found)

    def _required(name: str, found: re.Match[str]) -> str:
        now = variables.get(name)
        if not now:
            _missing(name, found)
        return now

    def _missing(name: str, found: re.Match[str]) -> NoReturn:
        problem = "is set but empty" if name in variables else "is not set"
        fail(_at(found), f"the variable ${{{name}}} {problem}", hint or f"add `{name}: …` to talenv.yaml, or export it")

    def _at(found: re.Match[str]) -> Place:
        start = found.start()
        return Place(file, text.count("\n", 0, start) + 1, start - (text.rfind("\n", 0, start) + 1) + 1)

    return _VARIABLE.sub(value, text)
