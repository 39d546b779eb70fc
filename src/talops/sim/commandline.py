"""The words of a talosctl's command line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

APPLY_CONFIG, UPGRADE_K8S = "apply-config", "upgrade-k8s"
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Command:
    """One command line: the nodes asked, and the words after the global flags."""

    nodes: tuple[str, ...]
    words: tuple[str, ...]
    endpoints: tuple[str, ...] = ()
    """Empty for those of the talosconfig."""


def parse(argv: Sequence[str]) -> Command:
    """Take the global flags off. Unknown flags stay among the words."""
    nodes: list[str] = []
    words: list[str] = []
    endpoints: list[str] = []
    rest = list(argv[1:])
    while rest:
        word = rest.pop(0)
        if word in {"--talosconfig", "--context"} and rest:
            rest.pop(0)
        elif word in {"-e", "--endpoints"} and rest:
            endpoints += rest.pop(0).split(",")
        elif word in {"-n", "--nodes"} and rest:
            nodes += rest.pop(0).split(",")
        else:
            words.append(word)
    return Command(tuple(nodes), tuple(words), tuple(endpoints))


def is_dry_run(command: Command) -> bool:
    return "--dry-run" in command.words


def option(words: Sequence[str], name: str, default: str, *, short: str = "") -> str:
    """The value of `--name VALUE`, `--name=VALUE` or `-n VALUE`."""
    for number, word in enumerate(words):
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
        if word in {name, short} - {""} and number + 1 < len(words):
            return words[number + 1]
    return default


def seconds_of(duration: str) -> float:
    """Of a duration as Go writes it: 30m, 1h10m0s."""
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)([hms])", duration))
