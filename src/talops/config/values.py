"""A tree of YAML as plain values, as kubectl and helm read them: YAML 1.1, where `y` and `on` are bools (measured)."""

from talops.config.scalar import OLD_FALSE, OLD_TRUE, Scalar, is_null, number
from talops.config.tree import Mapping, Sequence, Tree

_TRUE = OLD_TRUE | {"true", "True", "TRUE"}
_FALSE = OLD_FALSE | {"false", "False", "FALSE"}


def plain(tree: Tree) -> object:
    """Mappings as dicts, sequences as lists, scalars as what they mean."""
    if isinstance(tree, Mapping):
        return {key: plain(value) for key, value in tree.entries.items()}
    if isinstance(tree, Sequence):
        return [plain(row) for row in tree.rows]
    return _scalar(tree)


def _scalar(scalar: Scalar) -> object:
    if not scalar.plain:
        return scalar.text
    if is_null(scalar):
        return None
    if scalar.text in _TRUE:
        return True
    if scalar.text in _FALSE:
        return False
    meant = number(scalar)
    if isinstance(meant, float) and meant.is_integer():
        # Go writes 1.0 as 1
        return int(meant)
    return scalar.text if meant is None else meant
