"""Where talhelper's names of fields stand in talconfig.yaml."""

import re

from talops.config.problems import role_or_nothing
from talops.config.scalar import Place
from talops.config.tree import Mapping, Sequence, Tree

_STEP = re.compile(r"(?P<key>[^.\[\]]+)|\[(?P<row>\d+)\]")


def place_of_field(top: Mapping, field: str) -> Place | None:
    """Where `nodes[0].schematic` stands, in the node or its role; or the last part of its path that is there."""
    at: Place | None = None
    tree: Tree = top
    for step in _STEP.finditer(field):
        below: Tree | None = None
        if step["key"] is not None and isinstance(tree, Mapping):
            role = role_or_nothing(top, tree) if "hostname" in tree.entries else tree
            tree = role if step["key"] not in tree.entries and step["key"] in role.entries else tree
            below, at = tree.entries.get(step["key"]), tree.keys.get(step["key"], at)
        elif step["row"] is not None and isinstance(tree, Sequence) and int(step["row"]) < len(tree.rows):
            below = tree.rows[int(step["row"])]
            at = below.at
        if below is None:
            break
        tree = below
    return at
