"""Two machine configs compared: what it takes to come from one to the other."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from talops.domain.machineconfig import Change
from talops.files.documents import V1ALPHA1, Area, Document, Leaf, Value, area_below, documents, leaves
from talops.files.effects import effect
from talops.files.redact import Secrets, hidden_value
from talops.files.secretkeys import MASK, telling

_NAMING = (
    ("name",),
    ("interface",),
    ("deviceSelector",),
    ("device",),
    ("vlanId",),
    ("path",),
    ("mountPath",),
    ("publicKey",),
    ("mountpoint",),
    ("slot",),
    ("destination",),
    ("network", "gateway", "metric"),
    ("destination", "gateway", "metric"),
    ("gateway",),
    ("address",),
    ("ip",),
    ("subnet",),
    ("image",),
    ("endpoint",),
    ("crt",),
    ("type",),
    # an interface by its name beside one by its selector
    ("interface", "deviceSelector"),
    ("device", "name", "path"),
)
"""What an item of a list is known by: the first of these that tells all items apart."""
_UNORDERED = frozenset(
    {"certSANs", "acceptedCAs", "allowedRoles", "allowedKubernetesNamespaces", "allowedIPs", "validSubnets", "aliases"}
)
"""Lists of texts whose order means nothing to Talos."""

HIDES_MORE = "a secret in it differs, too"
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][\w.-]*)=(?!=)")
_ALWAYS_THERE = {(V1ALPHA1, "machine"), (V1ALPHA1, "cluster")}


def changes(before: str, after: str, *, secrets: Secrets) -> tuple[Change, ...]:
    """Document by document, in the order of `after`, those that go at the end. None when both mean the same.

    Both sides of a change are equal where a secret differs. Raises FilesInvalid for a text that is no machine config.
    """
    if before == after:
        return ()
    old, new = documents(before), documents(after)
    labels = [*new, *(label for label in old if label not in new)]
    return tuple(
        change for label in labels for change in _Comparison(secrets, label).of(old.get(label), new.get(label))
    )


@dataclass(frozen=True, slots=True)
class _Spot:
    """`shown` is the path for a person; `keys` the same without places in lists, after the kind."""

    shown: str
    keys: tuple[str, ...]
    area: Area

    def below(self, key: str, among: Mapping[str, Value]) -> "_Spot":
        plain = key.replace("-", "").replace("_", "").isalnum()
        dotted = (f"{self.shown}.{key}" if self.shown else key) if plain else f"{self.shown}[{key}]"
        name = among.get("name")
        told = telling(key, name.value if isinstance(name, Leaf) else None)
        return _Spot(dotted, (*self.keys, told), area_below(self.area, key, self.keys[-1]))

    def item(self, name: str) -> "_Spot":
        return _Spot(f"{self.shown}[{name}]", self.keys, self.area)


class _Comparison:
    def __init__(self, secrets: Secrets, label: str) -> None:
        self._secrets = secrets
        self._label = secrets.hidden(label)

    def of(self, old: Document | None, new: Document | None) -> Iterator[Change]:
        kind = (new or old or _NEITHER).kind
        spot = _Spot("", (kind,), Area.TYPED)
        if old is None or new is None:
            yield self._change(spot, None if old is None else old.content, None if new is None else new.content)
        else:
            yield from self._mappings(spot, old.content, new.content)

    def _values(self, spot: _Spot, old: Value | None, new: Value | None) -> Iterator[Change]:
        if old == new:
            return
        if spot.keys in _ALWAYS_THERE:
            old, new = {} if old is None else old, {} if new is None else new
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from self._mappings(spot, old, new)
        elif _is_list(old) and _is_list(new) and (_rows(old) or _rows(new)):
            yield from self._lists(spot, _rows(old), _rows(new))
        else:
            yield self._change(spot, old, new)

    def _mappings(self, spot: _Spot, old: Mapping[str, Value], new: Mapping[str, Value]) -> Iterator[Change]:
        for key in [*new, *(key for key in old if key not in new)]:
            yield from self._values(spot.below(key, new if key in new else old), old.get(key), new.get(key))

    def _lists(self, spot: _Spot, old: Sequence[Value], new: Sequence[Value]) -> Iterator[Change]:
        if all(isinstance(row, Leaf) for row in (*old, *new)):
            yield from self._texts(spot, old, new)
            return
        for name, one, other in _matched(old, new):
            yield from self._values(spot.item(name), one, other)

    def _texts(self, spot: _Spot, old: Sequence[Value], new: Sequence[Value]) -> Iterator[Change]:
        gone, come = _missing(old, new), _missing(new, old)
        named = {_variable(row): row for row in come if sum(_variable(row) == _variable(one) for one in come) == 1}
        for row in gone:
            # `NAME=one` becomes `NAME=other`
            name = _variable(row)
            other = named.get(name) if name and sum(_variable(one) == name for one in gone) == 1 else None
            come = [one for one in come if one is not other]
            yield self._change(spot.item(name if other else ""), row, other)
        for row in come:
            yield self._change(spot.item(""), None, row)
        if not gone and not come and (spot.area is Area.FREE or spot.keys[-1] not in _UNORDERED):
            yield self._change(spot, old, new)

    def _change(self, spot: _Spot, old: Value | None, new: Value | None) -> Change:
        paths = [path for value in (old, new) if value is not None for path in leaves(value, spot.keys[1:])]
        worst, why = effect(spot.keys[0], spot.keys[1:], paths, whole=not spot.shown)
        before, after = (None if side is None else self._shown(spot, side) for side in (old, new))
        if before != after and isinstance(old, Leaf) and isinstance(new, Leaf) and self._hides_more(spot, old, new):
            why = "; ".join(filter(None, (why, HIDES_MORE)))
        path = self._secrets.hidden(spot.shown)
        return Change(document=self._label, path=path, before=before, after=after, effect=worst, why=why)

    def _hides_more(self, spot: _Spot, old: Leaf, new: Leaf) -> bool:
        texts = [str(side.value) for side in (old, new)]
        return hides_more(*texts, *(self._hidden(spot, text) for text in texts))

    def _hidden(self, spot: _Spot, text: str) -> str:
        return hidden_value(spot.keys, text, self._secrets, spot.area)

    def _shown(self, spot: _Spot, value: Value) -> str:
        return json.dumps(self._plain(spot, value), ensure_ascii=False, separators=(",", ":"))

    def _plain(self, spot: _Spot, value: Value) -> object:
        match value:
            case Leaf():
                text = value.value if isinstance(value.value, str) else json.dumps(value.value)
                hidden = self._hidden(spot, text)
                return value.value if hidden == text else hidden
            case Mapping():
                return {
                    self._secrets.hidden(key): self._plain(spot.below(key, value), row) for key, row in value.items()
                }
            case _:
                return [self._plain(spot, row) for row in value]


@lru_cache(maxsize=64)
def hides_more(one: str, other: str, shown: str, others: str) -> bool:
    """Whether lines of a longer text that look alike differ in a secret. Many nodes have the same texts."""
    if MASK not in shown or MASK not in others:
        return False
    lines, other_lines, looks, others_look = (text.split("\n") for text in (one, other, shown, others))
    if (len(lines), len(other_lines)) != (len(looks), len(others_look)):
        # a key of several lines is one word: nobody sees which of them differ
        return True
    alike = SequenceMatcher(None, looks, others_look, autojunk=False).get_matching_blocks()
    return any(lines[a : a + size] != other_lines[b : b + size] for a, b, size in alike)


def _is_list(value: Value | None) -> bool:
    return value is None or not isinstance(value, Leaf | Mapping)


def _rows(value: Value | None) -> Sequence[Value]:
    return () if value is None or isinstance(value, Leaf | Mapping) else value


def _variable(row: Value) -> str:
    """The name in `NAME=value`, empty for any other text."""
    found = _VARIABLE.match(row.value) if isinstance(row, Leaf) and isinstance(row.value, str) else None
    return found["name"] if found else ""


def _missing(rows: Sequence[Value], others: Sequence[Value]) -> list[Value]:
    """Those of the first that the others lack, as often as they lack them."""
    spare = Counter(row.meant for row in others if isinstance(row, Leaf))
    found: list[Value] = []
    for row in rows:
        if isinstance(row, Leaf):
            if spare[row.meant]:
                spare[row.meant] -= 1
            else:
                found.append(row)
    return found


def _matched(old: Sequence[Value], new: Sequence[Value]) -> Iterator[tuple[str, Value | None, Value | None]]:
    """Items that are the same thing, each with its name: what they are known by, else their number."""
    by = next((keys for keys in _NAMING if _tells_apart(keys, old) and _tells_apart(keys, new)), ())
    before = {_name(row, by) or str(number): row for number, row in enumerate(old)}
    after = {_name(row, by) or str(number): row for number, row in enumerate(new)}
    for name in [*after, *(name for name in before if name not in after)]:
        yield name, before.get(name), after.get(name)


def _tells_apart(keys: tuple[str, ...], rows: Sequence[Value]) -> bool:
    names = [_name(row, keys) for row in rows]
    return all(names) and len(set(names)) == len(names)


def _name(row: Value, keys: tuple[str, ...]) -> str:
    if not isinstance(row, Mapping):
        return ""
    return " ".join(_word(row[key]) for key in keys if key in row)


def _word(value: Value) -> str:
    match value:
        case Leaf():
            return value.meant
        case Mapping():
            return ",".join(f"{key}={_word(row)}" for key, row in sorted(value.items()))
        case _:
            return ",".join(_word(row) for row in value)


_NEITHER = documents("{}")[V1ALPHA1]
