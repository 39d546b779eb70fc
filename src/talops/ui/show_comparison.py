"""What differs between two sets of generated files."""

from collections.abc import Iterator

from talops.domain.machineconfig import Comparison
from talops.domain.talos import Unknown
from talops.ui.show_diff import blocks, show_changes
from talops.ui.show_diff_json import change_to_json
from talops.ui.words import clean, names


def show_comparison(found: Comparison, *, width: int, colour: bool = False) -> str:
    """What differs, without secrets: each thing once, with the nodes it is true of. Empty where nothing does."""
    return "\n".join(_lines(found, width, colour))


def _lines(found: Comparison, width: int, colour: bool) -> Iterator[str]:
    for sign, hostnames in (("+", found.added), ("-", found.removed)):
        if hostnames:
            yield f"{sign} {clean(names(hostnames))}"
    for block in blocks(found.changed):
        yield f"~ {clean(names(block.hostnames))}"
        yield from show_changes(block.changes, width=width, colour=colour)
    if found.client:
        yield f"~ talosconfig: {', '.join(found.client)}"


def comparison_to_json(found: Comparison) -> dict[str, object]:
    return {
        "differs": found.differs,
        "added": list(found.added),
        "removed": list(found.removed),
        "talosconfig": list(found.client),
        "changed": [
            {"hostname": drift.hostname, "changes": [change_to_json(change) for change in drift.changes]}
            for drift in found.changed
            if not isinstance(drift.changes, Unknown)
        ],
    }
