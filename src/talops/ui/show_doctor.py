"""`talops doctor` as plain text and as JSON: one table, and beneath a row what to do about it."""

from collections.abc import Iterator, Sequence

from talops.domain.doctor import Check, Diagnosis, State, ToolCheck
from talops.ui.words import count, folded

SCHEMA = 1
_HEAD = ("", "tool", "wanted", "found", "from")
_UNDER = " " * 9
"""As wide as the column of the states."""


def show_doctor(diagnosis: Diagnosis, *, width: int = 80) -> str:
    """A line a row, folded where it is too long; the last line says whether anything is bad."""
    lines = list(_tools(diagnosis.tools, width))
    lines += ["", *(line for check in diagnosis.checks for line in _check(check, width))] if diagnosis.checks else []
    return "\n".join([*lines, "", _verdict(diagnosis)])


def _tools(tools: Sequence[ToolCheck], width: int) -> Iterator[str]:
    rows = [_HEAD, *(_cells(tool) for tool in tools)]
    wide = [max(map(len, column)) for column in zip(*(row[1:4] for row in rows), strict=True)]
    for row, tool in zip(rows, (None, *tools), strict=True):
        start = "  ".join([f"{row[0]:<7}", *(f"{cell:<{most}}" for cell, most in zip(row[1:4], wide, strict=True))])
        line = f"{start}  {row[4]}".rstrip()
        path = tool.path if tool is not None else ""
        fits = len(line) + 2 + len(path) <= width
        yield f"{line}  {path}".rstrip() if fits else line
        if tool is not None:
            yield from folded("" if fits else path, width, first=_UNDER, rest=_UNDER)
            yield from _why(tool, width)


def _cells(tool: ToolCheck) -> Sequence[str]:
    return (_state(tool.state), tool.name, tool.wanted or "any", tool.found or "none", tool.origin)


def _check(check: Check, width: int) -> Iterator[str]:
    yield from folded(f"{check.name}: {check.what}", width, first=f"{_state(check.state):<7}  ", rest=_UNDER)
    yield from _next(check.hint, width)


def _why(tool: ToolCheck, width: int) -> Iterator[str]:
    yield from folded(tool.what, width, first=_UNDER, rest=_UNDER)
    yield from _next(tool.hint, width)


def _next(hint: str, width: int) -> Iterator[str]:
    if hint:
        yield from folded(f"next: {hint}", width, first=_UNDER, rest=_UNDER + "  ")


def _state(state: State) -> str:
    """What is bad is seen without colours, too."""
    return state.upper() if state is State.BAD else state


def _verdict(diagnosis: Diagnosis) -> str:
    states = [*(tool.state for tool in diagnosis.tools), *(check.state for check in diagnosis.checks)]
    wrong, odd = states.count(State.BAD), states.count(State.WARNING)
    if wrong:
        return f"{count(wrong, 'thing')} to mend" + (f", {count(odd, 'warning')}" if odd else "")
    return f"Nothing to mend, {count(odd, 'warning')}." if odd else "All is well."


def doctor_to_json(diagnosis: Diagnosis) -> dict[str, object]:
    """Keys are an interface: they are added, never renamed."""
    return {
        "schema": SCHEMA,
        "healthy": diagnosis.healthy,
        "tools": [_tool_to_json(tool) for tool in diagnosis.tools],
        "checks": [
            {"name": check.name, "state": str(check.state), "what": check.what, "next": check.hint}
            for check in diagnosis.checks
        ],
    }


def _tool_to_json(tool: ToolCheck) -> dict[str, object]:
    return {
        "name": tool.name,
        "wanted": tool.wanted,
        "found": tool.found,
        "from": tool.origin,
        "path": tool.path,
        "state": str(tool.state),
        "what": tool.what,
        "next": tool.hint,
    }
