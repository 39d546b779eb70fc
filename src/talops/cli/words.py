"""The command line as typed, put into the one order that the parser knows."""

from collections.abc import Sequence

from talops.cli.table import GLOBAL, OPTIONS, REHEARSAL, option_named

_FRONT = {name for key in GLOBAL for name in OPTIONS[key].names}
_BACK = {name for key in REHEARSAL for name in OPTIONS[key].names}


def arranged(words: Sequence[str]) -> list[str]:
    """Global options may stand anywhere, those of a rehearsal before its command; `--only a b` names two nodes."""
    front: list[str] = []
    middle: list[str] = []
    back: list[str] = []
    rest = list(words)
    rehearsing = "rehearse" in rest
    while rest:
        word = rest.pop(0)
        name, equals, _ = word.partition("=")
        short = word[:2] if word.startswith("-C") and len(word) > 2 else ""
        if name in _FRONT or short:
            front += [word, *([] if equals or short else rest[:1])]
        elif name in _BACK and rehearsing:
            back += [word, *([] if equals else rest[:1])]
        elif (option := option_named(name)) and option.takes == "nodes" and not equals:
            middle += _each(name, rest)
            continue
        else:
            middle.append(word)
            continue
        if not equals and not short:
            rest = rest[1:]
    return [*front, *middle, *back]


def _each(option: str, rest: list[str]) -> list[str]:
    """`--only a b,c` as `--only a --only b --only c`; takes the names off `rest`."""
    names: list[str] = []
    while rest and not rest[0].startswith("-"):
        names += [name for name in rest.pop(0).split(",") if name]
    return [word for name in names for word in (option, name)] or [option]
