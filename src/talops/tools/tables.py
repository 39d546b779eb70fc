"""The column tables of talosctl, for the commands that have no JSON."""

from collections.abc import Mapping
from functools import lru_cache

from talops.tools.reading import ParseError

_GAP = "   "
"""talosctl pads every column by three blanks; cells and headings contain single ones."""


def table_rows(text: bytes, *wanted: str) -> list[Mapping[str, str]]:
    """The rows, by heading. Nothing at all is an empty table.

    Raises ParseError when a wanted column is missing, when there is something else than one table, or when a row
    does not fit under its headings. Cells are found by the place of their heading, since they may be empty and may
    contain blanks. NODE is missing when the server does not name itself.
    """
    lines = [line.rstrip() for line in text.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        return []
    columns = _columns(lines[0])
    missing = [name for name in wanted if name not in dict(columns)]
    if missing:
        raise ParseError(f"no column {missing[0]} in {lines[0].strip()[:80]!r}")
    return [_row(line, columns) for line in lines[1:]]


@lru_cache(maxsize=64)
def _columns(heading: str) -> tuple[tuple[str, int], ...]:
    """Each heading with its first column."""
    found: list[tuple[str, int]] = []
    at = 0
    for cell in heading.split(_GAP):
        name = cell.strip()
        if name:
            found.append((name, at + len(cell) - len(cell.lstrip())))
        at += len(cell) + len(_GAP)
    return tuple(found)


def _row(line: str, columns: tuple[tuple[str, int], ...]) -> Mapping[str, str]:
    starts = [start for _, start in columns]
    if line[: starts[0]].strip() or any(line[start - 1 : start].strip() for start in starts[1:]):
        raise ParseError(f"the row {line.strip()[:60]!r} does not fit under its headings")
    ends = [*starts[1:], None]
    return {name: line[start:end].strip() for (name, start), end in zip(columns, ends, strict=True)}
