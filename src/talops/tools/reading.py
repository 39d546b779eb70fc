"""Getting typed values out of parsed JSON. What is missing or null is empty; what has the wrong type is an error.

A value of the wrong type means that the tool says something we do not understand, so nothing is guessed from it.
"""

import json
from collections.abc import Mapping

_NOTHING: Mapping[str, object] = {}


class ParseError(Exception):
    """An answer that we do not understand. Never leaves `tools`: callers turn it into Unknown."""


def load(text: bytes) -> object:
    """Parse one JSON text. Raises ParseError, on nesting and numbers beyond reason too."""
    try:
        # json itself would take other encodings for meant
        value: object = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not JSON: {_short(error)}") from None
    if b"\\ud" in text or b"\\uD" in text:
        # half a surrogate pair cannot be printed later
        return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    return value


def pieces(text: bytes) -> list[bytes]:
    """Cut a stream of objects, as `talosctl … -o json` prints it, into one text an object.

    An object begins with a brace in the first column. A cut at a wrong place gives pieces that are no JSON, never
    other values.
    """
    stripped = text.strip()
    if not stripped:
        return []
    first, *rest = stripped.split(b"\n{")
    return [first, *(b"{" + piece for piece in rest)]


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:120]


def part(value: object, *path: str) -> object:
    """The value at the path, None when it or a step to it is missing. Raises ParseError when a step is no object."""
    for step in path:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise ParseError(f"{step}: looked for in something that is not an object")
        value = value.get(step)
    return value


def text(value: object, *path: str) -> str:
    found = part(value, *path)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise ParseError(f"{'.'.join(path)} is not a text")
    return found


def retyped(value: object, *path: str) -> str:
    """A text that `talosctl get -o json` may have turned into a number (`"0"` becomes 0)."""
    found = part(value, *path)
    if found is None:
        return ""
    if isinstance(found, dict | list):
        raise ParseError(f"{'.'.join(path)} is not a text")
    return str(found)


def count(value: object, *path: str, default: int = 0) -> int:
    found = part(value, *path)
    if found is None:
        return default
    if not isinstance(found, int) or isinstance(found, bool):
        raise ParseError(f"{'.'.join(path)} is not a number")
    return found


def maybe(value: object, *path: str) -> bool | None:
    found = part(value, *path)
    if found is not None and not isinstance(found, bool):
        raise ParseError(f"{'.'.join(path)} is neither true nor false")
    return found


def flag(value: object, *path: str) -> bool:
    return maybe(value, *path) or False


def table(value: object, *path: str) -> Mapping[str, object]:
    found = part(value, *path)
    if found is None:
        return _NOTHING
    if not isinstance(found, dict):
        raise ParseError(f"{'.'.join(path)} is not an object")
    return found


def rows(value: object, *path: str) -> list[object]:
    found = part(value, *path)
    if found is None:
        return []
    if not isinstance(found, list):
        raise ParseError(f"{'.'.join(path)} is not a list")
    return found


def texts(value: object, *path: str) -> tuple[str, ...]:
    return tuple(text(row) for row in rows(value, *path))


def strings(value: object, *path: str) -> dict[str, str]:
    """Labels or annotations."""
    return {key: text(word) for key, word in table(value, *path).items()}
