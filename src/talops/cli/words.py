"""The command line as typed, put into the one order that the parser knows."""

from collections.abc import Sequence

from talops.cli.optiontable import GLOBAL, OPTIONS, Option
from talops.cli.table import COMMANDS, REHEARSAL, below, option_named, taken_apart
from talops.errors import UsageError

_FRONT = [OPTIONS[key] for key in GLOBAL]
_BACK = [OPTIONS[key] for key in REHEARSAL]
_OF_THE_ROOT = ("version", "show-completion", "install-completion")
_WHERE_TO_LOOK = {"fault": "`talops rehearse --faults` lists them", "shell": "it is bash, zsh or fish"}


def arranged(words: Sequence[str]) -> list[str]:
    """Global options may stand anywhere, those of a rehearsal before its command; `--only a b` names two nodes.

    Raises UsageError for an option without its value: the parser would take the next option, or the command, for it.
    """
    front: list[str] = []
    middle: list[str] = []
    back: list[str] = []
    path: tuple[str, ...] = ()
    strayed = False
    rest = list(words)
    while rest and rest[0] != "--":
        word = rest.pop(0)
        name, value = taken_apart(word)
        option = option_named(name)
        if option is None:
            middle.append(word)
            if not word.startswith("-"):
                path, strayed = _further(path, word, strayed)
            continue
        if not strayed:
            _must_belong(name, option, path)
        if not option.takes:
            middle.append(word)
            continue
        values = (
            _names(name, value, rest)
            if option.takes == "nodes"
            else [_value(name, option_named(name, path) or option, value, rest)]
        )
        target = front if option in _FRONT else back if option in _BACK else middle
        target += [f"{option.names[0]}={one}" for one in values]
    return [*front, *middle, *back, *rest]


def _further(path: tuple[str, ...], word: str, strayed: bool) -> tuple[tuple[str, ...], bool]:
    """The command so far; and whether there was a word that is no command, of which the parser complains."""
    deeper = (*path, word)
    if strayed or deeper in COMMANDS:
        return (path if strayed else deeper), strayed
    return path, bool(below(path))


def _must_belong(name: str, option: Option, path: tuple[str, ...]) -> None:
    """`--only a b plan` could name three nodes: an option of a command stands after that command."""
    if option in _FRONT or option in _BACK or not below(path):
        return
    own = COMMANDS[path].options if path else _OF_THE_ROOT
    if option in [OPTIONS[key] for key in own]:
        return
    before = " ".join(("talops", *path, "COMMAND"))
    what = f"{name} {option.metavar}".strip()
    raise UsageError(f"{name} must stand after its command", hint=f"{before} {what}")


def _value(name: str, option: Option, value: str | None, rest: list[str]) -> str:
    """Takes it off `rest`. An empty one is a variable that was not set, and must not mean another cluster."""
    if value is None and rest and not _is_option(rest[0]):
        value = rest.pop(0)
    if not value:
        hint = _WHERE_TO_LOOK.get(option.takes, "talops --help")
        raise UsageError(f"{name} needs a value: {name} {option.metavar}", hint=hint)
    return value


def _names(name: str, value: str | None, rest: list[str]) -> list[str]:
    """`--only a b,c` are three nodes; takes the names off `rest`."""
    words = [] if value is None else [value]
    while value is None and rest and not _is_option(rest[0]):
        words.append(rest.pop(0))
    names = [one for word in words for one in word.split(",") if one]
    if not names:
        raise UsageError(f"{name} needs the name of a node: {name} NODE...", hint="`talops nodes` lists them")
    return names


def _is_option(word: str) -> bool:
    return word.startswith("-") and not word[1:].isdigit()
