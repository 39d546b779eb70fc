"""Files, other than patches, that talconfig.yaml names and that are not there."""

from collections.abc import Iterator

from talops.config.scalar import Scalar, is_null
from talops.config.tree import Mapping, Sequence, Tree
from talops.domain.finding import Finding
from talops.files.findings import error
from talops.files.sources import Sources
from talops.files.variables import NOT_KNOWN

_CONTENTS = (("machineFiles", "content"), ("inlineManifests", "contents"))
_HINT = "file names are relative to talconfig.yaml's folder; mend the name, or git add the file"


def missing_files(sources: Sources) -> Iterator[Finding]:
    """Of machineFiles, inlineManifests (`@file`) and extraManifests (with or without @)."""
    holders = (sources.top, *(each for node in sources.nodes for each in (node.role, node.row)))
    named = {at.at: at for holder in holders for at in _named(holder)}
    for scalar in named.values():
        name = scalar.text.removeprefix("@").strip()
        if NOT_KNOWN not in name and "\0" not in name and not (sources.repo / name).exists():
            yield error("missing-file", sources.origin(scalar.at), f"the file {name} is not there", _HINT)


def _named(holder: Mapping) -> Iterator[Scalar]:
    for key, inside in _CONTENTS:
        for row in _rows(holder.get(key)):
            content = row.get(inside) if isinstance(row, Mapping) else None
            if isinstance(content, Scalar) and content.text.startswith("@"):
                yield content
    yield from (row for row in _rows(holder.get("extraManifests")) if isinstance(row, Scalar) and not is_null(row))


def _rows(tree: Tree | None) -> tuple[Tree, ...]:
    return tree.rows if isinstance(tree, Sequence) else ()
