"""Tables as wide as the terminal allows: what does not fit beside goes below, each part with its first column."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from talops.ui.words import clean, folded

_GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    heading: str
    cells: tuple[str, ...]
    right: bool = False
    """Numbers stand at the right."""

    @property
    def width(self) -> int:
        return max(len(self.heading), *map(len, self.cells)) if self.cells else len(self.heading)

    def padded(self, cell: str) -> str:
        return cell.rjust(self.width) if self.right else cell.ljust(self.width)


def side_by_side(
    first: Sequence[Column],
    groups: Sequence[Sequence[Column]],
    width: int,
    *,
    instead: Mapping[int, str],
    loud: Callable[[str], str] = str,
) -> Iterator[str]:
    """`first` begins every part and is never parted. `instead` says what stands in a row that has nothing else: it is
    there once, in the first part, and `loud`.
    """
    for number, part in enumerate(_parts(first, groups, width)):
        if number:
            yield ""
        shown = (*(first if number == 0 else first[:1]), *part)
        yield _line([column.padded(column.heading) for column in shown])
        for row in range(len(first[0].cells)):
            if row not in instead:
                yield _line([column.padded(column.cells[row]) for column in shown])
            elif number == 0:
                start = "  ".join(column.padded(column.cells[row]) for column in first)
                yield from map(loud, _told(start, instead[row], width))


def _told(start: str, words: str, width: int) -> list[str]:
    """Beside, where it fits; else below."""
    whole = clean(f"{start}  {words}")
    if len(whole) <= width:
        return [whole]
    return [clean(start).rstrip(), *folded(words, width, first="    ", rest="    ")]


def _line(cells: Sequence[str]) -> str:
    return clean((" " * _GAP).join(cells)).rstrip()


def _parts(first: Sequence[Column], groups: Sequence[Sequence[Column]], width: int) -> list[list[Column]]:
    """All in one, else a group a part; a group that is too wide is parted where it must be."""
    whole = [column for group in groups for column in group]
    if _wide((*first, *whole)) <= width:
        return [whole]
    parts: list[list[Column]] = []
    for group in groups:
        part: list[Column] = []
        parts.append(part)
        for column in group:
            begin = first if part is parts[0] else first[:1]
            if part and _wide((*begin, *part, column)) > width:
                part = []
                parts.append(part)
            part.append(column)
    return parts


def _wide(columns: Sequence[Column]) -> int:
    return sum(column.width + _GAP for column in columns) - _GAP
