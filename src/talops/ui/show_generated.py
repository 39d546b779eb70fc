"""`talops gen config`: what came of it."""

from collections.abc import Sequence

from talops.domain.finding import Finding
from talops.domain.generated import Generated, Shown
from talops.domain.machineconfig import Comparison
from talops.domain.words import count
from talops.ui.show_findings import finding_to_json

SCHEMA = 1


def outcome(done: Generated | Shown, *, before: str = "") -> str:
    """One line. `before` is what was compared with: a revision, or what is there."""
    many = count(done.nodes, "node")
    if isinstance(done, Generated):
        return f"clusterconfig/: {many}, {'generated' if done.changed else 'nothing has changed'}"
    if done.comparison is None:
        return f"the files are right: {many}, nothing written"
    if not done.comparison.differs:
        return f"{many}: nothing differs from {before}"
    return f"{_what_differs(done.comparison)} from {before}"


def _what_differs(found: Comparison) -> str:
    number = len(found.changed) + len(found.added) + len(found.removed)
    who = [*([count(number, "node")] if number else []), *(["the talosconfig"] if found.client else [])]
    return f"{' and '.join(who)} {'differs' if number + bool(found.client) == 1 else 'differ'}"


def generated_to_json(
    done: Generated | Shown | None, findings: Sequence[Finding], *, exit: int, said: str
) -> dict[str, object]:
    """`done` is None when it failed. Keys are an interface: they are added, never renamed."""
    from talops.ui.show_comparison import comparison_to_json

    compared = done.comparison if isinstance(done, Shown) else None
    return {
        "schema": SCHEMA,
        "exit": exit,
        "outcome": said,
        "nodes": done.nodes if done is not None else None,
        "changed": done.changed if isinstance(done, Generated) else False,
        "removed": list(done.removed) if isinstance(done, Generated) else [],
        "findings": [finding_to_json(finding) for finding in findings],
        "comparison": None if compared is None else comparison_to_json(compared),
    }
