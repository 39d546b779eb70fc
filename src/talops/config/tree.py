"""YAML as a tree in which every value knows its place, and what each field of it must be."""

from dataclasses import dataclass, field

from talops.config.scalar import Place, Scalar, canonical, fail, is_null, truth


@dataclass(frozen=True, slots=True)
class Sequence:
    rows: tuple["Tree", ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys in the order of the file, those of merged mappings last. `keys` holds the place of each own key."""

    entries: dict[str, "Tree"]
    at: Place
    keys: dict[str, Place] = field(default_factory=dict)

    def get(self, key: str) -> "Tree | None":
        """The value; None when it is missing or null."""
        found = self.entries.get(key)
        return None if isinstance(found, Scalar) and is_null(found) else found

    def place_of(self, key: str) -> Place:
        return self.keys.get(key, self.at)


Tree = Scalar | Sequence | Mapping


def text_of(tree: Tree | None, what: str) -> str:
    """A string field, empty when missing. Numbers come out as talhelper writes them again: `007` as `7`."""
    if tree is None:
        return ""
    if not isinstance(tree, Scalar):
        fail(tree.at, f"{what} must be a text, not a {_kind(tree)}")
    if is_null(tree):
        return ""
    return canonical(tree)


def bool_of(tree: Tree | None, what: str) -> bool:
    """A bool field, False when missing or null."""
    if tree is None or (isinstance(tree, Scalar) and is_null(tree)):
        return False
    meant = truth(tree) if isinstance(tree, Scalar) else None
    if meant is None:
        shown = repr(tree.text) if isinstance(tree, Scalar) else f"a {_kind(tree)}"
        fail(tree.at, f"{what} must be true or false, not {shown}", "write true or false, without quotes")
    return meant


def mapping_of(tree: Tree | None, what: str) -> Mapping | None:
    if tree is not None and not isinstance(tree, Mapping):
        fail(tree.at, f"{what} must be a mapping, not a {_kind(tree)}")
    return tree


def sequence_of(tree: Tree | None, what: str) -> tuple[Tree, ...]:
    """The rows of a list, none when it is missing."""
    if tree is None:
        return ()
    if not isinstance(tree, Sequence):
        fail(tree.at, f"{what} must be a list, not a {_kind(tree)}")
    return tree.rows


def texts_of(tree: Tree | None, what: str) -> tuple[str, ...]:
    """Rows that are null are none, as in Go."""
    rows = sequence_of(tree, what)
    return tuple(text_of(row, what) for row in rows if not (isinstance(row, Scalar) and is_null(row)))


def _kind(tree: Tree) -> str:
    return {Scalar: "text", Sequence: "list", Mapping: "mapping"}[type(tree)]
