"""Components and nodes as a table: what each runs, and what is just being done about it. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from talops.domain.components import Component, NodeComponents
from talops.domain.event import Move
from talops.domain.talos import Unknown, Version

NOTHING = "-"
"""Where a component does not run."""
WORDS = {Move.PULLS: "pulling", Move.BEGINS: "updating", Move.WAITS: "updating"}
GAP = "  "
_NARROWEST = 7

Cells = Mapping[Component, str]


def cells_of(node: NodeComponents) -> dict[Component, str]:
    return {component: said(version) for component, version in node.runs.items()}


def said(version: Version | Unknown) -> str:
    return str(version) if isinstance(version, Version) else "?"


def columns(rows: Iterable[Cells]) -> dict[Component, int]:
    """The components that run anywhere, each with the width of its column: no cell moves another when it changes."""
    found = list(rows)
    longest = max((len(word) for row in found for word in row.values()), default=0)
    return {
        component: max(_NARROWEST, longest, len(component.short), *map(len, WORDS.values()))
        for component in Component
        if any(component in row for row in found)
    }


def head(wide: Mapping[Component, int]) -> str:
    return GAP.join(f"{component.short:<{width}}" for component, width in wide.items()).rstrip()


def line(cells: Cells, wide: Mapping[Component, int]) -> str:
    return GAP.join(f"{cells.get(component, NOTHING):<{width}}" for component, width in wide.items()).rstrip()


def table(nodes: Sequence[NodeComponents], *, indent: str = "  ") -> list[str]:
    """One line a node, below a head."""
    rows = [cells_of(node) for node in nodes]
    wide = columns(rows)
    longest = max((len(node.hostname) for node in nodes), default=0)
    found = [f"{indent}{'':<{longest}}{GAP}{head(wide)}"]
    found += [f"{indent}{n.hostname:<{longest}}{GAP}{line(row, wide)}" for n, row in zip(nodes, rows, strict=True)]
    return [one.rstrip() for one in found]
