"""`talops diff` as text: what differs, each thing once with the nodes it is true of, and what it takes to apply it.

What is alike on many nodes stands first. Colours are for a terminal; every word is there without them.
"""

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from talops.domain.machineconfig import Aspect, Change, Effect, NodeDrift, Staged
from talops.domain.talos import Unknown
from talops.domain.words import count
from talops.ui.colours import Paint
from talops.ui.values import compared, lines_of
from talops.ui.words import clean, folded, names

WIDEST = 110
"""Beyond that the eye loses the line between a path and its effect."""
_EFFECTS = {Effect.LIVE: "applies live", Effect.REBOOT: "NEEDS A REBOOT", Effect.NEVER: "CANNOT BE CHANGED"}
ANOTHER = "a secret that differs"
ITS_NAME = "(its hostname)"
_GAP = 2
_SHORT_ID = 12
_SCHEMATIC_ID = 64


@dataclass(frozen=True, slots=True)
class Block:
    """What is true of exactly these nodes."""

    hostnames: tuple[str, ...]
    changes: tuple[Change, ...]
    aspects: tuple[Aspect, ...]
    staged: Staged


def show_diff(
    drifts: Sequence[NodeDrift], *, cluster: str, only: Sequence[str] = (), width: int = 80, colour: bool = False
) -> str:
    """`only`: the nodes that were named on the command line."""
    paint = Paint(on=colour)
    lines = [f"cluster {cluster}: what {count(len(drifts), 'node')} {_have(drifts)} (-), against the files (+)"]
    for block in blocks(drifts):
        lines += ["", *_block(block, len(drifts), min(width, WIDEST), paint)]
    lines += _unknown(drifts, width, paint)
    return "\n".join([*lines, "", *_summary(drifts, width), f"next: {_next(drifts, only)}"])


def show_changes(changes: Sequence[Change], *, width: int = 80, colour: bool = False, indent: str = "  ") -> list[str]:
    """Document by document, for whoever shows changes of one node."""
    paint, lines = Paint(on=colour), []
    for document in dict.fromkeys(change.document for change in changes):
        lines.append(f"{indent}{clean(document)}")
        for change in changes:
            if change.document == document:
                lines += _change(change, f"{indent}  ", min(width, WIDEST), paint)
    return lines


def blocks(drifts: Sequence[NodeDrift]) -> list[Block]:
    """Changes by the nodes that have them, those of most nodes first."""
    of: dict[Hashable, list[str]] = {}
    for drift in drifts:
        # what comes and goes several times in a list counts as often
        for thing in dict.fromkeys(_things(drift)):
            of.setdefault(thing, []).append(drift.hostname)
    by_nodes: dict[tuple[str, ...], list[Hashable]] = {}
    for thing, hostnames in of.items():
        by_nodes.setdefault(tuple(hostnames), []).append(thing)
    found = [
        Block(
            hostnames=hostnames,
            changes=tuple(thing for thing in things if isinstance(thing, Change)),
            aspects=tuple(thing for thing in things if isinstance(thing, Aspect)),
            staged=next((thing for thing in things if isinstance(thing, Staged)), Staged.NOTHING),
        )
        for hostnames, things in by_nodes.items()
    ]
    return sorted(found, key=lambda block: -len(block.hostnames))


def _things(drift: NodeDrift) -> Iterator[Hashable]:
    if drift.staged is not Staged.NOTHING:
        yield drift.staged
    for change in () if isinstance(drift.changes, Unknown) else drift.changes:
        before, after = (_unnamed(side, drift.hostname) for side in (change.before, change.after))
        yield replace(change, before=before, after=after)
    yield from (aspect for aspect in drift.aspects if not aspect.agrees and not isinstance(aspect.running, Unknown))


def _unnamed(side: str | None, hostname: str) -> str | None:
    """Where nodes differ in nothing but their names, they are told once."""
    return None if side is None else side.replace(json.dumps(hostname), json.dumps(ITS_NAME))


def _have(drifts: Sequence[NodeDrift]) -> str:
    return "has" if len(drifts) == 1 else "have"


def _block(block: Block, of: int, width: int, paint: Paint) -> Iterator[str]:
    who = names(block.hostnames)
    everywhere = f"all {of} nodes: " if len(block.hostnames) == of and of > 1 else ""
    for line in folded(f"{everywhere}{who}", width, rest="  "):
        yield paint.bold(line)
    if block.staged is not Staged.NOTHING:
        yield paint.yellow(f"  staged: {block.staged.value} applies at the next boot")
    yield from show_changes(block.changes, width=width, colour=paint.on)
    yield from _aspects(block.aspects, width, paint)


def _change(change: Change, indent: str, width: int, paint: Paint) -> Iterator[str]:
    sign = "+" if change.before is None else "-" if change.after is None else "~"
    effect = _EFFECTS[change.effect]
    head = f"{indent}{sign} {clean(change.path) or 'the whole document'}"
    beside, below = _beside(change), f"{indent}    "
    fits = beside and len(head) + len(beside) + len(effect) + 4 <= width
    head += f": {clean(beside)}" if fits else ""
    loud = paint.plain if change.effect is Effect.LIVE else paint.magenta
    gap = width - len(head) - len(effect)
    if gap >= _GAP:
        yield f"{paint.signed(sign, head)}{' ' * gap}{loud(effect)}"
    else:
        yield from (paint.signed(sign, head), f"{' ' * (width - len(effect))}{loud(effect)}")
    for mark, line in () if fits else _lines(change, sign):
        yield from _value(mark, line, below, width, paint)
    if change.why:
        yield from folded(f"({change.why})", width, first=below, rest=below)


