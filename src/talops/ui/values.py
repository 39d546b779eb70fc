"""Values of a machine config as lines that read like YAML, for people only."""

import difflib
import json
import re
from collections.abc import Iterator

_PLAIN = re.compile(r"[A-Za-z0-9/*.~_<>=-](?:[^:#\n\t]|:(?=\S)|(?<=\S)#)*")
_TAKEN_FOR_ELSE = re.compile(r"[-+]?[0-9.]+|true|false|null|yes|no|on|off|~", re.IGNORECASE)
_CONTEXT = 1
"""Lines around a change within a longer text."""


def lines_of(value: object) -> list[str]:
    match value:
        case dict() if value:
            return [line for key, row in value.items() for line in _entry(str(key), row)]
        case list() if value:
            return [line for row in value for line in _item(row)]
        case str() if "\n" in value:
            return value.rstrip("\n").split("\n")
        case _:
            return [word(value)]


def compared(before: object, after: object) -> Iterator[tuple[str, str]]:
    """What goes and what comes, with `-` and `+`; of long texts only the lines around a change."""
    old, new = lines_of(before), lines_of(after)
    if len(old) == len(new) == 1:
        yield from (("-", old[0]), ("+", new[0]))
        return
    for line in list(difflib.unified_diff(old, new, n=_CONTEXT, lineterm=""))[3:]:
        yield (" ", "…") if line.startswith("@@") else (line[0], line[1:])


def word(value: object) -> str:
    """One value; in quotes where it would be taken for something else."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and not value.endswith((" ", ":")) and not _TAKEN_FOR_ELSE.fullmatch(value)
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def _entry(key: str, value: object) -> list[str]:
    if isinstance(value, str) and "\n" in value:
        return [f"{key}: |", *(f"  {line}" for line in lines_of(value))]
    if isinstance(value, dict | list) and value:
        return [f"{key}:", *(f"  {line}" for line in lines_of(value))]
    return [f"{key}: {word(value)}"]


def _item(value: object) -> list[str]:
    first, *rest = lines_of(value)
    return [f"- {first}", *(f"  {line}" for line in rest)]
