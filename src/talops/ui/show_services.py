"""`talops services` as text and as JSON."""

from collections.abc import Iterator, Sequence

from talops.domain.services import NodeServices
from talops.domain.talos import ServiceState, Unknown, most_telling
from talops.domain.words import count, duration
from talops.ui.colours import Paint
from talops.ui.show_health import SCHEMA
from talops.ui.words import folded, names

_MARK, _NO_MARK = "! ", "  "


def show_services(nodes: Sequence[NodeServices], *, width: int = 80, colour: bool = False) -> str:
    """A paragraph a node; what is not well is marked, and said again at the end."""
    paint = Paint(on=colour)
    wide = max((len(state.id) for node in nodes for state in _known(node)), default=0)
    longest = max((len(state.state) for node in nodes for state in _known(node)), default=0)
    lines = []
    for node in nodes:
        lines += [*_node(node, wide, longest, width, paint), ""]
    return "\n".join([*lines, *_end(nodes, width, paint)])


def _known(node: NodeServices) -> tuple[ServiceState, ...]:
    return () if isinstance(node.states, Unknown) else node.states


def _node(node: NodeServices, wide: int, longest: int, width: int, paint: Paint) -> Iterator[str]:
    start = f"{node.hostname}  {node.role.value}  {node.address}"
    yield paint.bold(start)
    if isinstance(node.states, Unknown):
        yield from map(paint.red, folded(f"DOES NOT ANSWER: {node.states.reason}", width, first=_MARK, rest="    "))
        return
    for name in node.missing:
        yield paint.red(f"{_MARK}{name:<{wide}}  NOT LISTED: it does not run")
    for state in sorted(node.states, key=lambda state: state.well):
        since = "-" if state.since is None else duration(state.since)
        cells = f"{state.id:<{wide}}  {state.state:<{longest}}  {state.health:<4}  {since:>8}"
        mark = _NO_MARK if state.well else _MARK
        rest = " " * (len(mark) + len(cells) + 2)
        lines = folded(state.event or "-", width, first=f"{mark}{cells}  ", rest=rest)
        yield from lines if state.well else map(paint.red, lines)


def _end(nodes: Sequence[NodeServices], width: int, paint: Paint) -> Iterator[str]:
    bad = [node for node in nodes if not node.well]
    if not bad:
        many = sum(len(_known(node)) for node in nodes)
        yield f"All well: {count(many, 'service')} on {count(len(nodes), 'node')}."
        return
    for node in bad:
        words = "does not answer" if isinstance(node.states, Unknown) else names(_names(node))
        yield from map(paint.red, folded(f"NOT WELL on {node.hostname}: {words}", width, rest="    "))
    yield f"next: {_next(bad)}"


def _names(node: NodeServices) -> list[str]:
    return [*node.missing, *(f"{state.id} ({state.state}, {state.health})" for state in node.unwell)]


def _next(nodes: Sequence[NodeServices]) -> str:
    """Where a node says what is not well with it, that comes first."""
    node = next((one for one in nodes if not isinstance(one.states, Unknown)), nodes[0])
    if isinstance(node.states, Unknown):
        gaps = [one.states for one in nodes if isinstance(one.states, Unknown)]
        return most_telling(gaps).hint or f"talosctl -n {node.address} version"
    bad = [*node.missing, *(state.id for state in node.unwell)]
    return "talops etcd recover" if "etcd" in bad else f"talosctl -n {node.address} logs {bad[0]} --tail 50"


def services_to_json(nodes: Sequence[NodeServices]) -> dict[str, object]:
    """Keys are an interface: they are added, never renamed. `services` is null where a node does not answer."""
    return {
        "schema": SCHEMA,
        "well": all(node.well for node in nodes),
        "nodes": [
            {
                "hostname": node.hostname,
                "role": node.role.value,
                "address": node.address,
                "well": node.well,
                "silence": node.states.reason if isinstance(node.states, Unknown) else "",
                "missing": list(node.missing),
                "services": None if isinstance(node.states, Unknown) else [_state(state) for state in node.states],
            }
            for node in nodes
        ],
    }


def _state(state: ServiceState) -> dict[str, object]:
    return {
        "id": state.id,
        "state": state.state,
        "health": state.health,
        "since_seconds": None if state.since is None else int(state.since.total_seconds()),
        "event": state.event,
        "well": state.well,
    }
