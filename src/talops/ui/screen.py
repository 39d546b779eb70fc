"""The live screen as lines of styled text, computed from the board, the time, and the size of the terminal. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from talops.domain.event import NodeState, Step
from talops.domain.process import Instant
from talops.ui import components
from talops.ui.board import OVER, Board, Row
from talops.ui.words import NARROW, clean, duration, folded

WIDEST_HOSTNAME = 24
WIDEST_STATE = 7
WIDEST_STEP = 10
WIDEST_TIME = 6
WORDS = {
    NodeState.WAITING: "waiting",
    NodeState.WORKING: "working",
    NodeState.DONE: "done",
    NodeState.KEPT: "kept",
    NodeState.NOT_STARTED: "stopped",
    NodeState.INTERRUPTED: "stopped",
}
MARKS = {"done": " ", "working": ">", "waiting": " ", "kept": " ", "stopped": "!", "failed": "!"}
"""Also the order in which they are counted."""
STYLES = {"done": "green", "kept": "dim", "waiting": "dim", "working": "bold", "stopped": "yellow", "failed": "red"}


class Line(NamedTuple):
    text: str
    style: str = ""


def screen(board: Board, now: Instant, *, width: int, height: int) -> list[Line]:
    """At most `height` lines of at most `width` columns.

    The row of the node that is worked on is always there, with its reason; of the others as many as fit around it.
    """
    head = [Line(text) for text in folded(_counts(board, now), width, rest="  ", whole_words=False)]
    head += _head_of_components(board, width)
    foot = _gates(board, width, most=max(3, height // 4)) + _whole(board, now, width, most=max(3, height // 4))
    wide = _hostname_width(board, width)
    focus = board.rows.get(board.focus)
    room = max(1, height - len(head) - len(foot))
    block = _row(board, focus, now, wide, width, most=max(2, room // 2)) if focus else []
    return [*head, *_window(board, focus, block, room, now, wide, width), *foot]


def _window(
    board: Board, focus: Row | None, block: Sequence[Line], room: int, now: Instant, wide: int, width: int
) -> list[Line]:
    """The rows around the one in focus, which comes as `block`, with a word on those that do not fit."""
    rows = list(board.rows.values())
    others = room - len(block)
    shown = rows
    if len(rows) - bool(focus) > others:
        at = rows.index(focus) if focus else 0
        size = max(0, others - 2) + bool(focus)
        first = min(max(0, at - size // 3), len(rows) - size)
        shown = rows[first : first + size]
    lines: list[Line] = []
    if shown and (above := rows.index(shown[0])):
        lines.append(Line(f"  … {above} above", "dim"))
    for row in shown:
        lines += block if row is focus else _row(board, row, now, wide, width, most=1)
    if shown and (below := len(rows) - 1 - rows.index(shown[-1])):
        lines.append(Line(f"  … {below} below", "dim"))
    return lines


def word(state: NodeState) -> str:
    """The state in one word of the table; the exact state stands beside it."""
    return WORDS.get(state, "failed")


def _counts(board: Board, now: Instant) -> str:
    counts = Counter(word(row.state) for row in board.rows.values())
    said = ", ".join(f"{counts[state]} {state}" for state in MARKS if counts[state])
    took = f"  {duration(now - board.began)}" if board.began is not None else ""
    return f"{board.title}  {said}{took}"


def _hostname_width(board: Board, width: int) -> int:
    longest = max((len(hostname) for hostname in board.rows), default=0)
    return max(4, min(longest, WIDEST_HOSTNAME, width // 3))


def _head_of_components(board: Board, width: int) -> list[Line]:
    if not board.columns:
        return []
    before = " " * (2 + _hostname_width(board, width) + 2 + WIDEST_STATE)
    return [Line(_cut(f"{before}  {components.head(board.columns)}", width), "dim")]


def _row_of_components(board: Board, row: Row, wide: int, width: int) -> Line:
    state = word(row.state)
    start = f"{MARKS[state]} {shortened(row.hostname, wide):<{wide}}  {state:<{WIDEST_STATE}}"
    left = "" if row.state in {*OVER, NodeState.WAITING, NodeState.WORKING} else f"  {row.state.value}"
    return Line(_cut(f"{start}  {components.line(row.cells, board.columns)}{left}".rstrip(), width), STYLES[state])


def _row(board: Board, row: Row, now: Instant, wide: int, width: int, *, most: int) -> list[Line]:
    """At most `most` lines. The reason stands beside the step, or beneath it where the terminal is narrow."""
    if row.cells:
        return [_row_of_components(board, row, wide, width)]
    state = word(row.state)
    start = f"{MARKS[state]} {shortened(row.hostname, wide):<{wide}}  {state:<{WIDEST_STATE}}"
    if row.state is not NodeState.WORKING:
        return [Line(_cut(f"{start}  {_beside(row)}".rstrip(), width), STYLES[state])]
    step = row.step.value if row.step else ""
    start = f"{start}  {step:<{WIDEST_STEP}}  {duration(now - row.since):>{WIDEST_TIME}}"
    reason = _reason(row, now)
    if not reason:
        return [Line(_cut(start, width), STYLES[state])]
    if width < NARROW:
        under = [
            Line(line) for line in _some(folded(reason, width, first="    ", rest="    ", whole_words=False), most - 1)
        ]
        return [Line(_cut(start, width), STYLES[state]), *under]
    indent = " " * (len(start) + 2)
    lines = _some(folded(reason, width, first=indent, rest=indent, whole_words=False), most)
    return [Line(start + lines[0][len(start) :], STYLES[state]), *(Line(line) for line in lines[1:])]


def _beside(row: Row) -> str:
    """Of a node that nothing is being done to: how long it took, or why it is kept, or how it was left."""
    match row.state:
        case NodeState.WAITING:
            return ""
        case NodeState.DONE:
            return duration(row.took)
        case NodeState.KEPT:
            return clean(row.text)
        case _:
            return f"{row.state.value}, after {duration(row.took)}"


def _reason(row: Row, now: Instant) -> str:
    if not row.reason:
        return row.text
    return f"waits: {row.reason} (gives up in {duration(row.deadline - now)})"


def _gates(board: Board, width: int, *, most: int) -> list[Line]:
    """Each gate in a word while gates are what is waited for, and the reasons of those that the row does not name."""
    row = board.rows.get(board.focus) or board.whole
    if not board.verdicts or row.state in OVER or (row.step or board.whole.step) not in {Step.GATES, Step.SETTLE}:
        return []
    words = ", ".join(f"{verdict.gate} {verdict.state.value}" for verdict in board.verdicts)
    lines = folded(f"gates: {words}", width, rest="  ", whole_words=False)
    for verdict in board.verdicts:
        if not verdict.passes and str(verdict) != row.reason:
            lines += folded(str(verdict), width, first="  ", rest="    ", whole_words=False)
    return [Line(line, "dim") for line in _some(lines, most)]


def _whole(board: Board, now: Instant, width: int, *, most: int) -> list[Line]:
    row = board.whole
    if row.step is None:
        return []
    text = f"cluster: {row.step.value}  {duration(now - row.since)}  {_reason(row, now)}".rstrip()
    return [Line(line, "bold") for line in _some(folded(text, width, rest="  ", whole_words=False), most)]


def shortened(hostname: str, wide: int) -> str:
    """Both ends stay: the beginning says which kind, the end which one."""
    if len(hostname) <= wide:
        return hostname
    end = (wide - 1) // 2
    return f"{hostname[: wide - 1 - end]}…{hostname[len(hostname) - end :]}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _some(lines: Sequence[str], most: int) -> list[str]:
    """The first `most` lines, at least one; a mark where some are left out."""
    most = max(1, most)
    return list(lines) if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][:-1]}…"]
