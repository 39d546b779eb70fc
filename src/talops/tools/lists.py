"""A Kubernetes list, cut into its objects without parsing them, so that unchanged objects are parsed once."""

import json
from collections.abc import Callable
from typing import TypeVar

from talops.tools.reading import ParseError, load, rows, text

T = TypeVar("T")
_ITEMS = b'"items":['


def listed(body: bytes, kind: str, read: Callable[[bytes], T]) -> tuple[T, ...]:
    """The objects of a list of this kind (`NodeList`), each read from its own JSON text. Raises ParseError.

    `read` should remember what it has read. Raises ParseError for anything but one complete list.
    """
    try:
        return tuple(map(read, _cut(body, kind)))
    except ParseError:
        # no guess: the slow way says whether it is the cut or the list that is wrong
        return tuple(map(read, _slowly(body, kind)))


def _cut(body: bytes, kind: str) -> list[bytes]:
    """The JSON text of each object. Raises ParseError where the quick way does not work.

    The cut is made before every text that looks like the beginning of the first object. One at a wrong place leaves
    pieces that are no JSON; where all pieces are JSON objects, the grammar leaves no other reading of the body.
    """
    head, _, rest = body.partition(_ITEMS)
    end = rest.rfind(b"}]")
    begin = rest[: rest.find(b":") + 1]
    if end < 0 or not begin.startswith(b'{"'):
        raise ParseError("not a list as API servers write it")
    _check(load(head + _ITEMS + rest[end + 1 :]), kind, emptied=True)
    first, *others = rest[: end + 1].split(b"," + begin)
    return [first, *(begin + other for other in others)]


def _slowly(body: bytes, kind: str) -> list[bytes]:
    found = load(body)
    _check(found, kind)
    return [json.dumps(item).encode() for item in rows(found, "items")]


def _check(found: object, kind: str, *, emptied: bool = False) -> None:
    if not isinstance(found, dict) or found.get("kind") != kind:
        said = found.get("kind") if isinstance(found, dict) else "no object"
        raise ParseError(f"expected a {kind}, got {str(said)[:60]}")
    if "items" not in found or (emptied and found["items"]):
        raise ParseError(f"a {kind} without items")
    if text(found, "metadata", "continue"):
        raise ParseError(f"only the first part of a {kind}")
