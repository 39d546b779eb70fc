"""`talops health` as text: what is wrong and nothing else, worst first."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from talops.domain.health import Health, Trouble, Urgency
from talops.domain.words import count
from talops.ui.colours import Paint
from talops.ui.words import clean, folded

SCHEMA = 1


def show_health(health: Health, *, width: int = 80, colour: bool = False) -> str:
    """One thing a paragraph; the last line says whether anything is wrong."""
    paint = Paint(on=colour)
    lines = [f"cluster {health.cluster}: {count(health.nodes, 'node')}", *paragraphs(health.troubles, width, paint)]
    return "\n".join([*lines, "", meaning(health.troubles)])


def paragraphs(troubles: Sequence[Trouble], width: int, paint: Paint) -> Iterator[str]:
    """By urgency; what one command is for, together."""
    for urgency in Urgency:
        alike = [trouble for trouble in troubles if trouble.urgency is urgency]
        if alike:
            loud = {Urgency.WRONG: paint.red, Urgency.AT_RISK: paint.yellow}.get(urgency, paint.bold)
            yield from ("", loud(f"{urgency.value.upper()} ({len(alike)})"))
        for command, together in groupby(alike, key=lambda trouble: trouble.next):
            for trouble in together:
                yield from folded(f"{trouble.about}: {trouble.what}", width, first="  ", rest="    ")
            yield f"    next: {clean(command)}"


def meaning(troubles: Sequence[Trouble]) -> str:
    """One line."""
    wrong = sum(trouble.urgency is Urgency.WRONG for trouble in troubles)
    at_risk = sum(trouble.urgency is Urgency.AT_RISK for trouble in troubles)
    if not wrong and not at_risk:
        return "Nothing is wrong."
    parts = [f"{count(wrong, 'thing')} {'is' if wrong == 1 else 'are'} wrong"] if wrong else ["Nothing is wrong yet"]
    parts += [f"{count(at_risk, 'thing')} at risk"] if at_risk else []
    # what stands behind a command is said above
    return f"{', '.join(parts)}. First: {clean(troubles[0].next.partition('   #')[0])}"


def health_to_json(health: Health) -> dict[str, object]:
    """Keys are an interface: they are added, never renamed."""
    return {
        "schema": SCHEMA,
        "cluster": health.cluster,
        "well": health.well,
        "troubles": troubles_to_json(health.troubles),
    }


def troubles_to_json(troubles: Sequence[Trouble]) -> list[dict[str, str]]:
    return [
        {"urgency": trouble.urgency.name.lower(), "about": trouble.about, "what": trouble.what, "next": trouble.next}
        for trouble in troubles
    ]
