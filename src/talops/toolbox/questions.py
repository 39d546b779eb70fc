"""What doctor asks of external tools: all of it at once, so that whoever is dead is waited for only once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from talops.domain.doctor import Check
from talops.domain.process import Call, Result, Runner


@dataclass(frozen=True, slots=True)
class Question:
    """Some calls, and what their results mean."""

    calls: tuple[Call, ...]
    meaning: Callable[[Sequence[Result]], Iterable[Check]]


def asked(runner: Runner, questions: Sequence[Question]) -> tuple[Check, ...]:
    """The answers in the order of the questions."""
    results = iter(runner.gather([call for question in questions for call in question.calls]))
    checks: list[Check] = []
    for question in questions:
        checks += question.meaning([next(results) for _ in question.calls])
    return tuple(checks)


def known(*checks: Check) -> Question:
    """What needs nobody to be asked, in its place among the others."""
    return Question((), lambda _results: checks)