def _beside(change: Change) -> str:
    """What fits into one line, empty where nothing does."""
    if change.of_secret:
        return ANOTHER
    sides = [lines_of(json.loads(side)) for side in (change.before, change.after) if side is not None]
    single = all(len(lines) == 1 for lines in sides) and not any(
        side and side[0] in "{[" for side in (change.before, change.after)
    )
    return " → ".join(lines[0] for lines in sides) if single else ""


def _lines(change: Change, sign: str) -> Iterator[tuple[str, str]]:
    if change.of_secret:
        yield "~", ANOTHER
    elif change.before is not None and change.after is not None:
        yield from compared(json.loads(change.before), json.loads(change.after))
    else:
        content = json.loads(change.after or change.before or "{}")
        yield from ((sign, line) for line in lines_of(content)) if content else ()


def _value(mark: str, line: str, indent: str, width: int, paint: Paint) -> Iterator[str]:
    depth = len(line) - len(line.lstrip())
    rest = f"{indent}{mark} {' ' * (depth + 2)}"
    for part in folded(line.lstrip(), width, first=f"{indent}{mark} {' ' * depth}", rest=rest) or [f"{indent}{mark}"]:
        yield paint.signed(mark, part)


def _aspects(aspects: Sequence[Aspect], width: int, paint: Paint) -> Iterator[str]:
    for aspect in aspects:
        said = {"files": aspect.files, "its config": aspect.config, "runs": aspect.running}
        words = ", ".join(f"{who} {_short(str(what))}" for who, what in said.items() if what)
        for line in folded(f"{aspect.name}: {words}", width, first="  ", rest="      "):
            yield paint.yellow(line)


def _short(text: str) -> str:
    return f"{text[:_SHORT_ID]}…" if len(text) == _SCHEMATIC_ID else text


def _unknown(drifts: Sequence[NodeDrift], width: int, paint: Paint) -> Iterator[str]:
    gaps: dict[str, list[str]] = {}
    for drift in drifts:
        if isinstance(drift.changes, Unknown):
            gaps.setdefault(f"NOT KNOWN, {drift.changes.reason}", []).append(drift.hostname)
            continue
        for aspect in drift.aspects:
            if isinstance(aspect.running, Unknown):
                gaps.setdefault(f"not known, which {aspect.name} runs: {aspect.running.reason}", []).append(
                    drift.hostname
                )
    for reason, hostnames in gaps.items():
        yield ""
        for line in folded(f"{names(hostnames)}: {reason}", width, rest="    "):
            yield paint.magenta(line)


def _summary(drifts: Sequence[NodeDrift], width: int) -> Iterator[str]:
    drifting = [drift for drift in drifts if drift.drifts]
    unknown = [drift.hostname for drift in drifts if isinstance(drift.changes, Unknown)]
    same = [drift.hostname for drift in drifts if not drift.drifts and drift.hostname not in unknown]
    effects = _effects(drifts)
    if not drifting and not unknown:
        yield f"No drift: {count(len(drifts), 'node')} {_have(drifts)} what the files say."
        return
    if same:
        yield from folded(f"no drift: {names(same)}", width, rest="  ")
    words = f"{count(len(drifting), 'node')} of {len(drifts)} {'drifts' if len(drifting) == 1 else 'drift'}"
    told = [f"{many} {_told(effect, many)}" for effect, many in effects.items() if many]
    words += f": {', '.join(told)}" if told else ""
    if drifting:
        yield from folded(f"{words}.", width, rest="  ")
    if unknown:
        yield from folded(f"{count(len(unknown), 'node')} could not be read: {names(unknown)}.", width, rest="  ")


def _told(effect: Effect, many: int) -> str:
    one = many == 1
    return {
        Effect.LIVE: f"{'change applies' if one else 'changes apply'} live",
        Effect.REBOOT: "needs a reboot" if one else "need a reboot",
        Effect.NEVER: "cannot be changed",
    }[effect]


def _effects(drifts: Sequence[NodeDrift]) -> Mapping[Effect, int]:
    """Different changes, however many nodes have each."""
    changes = {thing for drift in drifts for thing in _things(drift) if isinstance(thing, Change)}
    return {effect: sum(change.effect is effect for change in changes) for effect in Effect}


def _next(drifts: Sequence[NodeDrift], only: Sequence[str]) -> str:
    words = " ".join(["", *only])
    to_apply = any(
        drift.staged is Staged.OTHER or (not isinstance(drift.changes, Unknown) and drift.changes) for drift in drifts
    )
    other_system = any(
        not aspect.agrees and not isinstance(aspect.running, Unknown) and aspect.name != "Kubernetes"
        for drift in drifts
        for aspect in drift.aspects
        if aspect.files not in {"", aspect.running}
    )
    gaps = [drift.changes for drift in drifts if isinstance(drift.changes, Unknown)]
    if gaps and not to_apply:
        return next((gap.hint for gap in gaps if gap.hint), "talops health")
    if to_apply and other_system:
        return f"talops apply{words}   # and then: talops upgrade all"
    if to_apply:
        return f"talops apply{words}"
    if other_system:
        return "talops upgrade all"
    return "talops status" if any(drift.drifts for drift in drifts) else "nothing"
