"""Three of the four kinds of PATCH: merge, strategic merge and JSON patch. The fourth is server-side apply."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from talops.sim.kube.objects import Object, copied

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
_MERGE_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "addresses": ("type",),
        "conditions": ("type",),
        "containers": ("name",),
        "env": ("name",),
        "hostAliases": ("ip",),
        "imagePullSecrets": ("name",),
        "initContainers": ("name",),
        "ownerReferences": ("uid",),
        # of a container, and of a Service
        "ports": ("containerPort", "port"),
        "secrets": ("name",),
        "taints": ("key",),
        "topologySpreadConstraints": ("topologyKey",),
        "volumeDevices": ("devicePath",),
        "volumeMounts": ("mountPath",),
        "volumes": ("name",),
        "webhooks": ("name",),
    }
)
"""The key of the rows of a list; the first that a row has."""
_MERGED_VALUES = frozenset({"finalizers"})
"""Lists of values that are added to."""
_ORDER = "$setElementOrder/"
_NOT_THESE = "$deleteFromPrimitiveList/"


class Unknown(Exception):
    """No kind of patch that is known."""


class Rejected(Exception):
    """A JSON patch that does not fit the object."""


def kind_of(content_type: str) -> str:
    return content_type.split(";")[0].strip()


def patched(found: Object, sent: Any, content_type: str) -> Object:
    """A changed copy. Raises Unknown and Rejected."""
    match kind_of(content_type), sent:
        case "application/json-patch+json", list():
            return _json_patched(found, sent)
        case "application/merge-patch+json", dict():
            return dict(merge(found, sent, lists=False))
        case "application/strategic-merge-patch+json", dict():
            return dict(merge(found, sent, lists=True))
    raise Unknown(content_type)


def merge(old: Any, patch: Any, *, lists: bool, key: str = "", order: Sequence[Any] | None = None) -> Any:
    """RFC 7386, and with `lists` the part of strategic merge that nodes and pods need: lists merge by their key."""
    if isinstance(patch, dict):
        base = old if isinstance(old, dict) else {}
        if lists and patch.get("$patch") == "replace":
            return {word: value for word, value in patch.items() if word != "$patch"}
        changed = {word: value for word, value in base.items() if patch.get(word, value) is not None}
        if lists:
            changed = _without(changed, patch)
        for word, value in patch.items():
            if value is not None and not (lists and word.startswith("$")):
                order = patch.get(f"{_ORDER}{word}") if lists else None
                changed[word] = merge(base.get(word), value, lists=lists, key=word, order=order)
        return changed
    if lists and isinstance(patch, list) and key in _MERGED_VALUES and isinstance(old, list):
        return [*old, *(value for value in patch if value not in old)]
    if lists and isinstance(patch, list) and key in _MERGE_KEYS:
        return _merge_rows(old if isinstance(old, list) else [], patch, _MERGE_KEYS[key], order)
    return patch


def _without(base: Object, patch: Object) -> Object:
    """What a strategic patch says to leave out: keys beside those that it retains, and values of lists."""
    if "$retainKeys" in patch:
        base = {word: value for word, value in base.items() if word in patch["$retainKeys"]}
    for word, values in patch.items():
        name = word.removeprefix(_NOT_THESE)
        if name != word and isinstance(base.get(name), list):
            base = {**base, name: [value for value in base[name] if value not in values]}
    return base


def _merge_rows(
    old: list[Object], patch: list[Object], keys: tuple[str, ...], order: Sequence[Object] | None
) -> list[Object]:
    if any(row.get("$patch") == "replace" for row in patch):
        return [row for row in patch if "$patch" not in row]
    by = next((key for key in keys if all(key in row for row in (*old, *patch))), keys[0])
    gone = {row[by] for row in patch if row.get("$patch") == "delete"}
    rows = {row[by]: row for row in old if row[by] not in gone}
    for row in patch:
        if row.get("$patch") != "delete":
            rows[row[by]] = merge(rows.get(row[by]), row, lists=True)
    named = [row[by] for row in (patch if order is None else order) if row.get("$patch") != "delete"]
    return [rows[key] for key in _ordered([row[by] for row in old], named) if key in rows]


def _ordered(old: list[Any], patch: list[Any]) -> Iterator[Any]:
    """As the patch has them; those that it does not name keep their place before and behind those that it does."""
    places = {key: place for place, key in enumerate(old)}
    others = deque(key for key in old if key not in patch)
    for key in patch:
        while others and key in places and places[others[0]] < places[key]:
            yield others.popleft()
        yield key
    yield from others


def _json_patched(found: Object, operations: Sequence[Any]) -> Object:
    """RFC 6902. Raises Rejected."""
    new = {"": copied(found)}
    try:
        for operation in operations:
            _operate(new, operation)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise Rejected(str(error)) from error
    return new[""]


def _operate(root: Object, operation: Any) -> None:
    path = _words(operation["path"])
    match operation["op"]:
        case "add":
            _put(root, path, operation["value"], insert=True)
        case "replace":
            _at(root, path)
            _put(root, path, operation["value"], insert=False)
        case "remove":
            del _at(root, path[:-1])[_place(_at(root, path[:-1]), path[-1])]
        case "test":
            if _at(root, path) != operation["value"]:
                raise Rejected(operation["path"])
        case "copy" | "move":
            value = _at(root, _words(operation["from"]))
            if operation["op"] == "move":
                _operate(root, {"op": "remove", "path": operation["from"]})
            _put(root, path, value, insert=True)
        case _:
            raise Rejected(str(operation["op"]))


def _words(path: str) -> list[str]:
    """Of a JSON pointer. The object itself stands under the empty word."""
    return [word.replace("~1", "/").replace("~0", "~") for word in path.split("/")]


def _at(value: Any, path: Sequence[str]) -> Any:
    for word in path:
        value = value[_place(value, word)]
    return value


def _place(value: Any, word: str) -> str | int:
    return int(word) if isinstance(value, list) else word


def _put(root: Object, path: Sequence[str], value: Any, *, insert: bool) -> None:
    holder = _at(root, path[:-1])
    if isinstance(holder, list) and (insert or path[-1] == "-"):
        holder.insert(len(holder) if path[-1] == "-" else int(path[-1]), value)
    else:
        holder[_place(holder, path[-1])] = value
