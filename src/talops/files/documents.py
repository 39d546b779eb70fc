"""The documents of a machine config, by kind and name, each in a form in which equal means equal to Talos.

Talos decodes a config into Go structs and writes it again when it changes it: what its `omitempty` drops, comments,
order of keys, anchors, `0644` or `0o644` say nothing. Source: the types of Talos' machinery 1.12 to 1.14.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from types import MappingProxyType

from talops.config import compose
from talops.config.scalar import Scalar, fail, is_null, number, truth
from talops.config.tree import Mapping as TreeMapping
from talops.config.tree import Sequence as TreeSequence
from talops.config.tree import Tree

V1ALPHA1 = "v1alpha1"
"""The document without a kind."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value. `meant` is what Talos makes of it, and all that counts when two are compared."""

    value: str | int | float | bool | None = field(compare=False)
    meant: str


Value = Leaf | Mapping[str, "Value"] | Sequence["Value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`tree` is as written, with places; `content` is what counts."""

    kind: str
    name: str
    tree: TreeMapping
    content: Mapping[str, Value]

    @property
    def label(self) -> str:
        """`v1alpha1`, `HostnameConfig`, `UserVolumeConfig data`."""
        return f"{self.kind} {self.name}".strip()


class Area(Enum):
    """What Go decodes a part of a config into."""

    TYPED = "a struct: what is empty is as good as missing"
    TEXTS = 'a map of texts: `1` and `"1"` are the same, and empty ones count'
    FREE = "anything: every value counts, and its type"


def _names(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_TEXTS = _names(
    "nodeLabels nodeAnnotations nodeTaints extraArgs env sysctls sysfs extraManifestHeaders variables params"
)
_FREE = _names(
    "extraConfig credentialProviderConfig configuration auditPolicy pods value baseRuntimeSpecOverrides webhook",
    "requests limits",
)
_EMPTY_COUNTS = _names("nodeID tpm")
"""Pointers to structs in which being there is the message."""
_ZERO_IS_NOTHING = _names(
    "vlanID mtu metric routeMetric fwMark fwMask listenPort firewallMark persistentKeepaliveInterval bootTimeout",
    "timeout interval failureThreshold keySize blockSize localAPIServerPort certLifetime port",
)
"""Numbers that are no pointers in Go: zero is dropped, and means the default."""
_FALSE_IS_NOTHING = _names("readonly")
"""The one bool that is no pointer. A `false` elsewhere is kept: with `ipv4: false` it is not the default."""
_DURATIONS = _names("bootTimeout certLifetime persistentKeepaliveInterval sampleInterval timeout interval")


@lru_cache(maxsize=512)
def trees(text: str, file: str = "") -> tuple[Tree, ...]:
    """Remembered, since one text is looked at for its secrets, its changes and its images. Raises FilesInvalid."""
    return tuple(compose.documents(text, file))


def documents(text: str, file: str = "") -> Mapping[str, Document]:
    """By label, in the order of the text. Raises FilesInvalid where it is no YAML, or has a document twice."""
    found: dict[str, Document] = {}
    for tree in trees(text, file):
        if isinstance(tree, Scalar) and is_null(tree):
            continue
        if not isinstance(tree, TreeMapping):
            fail(tree.at, "a document of a machine config must be a mapping")
        document = _document(tree)
        if document.label in found:
            fail(tree.at, f"the document {document.label} is there twice")
        found[document.label] = document
    return MappingProxyType(found)


def _document(tree: TreeMapping) -> Document:
    kind, name = _word(tree, "kind"), _word(tree, "name")
    content = _fields(tree, Area.TYPED, kind or V1ALPHA1)
    if kind:
        usual = {"kind", "name", *(["apiVersion"] if _word(tree, "apiVersion") == V1ALPHA1 else [])}
        content = {key: value for key, value in content.items() if key not in usual}
    return Document(kind=kind or V1ALPHA1, name=name if kind else "", tree=tree, content=content)


def _word(tree: TreeMapping, key: str) -> str:
    found = tree.get(key)
    return found.text if isinstance(found, Scalar) else ""


def area_below(area: Area, key: str, parent: str) -> Area:
    """`parent` is the key above, or the kind of the document."""
    if area is not Area.TYPED:
        return area
    if key in _TEXTS:
        return Area.TEXTS
    # `machine.registries.config` is a struct
    of_kubernetes = key == "config" and (parent == "scheduler" or parent.startswith("Kube"))
    return Area.FREE if key in _FREE or of_kubernetes else Area.TYPED


def _fields(tree: TreeMapping, area: Area, parent: str) -> dict[str, Value]:
    found = {}
    for key, child in tree.entries.items():
        below = area_below(area, key, parent)
        value = _value(child, below, key)
        # a map that is empty is none; what is inside of one counts
        if area is not Area.TYPED or not _is_nothing(value, key):
            found[key] = value
    return found


def _value(tree: Tree, area: Area, key: str) -> Value:
    match tree:
        case TreeMapping():
            return _fields(tree, area, key)
        case TreeSequence():
            return [_value(row, area, key) for row in tree.rows]
        case _:
            return _leaf(tree, area, key)


def _is_nothing(value: Value, key: str) -> bool:
    if isinstance(value, Leaf):
        zero = value.meant == "0" and key in _ZERO_IS_NOTHING
        return value.meant in {"", "null"} or zero or (value.meant == "false" and key in _FALSE_IS_NOTHING)
    return not value and key not in _EMPTY_COUNTS


def _leaf(scalar: Scalar, area: Area, key: str) -> Leaf:
    meant = _plain_value(scalar)
    if area is Area.FREE:
        return Leaf(meant, f"{type(meant).__name__} {meant}")
    if meant is None:
        return Leaf("" if area is Area.TEXTS else None, "" if area is Area.TEXTS else "null")
    if area is Area.TEXTS:
        return Leaf(scalar.text, scalar.text)
    if isinstance(meant, int) and not isinstance(meant, bool):
        return Leaf(scalar.text if scalar.text.startswith("0") and meant else meant, str(meant))
    as_bool = truth(scalar)
    if as_bool is not None:
        return Leaf(meant, str(as_bool).lower())
    return Leaf(meant, _duration(scalar.text) if key in _DURATIONS else scalar.text)


def _plain_value(scalar: Scalar) -> str | int | float | bool | None:
    if is_null(scalar):
        return None
    if scalar.plain and scalar.text.lower() in {"true", "false"}:
        return scalar.text.lower() == "true"
    as_number = number(scalar)
    return scalar.text if as_number is None else as_number


def _duration(text: str) -> str:
    """`2m` and `2m0s` are the same."""
    from durationpy import DurationError, from_str

    try:
        return str(from_str(text))
    except (DurationError, ValueError, OverflowError):
        return text


def text_at(document: Document | None, *path: str) -> str:
    """One text of a document, "" when it is not there."""
    found: Value | None = document.content if document is not None else None
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found.value if isinstance(found, Leaf) and isinstance(found.value, str) else ""


def leaves(value: Value, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of everything below, through lists as if they were not there."""
    match value:
        case Leaf():
            yield path
        case Mapping():
            if not value:
                yield path
            for key, child in value.items():
                yield from leaves(child, (*path, key))
        case _:
            if not value:
                yield path
            for row in value:
                yield from leaves(row, path)
