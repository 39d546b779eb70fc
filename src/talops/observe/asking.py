"""Asking several nodes with one process, and those that did not answer once more, each with its own.

A dead node can take an answer about all others with it (a deadline, an error that names nobody). Asked singly, side
by side, it starves only itself. Where deadlines have passed, one question finds out who is silent, and those are asked
nothing else in the same look: what says nothing costs two deadlines, however much there was to ask.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from talops.domain.process import Call, End, Result, Runner
from talops.domain.talos import Unknown
from talops.tools.answers import complaints, gap, troubled

T = TypeVar("T")


@dataclass(slots=True)
class Silence:
    """What is known about deadlines in one look. `nodes`: they had none to share with others, and let it pass."""

    somewhere: bool = False
    found_out: bool = False
    """Every node has been asked singly, and some are `nodes`: the others do not starve each other."""
    nodes: set[str] = field(default_factory=set)

    def hear(self, nodes: Sequence[str], result: Result) -> None:
        if result.end is End.TIMED_OUT:
            self.somewhere = True
            self.nodes.update(nodes if len(nodes) == 1 else ())


class Asks(Protocol):
    """One question, in one or two rounds."""

    def calls(self) -> list[Call]: ...
    def hear(self, results: Sequence[Result], silence: Silence, /) -> None: ...
    def calls_again(self, silence: Silence, /) -> list[Call]: ...
    def hear_again(self, results: Sequence[Result], silence: Silence, /) -> None: ...


def ask(runner: Runner, questions: Sequence[Asks], *, heard: Sequence[Result] | None = None) -> None:
    """Ask everything side by side, then again what is open. `heard`: the answers to the first round, if it is over.

    The first question is the one that finds out who is silent.
    """
    silence = Silence()
    first = [(question.calls(), question.hear) for question in questions]
    _deal(runner.gather([call for calls, _ in first for call in calls]) if heard is None else heard, first, silence)
    for part in (questions[:1], questions[1:]) if silence.somewhere else (questions,):
        again = [(question.calls_again(silence), question.hear_again) for question in part]
        open_calls = [call for calls, _ in again for call in calls]
        if open_calls:
            _deal(runner.gather(open_calls), again, silence)
        # where nobody was found, it is something else that hangs
        silence.found_out = bool(silence.nodes)


def _deal(
    results: Sequence[Result],
    asked: Sequence[tuple[list[Call], Callable[[Sequence[Result], Silence], None]]],
    silence: Silence,
) -> None:
    at = 0
    for calls, hear in asked:
        hear(results[at : at + len(calls)], silence)
        at += len(calls)


class Batch(Generic[T]):
    """A question to several nodes. `silence` is what a node says that has nothing to say, None if that is no answer."""

    def __init__(
        self,
        make: Callable[[tuple[str, ...]], Call],
        parse: Callable[[bytes], Mapping[str, T] | Unknown],
        nodes: tuple[str, ...],
        *,
        silence: T | None = None,
    ) -> None:
        self._make = make
        self._parse = parse
        self._nodes = nodes
        self._silence = silence
        self._open: tuple[str, ...] = ()
        self._again: list[tuple[str, ...]] = []
        self.answers: dict[str, T | Unknown] = {}

    def calls(self) -> list[Call]:
        return [self._make(self._nodes)] if self._nodes else []

    def hear(self, results: Sequence[Result], silence: Silence) -> None:
        for result in results:
            silence.hear(self._nodes, result)
            self._hear_all(result)

    def _hear_all(self, result: Result) -> None:
        self.answers.update(answers(result, self._parse, self._nodes, self._silence))
        unknown = tuple(node for node in self._nodes if isinstance(self.answers[node], Unknown))
        # alone in the batch, or no program to ask with: asking again would tell nothing new
        self._open = unknown if len(self._nodes) > 1 and result.end is not End.NOT_FOUND else ()

    def calls_again(self, silence: Silence) -> list[Call]:
        speak = tuple(node for node in self._open if node not in silence.nodes)
        self._again = [speak] if speak and silence.found_out else [(node,) for node in speak]
        return [self._make(nodes) for nodes in self._again]

    def hear_again(self, results: Sequence[Result], silence: Silence) -> None:
        for nodes, result in zip(self._again, results, strict=True):
            silence.hear(nodes, result)
            self.answers.update(answers(result, self._parse, nodes, self._silence))

    def about(self, node: str) -> T | Unknown:
        return self.answers[node]


def answers(
    result: Result,
    parse: Callable[[bytes], Mapping[str, T] | Unknown],
    nodes: tuple[str, ...],
    silence: T | None = None,
) -> dict[str, T | Unknown]:
    """What each node of one call said, or why it did not."""
    if result.end is not End.EXITED:
        # output that was cut off may lack what comes last: nothing of it counts
        return dict.fromkeys(nodes, gap(result))
    said = parse(result.stdout)
    if isinstance(said, Unknown):
        return dict.fromkeys(nodes, said if result.ok else gap(result))
    if len(nodes) == 1 and set(said) == {""}:
        said = {nodes[0]: said[""]}
    blamed = complaints(result.stderr)
    whole = result.ok and not troubled(result.stderr)
    return {node: said[node] if node in said else _silent(node, result, blamed, whole, silence) for node in nodes}


def _silent(node: str, result: Result, blamed: Mapping[str, str], whole: bool, silence: T | None) -> T | Unknown:
    if node in blamed:
        return Unknown(blamed[node])
    if whole:
        return Unknown("talosctl left it out of its answer") if silence is None else silence
    return gap(result)


class Single(Generic[T]):
    """A question to one node, and to the next one of the list when it does not answer."""

    def __init__(
        self, make: Callable[[str], Call], parse: Callable[[bytes], T | Unknown], nodes: Sequence[str]
    ) -> None:
        self._make = make
        self._parse = parse
        self._nodes = nodes
        self.answer: T | Unknown = Unknown("no node to ask")

    def calls(self) -> list[Call]:
        return [self._make(node) for node in self._nodes[:1]]

    def hear(self, results: Sequence[Result], silence: Silence) -> None:
        for result in results:
            silence.hear(self._nodes[:1], result)
            self.answer = one_answer(result, self._parse)

    def calls_again(self, silence: Silence) -> list[Call]:
        if not isinstance(self.answer, Unknown):
            return []
        return [self._make(node) for node in self._nodes[1:] if node not in silence.nodes]

    def hear_again(self, results: Sequence[Result], _silence: Silence) -> None:
        known = (one_answer(result, self._parse) for result in results)
        self.answer = next((answer for answer in known if not isinstance(answer, Unknown)), self.answer)


class Each(Generic[T]):
    """A question that only one node at a time can be asked."""

    def __init__(
        self, make: Callable[[str], Call], parse: Callable[[bytes], T | Unknown], nodes: Sequence[str]
    ) -> None:
        self._make = make
        self._parse = parse
        self._nodes = nodes
        self.answers: dict[str, T | Unknown] = {}

    def calls(self) -> list[Call]:
        return [self._make(node) for node in self._nodes]

    def hear(self, results: Sequence[Result], silence: Silence) -> None:
        for node, result in zip(self._nodes, results, strict=True):
            silence.hear((node,), result)
            self.answers[node] = one_answer(result, self._parse)

    def calls_again(self, _silence: Silence, /) -> list[Call]:
        return []

    def hear_again(self, _results: Sequence[Result], _silence: Silence, /) -> None:
        return None


def one_answer(result: Result, parse: Callable[[bytes], T | Unknown]) -> T | Unknown:
    return parse(result.stdout) if result.ok else gap(result)
