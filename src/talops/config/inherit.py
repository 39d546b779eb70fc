"""What a node inherits from `controlPlane:` or `worker:`, its role.

talhelper takes the role's setting where the node's own is Go's zero value: missing, null, an empty text, and a struct
that says nothing but zeros. So `secureboot: false` on a node does not undo `secureboot: true` of its role.
"""

from talops.config.scalar import Scalar, is_null, truth
from talops.config.tree import Mapping, Tree

POINTERS = frozenset({"schematic"})
"""An empty one is a value: it says that the node has no extensions."""
FIELDS = ("mode", "arch", "secureboot", "useUKI", "bootMethod", "imageSuffix")
"""Of machineSpec; others are ignored."""


def inherited(node: Mapping, role: Mapping, key: str) -> Tree | None:
    """The node's own value, or else that of its role."""
    own = node.get(key)
    return role.get(key) if own is None or (key not in POINTERS and _is_zero(own)) else own


def _is_zero(tree: Tree) -> bool:
    match tree:
        case Scalar():
            return not tree.text or is_null(tree)
        case Mapping():
            fields = [tree.entries[name] for name in FIELDS if name in tree.entries]
            return all(_is_zero(value) or (isinstance(value, Scalar) and truth(value) is False) for value in fields)
        case _:
            return False
