"""Shell completion, answered from the table and a glance at talconfig.yaml: it runs at every press of Tab.

Imports nothing that commands do not need: a Tab must not be felt.
"""

from __future__ import annotations

from talops.cli.table import COMMANDS, GLOBAL, OPTIONS, Command, below, option_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talops.cli.table import Takes

    Offer = tuple[str, str]
    """A word and its help."""


def completion(instruction: str, environ: Mapping[str, str]) -> str | None:
    """The answer in the dialect of the shell; None when this is not a question of a shell that we know."""
    match instruction:
        case "complete_bash":
            words = _split(environ.get("COMP_WORDS", ""))
            at = int(environ.get("COMP_CWORD") or 0)
            return "\n".join(word for word, _ in offers(words[1:at], words[at] if at < len(words) else ""))
        case "complete_zsh":
            found = [f'"{_escaped(word)}":"{_escaped(text)}"' for word, text in offers(*_typed(environ))]
            rows = "\n".join(found)
            return f"_arguments '*: :(({rows}))'" if found else "_files"
        case "complete_fish":
            found = [f"{word}\t{text}" for word, text in offers(*_typed(environ))]
            return "\n".join(found) if environ.get("_TYPER_COMPLETE_FISH_ACTION") == "get-args" else None
    return None


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


def _escaped(text: str) -> str:
    for char, safe in (('"', '""'), ("'", "''"), ("$", "\\$"), ("`", "\\`"), (":", r"\\:")):
        text = text.replace(char, safe)
    return text


def offers(before: Sequence[str], incomplete: str) -> list[Offer]:
    """What may stand there, after the words `before`."""
    return [(word, text) for word, text in _possible(before) if word.startswith(incomplete)]


def _possible(before: Sequence[str]) -> Iterator[Offer]:
    path, wanted, repo = _where(before)
    if wanted:
        yield from _values(wanted, repo)
        if wanted != "nodes":
            return
    entry = COMMANDS.get(path)
    yield from ((word, found.help) for word, found in below(path).items() if not found.hidden)
    if entry is not None and entry.argument and not wanted:
        yield from _values(entry.argument, repo)
    yield from _options(entry)


def _options(entry: Command | None) -> Iterator[Offer]:
    keys = entry.options if entry is not None else ("version",)
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
        option = option_named(word)
        if option is not None:
            wanted, last = option.takes, word
        elif (*path, word) in COMMANDS:
            path = (*path, word)
    return path, wanted, repo


def _values(takes: Takes, repo: str) -> Iterator[Offer]:
    match takes:
        case "nodes" | "node":
            yield from ((name, "") for name in node_names(repo))
        case "fault":
            from talops.sim.faults import FAULTS

            names = node_names(repo)
            for fault, kind in FAULTS.items():
                yield from ((f"{fault}@{name}", kind.summary) for name in names if kind.needs_node)
                yield from () if kind.needs_node else ((fault, kind.summary),)
        case "output":
            yield from (("live", "a table"), ("plain", "dated lines"), ("json", "JSON lines"))
        case "downtime":
            yield "etcd", "an outage of the control plane"
        case "folder" | "file":
            yield from _paths(folders_only=takes == "folder")


def _paths(*, folders_only: bool) -> Iterator[Offer]:
    import os

    for entry in sorted(os.scandir("."), key=lambda entry: entry.name):
        if entry.is_dir() or not folders_only:
            yield entry.name + ("/" if entry.is_dir() else ""), ""


def node_names(repo: str) -> list[str]:
    """Hostnames of talconfig.yaml at a glance, without decrypting anything: names made of variables are left out."""
    import re

    hostname = re.compile(r"^[\s-]*hostname:\s*[\"']?([A-Za-z0-9.-]+)[\"']?\s*(?:#.*)?$", re.MULTILINE)
    try:
        with open(f"{repo}/talconfig.yaml", encoding="utf-8") as file:  # noqa: PTH123  # pathlib costs 4 ms
            return list(dict.fromkeys(hostname.findall(file.read())))
    except (OSError, UnicodeDecodeError):
        return []
