"""What a server-side apply makes of an object: the applied fields into it, those that are not applied any more out."""

from collections import deque
from collections.abc import Collection, Iterator
from typing import Any

from talops.sim.kube.fieldsets import STRIPPED, Fields, Path, beginnings, element, parents
from talops.sim.kube.objects import Object
from talops.sim.kube.shapes import Shape


def merged(live: Any, sent: Any, shape: Shape) -> Any:
    if isinstance(sent, dict):
        base = live if isinstance(live, dict) and not shape.whole else {}
        found = {name: value for name, value in base.items() if sent.get(name, value) is not None}
        for name, value in sent.items():
            if value is not None:
                found[name] = merged(base.get(name), value, shape.below(name))
        return found
    if isinstance(sent, list):
        if shape.keys is None:
            # what is in there is not merged, but nulls are not kept either
            return [merged(None, row, shape.row()) for row in sent]
        return _merged_rows(live if isinstance(live, list) else [], sent, shape)
    return sent


def _merged_rows(live: list[Any], sent: list[Any], shape: Shape) -> list[Any]:
    """Rows that both have are in the order of the applied ones; the others stay where they are among them."""
    old = {element(row, shape): row for row in live}
    new = {element(row, shape): row for row in sent}
    rows = shape.row()
    return [merged(old.get(key), new[key], rows) if key in new else old[key] for key in _order(list(old), list(new))]


def _order(old: list[str], new: list[str]) -> Iterator[str]:
    known, wanted, done = set(old), set(new), set()
    shared = deque(key for key in new if key in known)
    left, right = deque(old), deque(new)
    while left or right:
        if left and right and left[0] == right[0]:
            done.add(left.popleft())
            yield right.popleft()
            if shared:
                shared.popleft()
            continue
        if left and right and left[0] in wanted and shared and shared[0] != left[0]:
            # its turn comes when the applied order says so
            left.popleft()
            continue
        if left and left[0] not in wanted:
            yield left.popleft()
            continue
        if left and left[0] in done:
            left.popleft()
        if right:
            key = right.popleft()
            done.add(key)
            yield key
            if shared and shared[0] == key:
                shared.popleft()


def pruned(found: Object, shape: Shape, last: Fields, kept: Fields) -> Object:
    """Without what was applied last time and nobody owns now."""
    stays = beginnings(kept | STRIPPED)
    doomed = {path for path in last | parents(last) if path not in stays}
    without = _without(found, shape, (), doomed) if doomed else found
    return without if isinstance(without, dict) else {}


def _without(value: Any, shape: Shape, path: Path, doomed: Collection[Path]) -> Any:
    """None when nothing is left of it."""
    if isinstance(value, dict) and not shape.whole:
        below = (
            (name, _without(part, shape.below(name), (*path, f"f:{name}"), doomed))
            for name, part in value.items()
            if (*path, f"f:{name}") not in doomed
        )
        found = {name: part for name, part in below if part is not None}
        return found if found or not value else None
    if isinstance(value, list) and shape.keys is not None:
        rows = ((row, (*path, element(row, shape))) for row in value)
        left = [_without(row, shape.row(), place, doomed) for row, place in rows if place not in doomed]
        return left if left or not value else None
    return value
