"""Sets of fields, as `managedFields` writes them down: who owns what of an object."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from talops.sim.kube.objects import Object
from talops.sim.kube.shapes import Shape

Path = tuple[str, ...]
"""From the object down: `f:NAME` for a field, `k:{…}` for a row by its keys, `v:…` for a row that is a value."""
Fields = frozenset[Path]
NOTHING: Fields = frozenset()
_INNER = object()
STRIPPED = frozenset(
    {
        *(("f:apiVersion",), ("f:kind",), ("f:metadata",)),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                *("name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields"),
                "resourceVersion",
            )
        ),
    }
)
"""What nobody is ever said to own."""


class Ambiguous(Exception):
    """Rows of a list that cannot be told apart. The message says which, as an API server does."""


def element(row: Any, shape: Shape) -> str:
    """The last word of the path of a row of the list at `shape`."""
    keys = shape.keys
    if not keys or not isinstance(row, dict):
        return "v:" + _json(row)
    return "k:" + _json({key: row[key] if key in row else shape.row().default(key) for key in sorted(keys)})


def _tell_apart(value: Any, shape: Shape, path: Path = ()) -> None:
    """Raises Ambiguous."""
    if isinstance(value, dict) and not shape.whole:
        for name, below in value.items():
            _tell_apart(below, shape.below(name), (*path, f"f:{name}"))
    elif isinstance(value, list) and shape.keys is not None:
        seen = set()
        for row in value:
            word = element(row, shape)
            if word in seen:
                raise Ambiguous(f"{printed(path)}: duplicate entries for key {_word(word)}")
            seen.add(word)
            _tell_apart(row, shape.row(), (*path, word))


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def _walk(value: Any, shape: Shape, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every place with the value of a leaf, or that it has something below."""
    inner = () if shape.always else ((path, _INNER),)
    if isinstance(value, dict) and value and not shape.whole:
        yield from inner
        for name, below in value.items():
            yield from _walk(below, shape.below(name), (*path, f"f:{name}"))
    elif isinstance(value, list) and shape.keys is not None:
        yield from inner
        rows = shape.row()
        for row in value:
            yield from _walk(row, rows, (*path, element(row, shape)))
    else:
        yield path, value


def applied_fields(sent: Object, shape: Shape, *, status: bool) -> Fields:
    """What whoever applies this owns: leaves, and the rows of lists. Raises Ambiguous."""
    _tell_apart(sent, shape)
    found = (path for path, value in _walk(sent, shape) if value is not _INNER or (path and path[-1][0] in "kv"))
    return _ownable(found, status=status)


def _ownable(paths: Iterable[Path], *, status: bool) -> Fields:
    """`status`: through the subresource, which can write nothing else; without it all else."""
    return frozenset(path for path in paths if path and path not in STRIPPED and (path[0] == "f:status") is status)


def compared(old: Object, new: Object, shape: Shape, *, status: bool) -> tuple[Fields, Fields]:
    """What was set between two states, and what was removed."""
    before, after = dict(_walk(old, shape)), dict(_walk(new, shape))
    changed = (path for path, value in after.items() if path not in before or not _same(before[path], value))
    gone = frozenset(path for path in before if path not in after)
    return _ownable(changed, status=status), gone


def _same(old: Any, new: Any) -> bool:
    return old is new or (old is not _INNER and new is not _INNER and old == new and type(old) is type(new))


def beginnings(fields: Iterable[Path]) -> set[Path]:
    """The paths and all places above them."""
    return {path[:length] for path in fields for length in range(1, len(path) + 1)}


def parents(fields: Iterable[Path]) -> set[Path]:
    """The named places above these, which go when nothing of them is owned any more."""
    return {path for path in beginnings(fields) if path[-1].startswith("f:")}


def written(fields: Fields) -> Object:
    """FieldsV1."""
    found: Object = {}
    for path in sorted(fields):
        here = found
        for word in path:
            here = here.setdefault(word, {})
        here["."] = {}
    return _bare(found)


def _bare(found: Object) -> Object:
    """A leaf says that it is a member by being empty."""
    below = {word: _bare(part) for word, part in found.items() if word != "."}
    return {".": {}, **below} if "." in found and below else below


def read(found: Mapping[str, Any], path: Path = ()) -> Fields:
    """The set that FieldsV1 stands for."""
    own = {path} if path and (not found or "." in found) else set()
    return frozenset(own).union(*(read(part, (*path, word)) for word, part in found.items() if word != "."))


def printed(path: Path) -> str:
    """As an API server names it to people: `.spec.containers[name="main"].image`."""
    return "".join(_word(word) for word in path)


def _word(word: str) -> str:
    kind, text = word[0], word[2:]
    if kind == "f":
        return f".{text}"
    if kind == "v":
        return f"[={text}]"
    return "[" + ",".join(f"{key}={_json(value)}" for key, value in json.loads(text).items()) + "]"
