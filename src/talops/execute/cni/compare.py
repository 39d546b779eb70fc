"""How an object is now, and how it would be: which fields differ, without a secret's values. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from talops.domain.cni import MANAGED_BY, FieldChange, KubeObject

Place = tuple[str | int, ...]
_SERVERS = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")
"""What the API server keeps account of itself."""
_LONGEST = 80
_TELLING = re.compile(r"passw|token|credential|secret[_-]?key|private[_-]?key|api[_-]?key", re.IGNORECASE)
"""Names of what is a secret, wherever it stands: in the environment of a container, too."""
HIDDEN = "(hidden)"


def changes(live: Mapping[str, object], after: Mapping[str, object]) -> tuple[FieldChange, ...]:
    secret = live.get("kind") == "Secret"
    return tuple(
        FieldChange(path=_said(place), before=_value(one, place, secret), after=_value(other, place, secret))
        for place, one, other in _differing(_own(live), _own(after), ())
    )


def _own(found: Mapping[str, object]) -> Mapping[str, object]:
    metadata = found.get("metadata")
    kept = {k: v for k, v in metadata.items() if k not in _SERVERS} if isinstance(metadata, dict) else {}
    return {key: value for key, value in found.items() if key != "status"} | {"metadata": kept}


def _differing(one: object, other: object, place: Place) -> Iterator[tuple[Place, object, object]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from _differing(one.get(key), other.get(key), (*place, key))
    elif isinstance(one, list) and isinstance(other, list):
        yield from _of_lists(one, other, place)
    elif one != other:
        yield place, one, other


def _of_lists(one: Sequence[object], other: Sequence[object], place: Place) -> Iterator[tuple[Place, object, object]]:
    """Rows that have names are compared by them."""
    mine, its = _named(one), _named(other)
    if mine is not None and its is not None:
        for name in dict.fromkeys([*mine, *its]):
            yield from _differing(mine.get(name), its.get(name), (*place, name))
    elif len(one) == len(other):
        for number, (row, its_row) in enumerate(zip(one, other, strict=True)):
            yield from _differing(row, its_row, (*place, number))
    else:
        yield place, one, other


def _named(rows: Sequence[object]) -> dict[str, object] | None:
    names = [row.get("name") if isinstance(row, dict) else None for row in rows]
    found = {name: row for name, row in zip(names, rows, strict=True) if isinstance(name, str)}
    return found if len(found) == len(rows) else None


def _said(place: Place) -> str:
    words = ""
    for step in place:
        if isinstance(step, int):
            words += f"[{step}]"
        elif "." in step or "/" in step:
            words += f'["{step}"]'
        else:
            words += f".{step}" if words else step
    return words


def _value(value: object, place: Place, secret: bool) -> str:
    if value is None:
        return ""
    if (secret and place[:1] in {("data",), ("stringData",)}) or any(map(_TELLING.search, map(str, place))):
        return HIDDEN
    if isinstance(value, dict | list):
        return f"({len(value)} values)" if value else "(empty)"
    words = str(value).lower() if isinstance(value, bool) else str(value)
    line = " ".join(words.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def left_over(wanted: KubeObject, after: Mapping[str, object]) -> tuple[str, ...]:
    """Containers, volumes and variables that a workload keeps, though the files do not have them: set by others."""
    pods = ("spec", "template", "spec")
    ours, theirs = _at(wanted.body, pods), _at(after, pods)
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return ()
    found = []
    for key, word in (("initContainers", "container"), ("containers", "container"), ("volumes", "volume")):
        mine, its = _rows(ours, key), _rows(theirs, key)
        found += [f"{word} {name}" for name in its if name not in mine]
        found += [
            f"variable {variable} of {name}"
            for name in its
            if name in mine
            for variable in _rows(its[name], "env").keys() - _rows(mine[name], "env").keys()
        ]
    return tuple(found)


def _rows(found: object, key: str) -> dict[str, object]:
    rows = found.get(key) if isinstance(found, dict) else None
    return (_named(rows) or {}) if isinstance(rows, list) else {}


def kept(wanted: KubeObject, live: Mapping[str, object], places: Sequence[Place]) -> Mapping[str, object]:
    """The object as it is wanted, with what comes out differently each time as it is there already."""
    body: object = wanted.body
    for place in places:
        found = _at(live, _in_live(wanted, place))
        body = _with(body, place, found) if found is not None else body
    return body if isinstance(body, dict) else wanted.body


def has_all(wanted: KubeObject, live: Mapping[str, object] | None, places: Sequence[Place]) -> bool:
    return live is not None and all(_at(live, _in_live(wanted, place)) is not None for place in places)


def _in_live(wanted: KubeObject, place: Place) -> Place:
    """What a Secret is given as text, it shows encoded."""
    return ("data", *place[1:]) if wanted.kind == "Secret" and place[:1] == ("stringData",) else place


def _at(found: object, place: Place) -> object:
    for step in place:
        if isinstance(found, dict) and isinstance(step, str):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return None
    return found


def _with(body: object, place: Place, value: object) -> object:
    """A text of a Secret goes where it is shown encoded, since that is what is known."""
    if not place:
        return value
    step, rest = place[0], place[1:]
    if isinstance(body, dict) and step == "stringData":
        texts = {key: word for key, word in body["stringData"].items() if (key,) != rest}
        data = body.get("data")
        encoded = {**(data if isinstance(data, dict) else {}), str(rest[0]): value}
        without = {key: word for key, word in body.items() if key != "stringData"}
        return {**without, "data": encoded, **({"stringData": texts} if texts else {})}
    if isinstance(body, dict) and isinstance(step, str):
        return {**body, step: _with(body.get(step), rest, value)}
    if isinstance(body, list) and isinstance(step, int):
        return [_with(row, rest, value) if n == step else row for n, row in enumerate(body)]
    return body


def with_selector(wanted: KubeObject, live: Mapping[str, object]) -> KubeObject:
    """With what the live selector asks beyond the wanted one of the label by which Helm knows its own."""
    said = _at(live, ("spec", "selector", "matchLabels", MANAGED_BY))
    if said is None or _at(wanted.body, ("spec", "selector", "matchLabels")) is None:
        return wanted
    body: object = wanted.body
    for place in (("spec", "selector", "matchLabels"), ("spec", "template", "metadata", "labels")):
        labels = _at(body, place)
        body = _with(body, place, {**(labels if isinstance(labels, dict) else {}), MANAGED_BY: said})
    return replace(wanted, body=body) if isinstance(body, dict) else wanted
