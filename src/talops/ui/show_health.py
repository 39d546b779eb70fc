"""`talops health` as text: what is wrong and nothing else, worst first."""

from itertools import groupby

from talops.domain.health import Health, Urgency
from talops.domain.words import count
from talops.ui.colours import Paint
from talops.ui.words import clean, folded

SCHEMA = 1


def show_health(health: Health, *, width: int = 80, colour: bool = False) -> str:
    """One thing a paragraph; the last line says whether anything is wrong."""
    paint = Paint(on=colour)
    lines = [f"cluster {health.cluster}: {count(health.nodes, 'node')}"]
    for urgency in Urgency:
        troubles = [trouble for trouble in health.troubles if trouble.urgency is urgency]
        if troubles:
            loud = {Urgency.WRONG: paint.red, Urgency.AT_RISK: paint.yellow}.get(urgency, paint.bold)
            lines += ["", loud(f"{urgency.value.upper()} ({len(troubles)})")]
        for command, alike in groupby(troubles, key=lambda trouble: trouble.next):
            for trouble in alike:
                lines += folded(f"{trouble.about}: {trouble.what}", width, first="  ", rest="    ")
            lines.append(f"    next: {clean(command)}")
    return "\n".join([*lines, "", _meaning(health)])


def _meaning(health: Health) -> str:
    wrong = sum(trouble.urgency is Urgency.WRONG for trouble in health.troubles)
    at_risk = sum(trouble.urgency is Urgency.AT_RISK for trouble in health.troubles)
    if health.well:
        return "Nothing is wrong."
    parts = [f"{count(wrong, 'thing')} {'is' if wrong == 1 else 'are'} wrong"] if wrong else ["Nothing is wrong yet"]
    parts += [f"{count(at_risk, 'thing')} at risk"] if at_risk else []
    return f"{', '.join(parts)}. First: {clean(health.troubles[0].next)}"


def health_to_json(health: Health) -> dict[str, object]:
    """Keys are an interface: they are added, never renamed."""
    return {
        "schema": SCHEMA,
        "cluster": health.cluster,
        "well": health.well,
        "troubles": [
            {
                "urgency": trouble.urgency.name.lower(),
                "about": trouble.about,
                "what": trouble.what,
                "next": trouble.next,
            }
            for trouble in health.troubles
        ],
    }
