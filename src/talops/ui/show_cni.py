"""What installing a CNI would change, as plain text."""

from collections.abc import Iterator

from talops.domain.cni import CniPlan, Fate, ObjectPlan, Source
from talops.domain.words import count
from talops.ui.words import clean, folded

_HEADS = {
    Fate.ADDED: "to add",
    Fate.CHANGED: "to change",
    Fate.ADOPTED: "to adopt: there already, and from now on of the Helm release",
}
_MOST = 12
"""Fields that are shown of one object."""


def show_cni_plan(plan: CniPlan, cluster: str, *, width: int = 80) -> str:
    """Where it comes from, what differs, what stands against it, and what is not up."""
    lines = [clean(f"cluster {cluster}: {' and '.join(plan.found.networks) or 'what the files say'}")]
    for source in plan.found.chosen:
        lines += _source(source, width)
    for source in plan.found.others:
        why = f" ({source.trouble})" if source.trouble else ""
        lines += folded(f"not taken: {source}{why}", width, rest="  ")
    for fate in _HEADS:
        lines += _objects(plan, fate, width)
    same = sum(one.fate is Fate.SAME for one in plan.objects)
    lines += ["", f"as they are to be: {count(same, 'object')}"] if same else []
    for warning in (*(note for source in plan.found.chosen for note in source.notes), *plan.warnings):
        lines += folded(f"warning: {warning}", width, rest="  ")
    lines += _lacks(plan, width)
    lines += _refusals(plan, width)
    return "\n".join([*lines, "", *folded(_meaning(plan), width)])


def _source(source: Source, width: int) -> Iterator[str]:
    yield from folded(f"from {source}", width, rest="  ")
    for release in source.releases:
        where = f", from {release.origin}" if release.repo else ""
        yield from folded(f"release {release}{where}", width, first="  ", rest="    ")


def _objects(plan: CniPlan, fate: Fate, width: int) -> Iterator[str]:
    found = [one for one in plan.objects if one.fate is fate]
    if found:
        yield ""
        yield f"{_HEADS[fate]} ({len(found)}):"
    for one in found:
        note = f" ({one.note})" if one.note else ""
        yield from folded(f"{one.object}{note}", width, first="  ", rest="    ")
        yield from _changes(one, width)


def _changes(one: ObjectPlan, width: int) -> Iterator[str]:
    for change in one.changes[:_MOST]:
        sides = f"{change.before or 'nothing'} -> {change.after or 'nothing'}"
        yield from folded(f"{change.path}: {sides}", width, first="    ", rest="      ")
    if len(one.changes) > _MOST:
        yield f"    … and {count(len(one.changes) - _MOST, 'field')} more"
    for conflict in one.conflicts:
        yield from folded(f"{conflict.path} was set by {conflict.manager}", width, first="    ", rest="      ")


def _lacks(plan: CniPlan, width: int) -> Iterator[str]:
    if plan.lacks and not any(one.fate is Fate.ADDED for one in plan.objects):
        yield ""
        yield "not up as it is now:"
        for lack in plan.lacks:
            yield from folded(lack, width, first="  ", rest="    ")


def _refusals(plan: CniPlan, width: int) -> Iterator[str]:
    if plan.refusals:
        yield ""
        yield "REFUSED, for these reasons:"
    for refusal in plan.refusals:
        yield from folded(refusal.what, width, first="  ", rest="    ")
        yield clean(f"    next: {refusal.hint}")


def _meaning(plan: CniPlan) -> str:
    if plan.refusals:
        return "Nothing would be changed."
    if plan.pending:
        return f"{count(len(plan.pending), 'object is', 'objects are')} to be applied."
    if plan.lacks:
        return "Nothing to apply; `talops install cni` waits for what is not up."
    return "Nothing to do: everything is as the files say, and up."
