"""Answers of talosctl: which node said what, who did not answer, and why, in words."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TypeVar

from talops.domain.process import End, Result
from talops.domain.talos import Unknown
from talops.tools.reading import ParseError
from talops.tools.trust import explained

T = TypeVar("T")
_NAMED_ERROR = re.compile(r"^\s*\* (\S+): (rpc error: .*|.*)$")
_TALOSCONFIG = "talosctl config info   # whose it is, when its certificate ends; a new one: talhelper genconfig"
_RPC = re.compile(r"rpc error: code = (\w+) desc = ")


def remembered(parse: Callable[[bytes], T]) -> Callable[[bytes], T | Unknown]:
    """Turn ParseError into Unknown, and answer identical bytes from memory."""

    def attempt(stdout: bytes) -> T | Unknown:
        try:
            return parse(stdout)
        except ParseError as error:
            return Unknown(f"talosctl printed something that talops does not understand: {error}")

    attempt.__doc__ = parse.__doc__
    return lru_cache(maxsize=32)(attempt)


def by_node(found: Iterable[tuple[str, T]]) -> Mapping[str, T]:
    by_node: dict[str, T] = {}
    for node, value in found:
        if node in by_node:
            raise ParseError(f"{node or 'one node'} answered twice")
        by_node[node] = value
    return by_node


def grouped(found: Iterable[tuple[str, T]]) -> Mapping[str, tuple[T, ...]]:
    by_node: dict[str, list[T]] = {}
    for node, value in found:
        by_node.setdefault(node, []).append(value)
    return {node: tuple(values) for node, values in by_node.items()}


@lru_cache(maxsize=64)
def complaints(stderr: bytes) -> Mapping[str, str]:
    """Errors that talosctl attributes to one node, by the node as it was asked.

    They come with exit code 0, too (`WARNING: 1 error occurred`), for `version` and `etcd …`.
    """
    found = (_NAMED_ERROR.match(line) for line in stderr.decode("utf-8", "replace").splitlines())
    return {match[1]: in_words(match[2]) for match in found if match and match[1] != "rpc"}


def troubled(stderr: bytes) -> bool:
    """Whether a node has failed in a call of several, by what stderr says."""
    return b"error occurred" in stderr or b"errors occurred" in stderr


def gap(result: Result) -> Unknown:
    """What a call of talosctl that gave no answer leaves unknown. Not for secret calls."""
    lines = _said(result.stderr) if result.end is End.EXITED else []
    mistrust = explained(lines[-1], "talosconfig") if lines else ""
    return Unknown(mistrust, hint=_TALOSCONFIG) if mistrust else Unknown(why(result))


def for_admins(answer: T | Unknown) -> T | Unknown:
    """Of what only an administrator may read: a refusal, explained."""
    if not isinstance(answer, Unknown) or "not authorized" not in answer.reason:
        return answer
    what = f"{answer.reason}: it takes the role os:admin, which this talosconfig has not"
    return Unknown(what, forbidden=True, hint="talosctl config info   # its roles")


def why(result: Result) -> str:
    """Why a call of talosctl gave no answer. Not for secret calls."""
    if result.end is End.NOT_FOUND:
        return "talosctl is not installed"
    if result.end is End.TIMED_OUT:
        return "talosctl had no answer at its deadline"
    if result.end is End.KILLED:
        return "talosctl was killed"
    lines = _said(result.stderr)
    return in_words(lines[-1]) if lines else f"talosctl said nothing (exit {result.exit})"


def _said(stderr: bytes) -> list[str]:
    # the text of a usage error comes before its usage
    text = stderr.decode("utf-8", "replace").partition("\nUsage:")[0]
    return [line for line in (line.strip() for line in text.splitlines()) if line and not line.startswith("WARNING: ")]


def in_words(line: str) -> str:
    """A gRPC error without its wrapping; the code is kept where the description alone would say too little."""
    bare = line.strip().removeprefix("* ")
    code = _RPC.search(bare)
    if code is None:
        return bare
    words = bare[code.end() :].removeprefix("connection error: desc = ").strip('"')
    words = words.removeprefix("transport: ").removeprefix("Error while dialing: ")
    return words if code[1] in {"Unavailable", "NotFound"} else f"{code[1]}: {words}"
