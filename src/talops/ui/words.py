"""How long texts and exit codes are put into words; times and numbers are said as `domain` says them. Pure."""

import textwrap
from collections.abc import Sequence

from talops.domain.words import count as count
from talops.domain.words import duration as duration
from talops.errors import Exit

NARROW = 80
"""Below this many columns, long texts go onto lines of their own."""

MEANINGS = {
    Exit.DONE: "done",
    Exit.BUG: "a bug in talops",
    Exit.USAGE: "the command line is wrong",
    Exit.PENDING: "there is work to do",
    Exit.GATE: "a gate stayed shut, a drain was held up, or not all is well",
    Exit.FAILED: "a step failed",
    Exit.FILES: "the cluster's files are wrong",
    Exit.LOCKED: "somebody else is at work in this cluster",
    Exit.STOPPED: "stopped as asked",
    Exit.REFUSED: "going on would have broken a law of a rollout",
    Exit.INTERRUPTED: "interrupted",
    Exit.TERMINATED: "terminated",
}


def clean(text: str) -> str:
    """One line without control characters: texts from the cluster must not move the cursor or fake a line."""
    return "".join(char if char.isprintable() else " " for char in text)


def folded(text: str, width: int, *, first: str = "", rest: str = "", whole_words: bool = True) -> list[str]:
    """Lines of at most `width`, the first after `first`, the others after `rest`.

    With `whole_words` an image reference longer than that stays in one piece, so that it can be copied.
    """
    return textwrap.wrap(
        clean(text),
        max(width, len(rest) + 20),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=not whole_words,
        break_on_hyphens=False,
    )


def names(hostnames: Sequence[str], most: int = 8) -> str:
    """Some of them by name; with 300 nodes the others only by number."""
    shown = ", ".join(hostnames[:most])
    return f"{shown} and {len(hostnames) - most} more" if len(hostnames) > most else shown


def meaning(exit: Exit) -> str:
    return f"exit {int(exit)}: {MEANINGS[exit]}"
