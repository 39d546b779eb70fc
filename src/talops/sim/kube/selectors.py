"""Label and field selectors, as far as kubectl and talops send them."""

import re
from collections.abc import Callable, Mapping

from talops.sim.kube.objects import Object

Matcher = Callable[[Object], bool]
_SET = re.compile(r"^\s*(\S+)\s+(in|notin)\s+\(([^)]*)\)\s*$")
_EQUAL = re.compile(r"^\s*([^=!\s]+)\s*(==|=|!=)\s*(\S*)\s*$")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "metadata.name": ("metadata", "name"),
    "metadata.namespace": ("metadata", "namespace"),
    "spec.nodeName": ("spec", "nodeName"),
    "spec.unschedulable": ("spec", "unschedulable"),
    "status.phase": ("status", "phase"),
}


def label_matcher(text: str) -> Matcher:
    """A conjunction of requirements. Raises ValueError when one cannot be read."""
    tests = [_label(part) for part in re.split(r",(?![^(]*\))", text) if part.strip()]
    return lambda found: all(test(found["metadata"].get("labels") or {}) for test in tests)


def _label(part: str) -> Callable[[Mapping[str, str]], bool]:
    in_set = _SET.match(part)
    if in_set:
        key, negated = in_set[1], in_set[2] == "notin"
        values = {value.strip() for value in in_set[3].split(",")}
        return lambda labels: (labels.get(key) in values) is not negated
    equal = _EQUAL.match(part)
    if equal:
        key, value, negated = equal[1], equal[3], equal[2] == "!="
        return lambda labels: (labels.get(key) == value) is not negated
    word, _, rest = part.strip().partition(" ")
    if rest:
        raise ValueError(
            f"unable to parse requirement: found '{rest.split()[0]}', expected: in, notin, =, ==, !=, gt, lt"
        )
    if not re.fullmatch(r"!?[\w./-]+", word):
        raise ValueError(f"unable to parse requirement: {word}")
    return lambda labels: (word.lstrip("!") in labels) is not word.startswith("!")


def field_matcher(text: str) -> Matcher:
    """A conjunction of `field=value`. Raises ValueError for a field that is no selector."""
    tests: list[Matcher] = []
    for part in filter(None, text.split(",")):
        equal = _EQUAL.match(part)
        if equal is None or equal[1] not in _FIELDS:
            raise ValueError(f"field label not supported: {equal[1] if equal else part}")
        tests.append(_field(_FIELDS[equal[1]], equal[3], negated=equal[2] == "!="))
    return lambda found: all(test(found) for test in tests)


def _field(path: tuple[str, ...], wanted: str, *, negated: bool) -> Matcher:
    def test(found: Object) -> bool:
        value: object = found
        for word in path:
            value = value.get(word) if isinstance(value, dict) else None
        text = str(value).lower() if isinstance(value, bool) else str(value or "")
        return ((text or "false") == wanted if path[-1] == "unschedulable" else text == wanted) is not negated

    return test


def selects(selector: Object | None, labels: Mapping[str, str]) -> bool:
    """A PodDisruptionBudget's selector: null selects nothing, an empty one everything in its namespace."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_expression(row, labels) for row in selector.get("matchExpressions") or [])


def _expression(row: Object, labels: Mapping[str, str]) -> bool:
    key, values = row["key"], row.get("values") or []
    match row["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
