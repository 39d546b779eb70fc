"""What `talops doctor` finds: the external tools, and whether this machine can do anything with this cluster."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """Nothing that is needed now, or not yet."""
    BAD = "bad"
    """A command of talops will fail for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCheck:
    """One external tool. `found` is its version, empty when there is none; `origin` says where it is from."""

    name: str
    wanted: str
    found: str
    origin: str
    path: str
    state: State
    what: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing around the tools. `what` is what was found, `hint` the next command where that is not ok."""

    name: str
    state: State
    what: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    tools: tuple[ToolCheck, ...]
    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        states = [*(tool.state for tool in self.tools), *(check.state for check in self.checks)]
        return State.BAD not in states


def ok(name: str, what: str) -> Check:
    return Check(name=name, state=State.OK, what=what)


def warning(name: str, what: str, hint: str) -> Check:
    return Check(name=name, state=State.WARNING, what=what, hint=hint)


def bad(name: str, what: str, hint: str) -> Check:
    return Check(name=name, state=State.BAD, what=what, hint=hint)
