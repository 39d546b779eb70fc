"""Shell completion, answered from the table and a glance at talconfig.yaml: it runs at every press of Tab.

Imports nothing that commands do not need: a Tab must not be felt.
"""

from __future__ import annotations

from talops.cli.optiontable import GLOBAL, OPTIONS, SHELLS
from talops.cli.table import COMMANDS, Command, below, option_named, taken_apart

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talops.cli.optiontable import Takes

    Offer = tuple[str, str]
    """A word and its help."""


def completion(instruction: str, environ: Mapping[str, str]) -> str | None:
    """The answer in the dialect of the shell; None when there is nothing to offer, or no such shell."""
    match instruction:
        case "complete_bash":
            return _bash(environ.get("COMP_WORDS", ""), environ.get("COMP_CWORD", ""))
        case "complete_zsh":
            found = [f'"{_escaped(word)}":"{_escaped(text)}"' for word, text in offers(*_typed(environ))]
            rows = "\n".join(found)
            return f"_arguments '*: :(({rows}))'" if found else "_files"
        case "complete_fish":
            found = [f"{word}\t{text}" for word, text in offers(*_typed(environ))]
            # fish asks twice: whether there is anything to offer, and then what
            wanted = environ.get("_TYPER_COMPLETE_FISH_ACTION") == "get-args"
            return ("\n".join(found) if wanted else "") if found else None
    return None


def _bash(line: str, number: str) -> str | None:
    """bash takes `--only=w` and `fault@w` for three words each, and replaces only what is behind the sign."""
    at = int(number) if number.isdecimal() else 0
    words = line.split("\n") if "\n" in line else _split(line)
    # a last word that is empty is not there
    words = [*words, *([""] if at >= len(words) else [])][1 : at + 1]
    glued: list[str] = []
    replaced = ""
    before = ""
    for word in words:
        if glued and (word in {"=", "@"} or before in {"=", "@"}):
            glued[-1] += word
            replaced = "" if word == "=" else (f"@{word}" if before == "@" else word)
        else:
            glued.append(word)
            replaced = word
        before = word
    glued = [_unquoted(word) for word in glued]
    last = glued.pop() if glued else ""
    kept = len(last) - len(_unquoted(replaced))
    return "\n".join(word[kept:] for word, _ in offers(glued, last)) or None


def _typed(environ: Mapping[str, str]) -> tuple[list[str], str]:
    line = environ.get("_TYPER_COMPLETE_ARGS", "")
    words = _split(line)[1:]
    return (words[:-1], words[-1]) if words and not line.endswith(" ") else (words, "")


def _split(line: str) -> list[str]:
    if not any(char in line for char in "'\"\\"):
        return line.split()
    import shlex

    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def _unquoted(word: str) -> str:
    """A quote that is not closed yet is one that is being typed."""
    return " ".join(_split(word)).lstrip("'\"") if any(char in word for char in "'\"\\") else word


def _escaped(text: str) -> str:
    for char, safe in (('"', '""'), ("'", "''"), ("$", "\\$"), ("`", "\\`"), (":", r"\\:")):
        text = text.replace(char, safe)
    return text


def offers(before: Sequence[str], incomplete: str) -> list[Offer]:
    """What may stand there, after the words `before`."""
    name, value = taken_apart(incomplete)
    path, _, repo = _where(before)
    option = option_named(name, path)
    if option is not None and value is not None:
        stem = incomplete.removesuffix(value)
        found = _values(option.takes, repo, value)
        return [(stem + word, text) for word, text in found if word.startswith(value)]
    return [(word, text) for word, text in _possible(before, incomplete) if word.startswith(incomplete)]


def _possible(before: Sequence[str], incomplete: str) -> Iterator[Offer]:
    path, wanted, repo = _where(before)
    if wanted:
        yield from _values(wanted, repo, incomplete)
        if wanted != "nodes":
            return
    entry = COMMANDS.get(path)
    yield from ((word, found.help) for word, found in below(path).items() if not found.hidden)
    if entry is not None and entry.argument and not wanted:
        yield from _values(entry.argument, repo, incomplete)
    yield from _options(entry)


def _options(entry: Command | None) -> Iterator[Offer]:
    keys = entry.options if entry is not None else ("version", "show-completion", "install-completion")
    for key in (*keys, *GLOBAL):
        yield OPTIONS[key].names[0], OPTIONS[key].help
    yield "--help", "Show the help."


def _where(before: Sequence[str]) -> tuple[tuple[str, ...], Takes, str]:
    """The command so far, what its last option still waits for, and the repository."""
    path: tuple[str, ...] = ()
    wanted: Takes = ""
    repo = "."
    last = ""
    for word in before:
        if wanted == "nodes" and not word.startswith("-"):
            continue
        if wanted not in {"", "nodes"}:
            repo = word if last in OPTIONS["repo"].names else repo
            wanted = ""
            continue
        wanted = ""
        name, value = taken_apart(word)
        option = option_named(name, path)
        if option is not None and value is not None:
            repo = value if option is OPTIONS["repo"] else repo
        elif option is not None:
            wanted, last = option.takes, name
        elif (*path, word) in COMMANDS:
            path = (*path, word)
    return path, wanted, repo


def _values(takes: Takes, repo: str, incomplete: str) -> Iterator[Offer]:
    match takes:
        case "nodes" | "node":
            # `--only a,b`
            earlier, comma, _ = incomplete.rpartition(",")
            yield from ((earlier + comma + name, "") for name in node_names(repo))
        case "fault":
            yield from _faults(repo)
        case "trouble":
            yield from _faults(repo, sandbox=True)
        case "output":
            yield from (("live", "a table"), ("plain", "dated lines"), ("json", "JSON lines"))
        case "form":
            yield from (("plain", "lines"), ("json", "one object"), ("github", "annotations and a job summary"))
        case "downtime":
            yield "etcd", "an outage of the control plane"
        case "shell":
            yield from ((shell, "") for shell in SHELLS)
        case "folder" | "file":
            yield from _paths(incomplete, folders_only=takes == "folder")


def _faults(repo: str, *, sandbox: bool = False) -> Iterator[Offer]:
    from talops.sim.faults import FAULTS, SANDBOX_FAULTS

    names = node_names(repo)
    for fault, kind in (SANDBOX_FAULTS if sandbox else FAULTS).items():
        yield from ((f"{fault}@{name}", kind.summary) for name in names if kind.needs_node)
        yield from () if kind.needs_node else ((fault, kind.summary),)


def _paths(incomplete: str, *, folders_only: bool) -> Iterator[Offer]:
    import os

    folder = incomplete[: incomplete.rfind("/") + 1]
    try:
        found = sorted(os.scandir(os.path.expanduser(folder) or "."), key=lambda entry: entry.name)  # noqa: PTH111
    except OSError:
        return
    for entry in found:
        if entry.is_dir() or not folders_only:
            yield folder + entry.name + ("/" if entry.is_dir() else ""), ""


def node_names(repo: str) -> list[str]:
    """Hostnames of talconfig.yaml at a glance, without decrypting anything: names made of variables are left out."""
    import os
    import re

    # in a row of its own, or in `{hostname: a, …}`; not in a comment
    hostname = re.compile(
        r"^[^#\n]*?(?<![\w-])hostname:[ \t]*[\"']?([A-Za-z0-9.-]+)[\"']?[ \t]*(?=[,}#]|$)", re.MULTILINE
    )
    path = os.path.expanduser(f"{repo}/talconfig.yaml")  # noqa: PTH111  # pathlib costs 4 ms
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            return list(dict.fromkeys(hostname.findall(file.read())))
    except (OSError, ValueError):
        return []
