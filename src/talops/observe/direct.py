"""Asking each node by a way of its own, so that one that says nothing costs its own answer and nobody else's.

talosctl takes any endpoint of the talosconfig, and waits 20 s for one that takes connections and says nothing. Here
a control plane is asked at its own endpoint, and what is silent there is asked once more by way of one that answered
somebody. Both take seconds, whoever is dead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.process import Call, End, Result
from talops.observe.edges import Tools
from talops.tools.answers import complaints
from talops.tools.calls import Talosctl
from talops.tools.endpoints import host_of

_FIRST = timedelta(seconds=1.5)
_AGAIN = timedelta(seconds=1.5)
_PATIENT = timedelta(seconds=6)
"""Where nobody has answered at all: it may be a slow way to all of them."""
Make = Callable[[Talosctl, str], Call]
"""One question to one node."""


def ask_directly(
    nodes: Sequence[DesiredNode],
    makes: Sequence[Make],
    desired: Desired,
    tools: Tools,
    *,
    second: Sequence[Make] = (),
) -> Mapping[str, tuple[Result, ...]]:
    """By hostname, the results of these questions in their order. Everything side by side, in one round or two.

    The questions of `second` are put to those only that have not answered all of the others.
    """
    ways = {node.hostname: own_way(node, desired, tools.talosctl) for node in nodes}
    heard = _ask([(node, ways[node.hostname], makes) for node in nodes], tools, _FIRST)
    alive = [ways[hostname] for hostname, results in heard.items() if _spoke(results)]
    again: list[tuple[DesiredNode, str, Sequence[Make]]] = []
    for node in nodes:
        way = ways[node.hostname]
        if not _spoke(heard[node.hostname]):
            other = _other_way(node, way, alive, tools.talosctl.endpoints)
            again += [(node, other, (*makes, *second))] if other else []
        elif second and not all(result.ok for result in heard[node.hostname]):
            again.append((node, way, second))
    for hostname, results in _ask(again, tools, _AGAIN if alive else _PATIENT).items():
        first = heard[hostname]
        anew = len(results) - len(second)
        heard[hostname] = (*map(_more_telling, first, results[:anew]), *first[anew:], *results[anew:])
    return heard


def _ask(
    questions: Sequence[tuple[DesiredNode, str, Sequence[Make]]], tools: Tools, within: timedelta
) -> dict[str, tuple[Result, ...]]:
    """To each node by its way."""
    calls = [
        replace(make(tools.talosctl.by_way_of(way), node.addresses[0]), deadline=within)
        for node, way, makes in questions
        for make in makes
    ]
    results = iter(tools.runner.gather(calls) if calls else ())
    return {node.hostname: tuple(next(results) for _ in makes) for node, _, makes in questions}


def own_way(node: DesiredNode, desired: Desired, talosctl: Talosctl) -> str:
    """The endpoint that is the node itself; where none is (a tunnel, a virtual address), the nth for the nth node.

    A practice cluster has one for each control plane, in their order.
    """
    order = [one.hostname for one in (*desired.control_planes, *desired.nodes)]
    own = [endpoint for endpoint in talosctl.endpoints if _is_of(endpoint, node)]
    endpoints = own or talosctl.endpoints
    return endpoints[order.index(node.hostname) % len(endpoints)] if endpoints else node.addresses[0]


def _is_of(endpoint: str, node: DesiredNode) -> bool:
    host = host_of(endpoint)
    return host in node.addresses or host.partition(".")[0] == node.hostname


def _other_way(node: DesiredNode, tried: str, alive: Sequence[str], endpoints: Sequence[str]) -> str:
    """One that has answered somebody, else any that was not tried for this node; empty when there is none."""
    return next((way for way in alive or (*endpoints, node.addresses[0]) if way != tried), "")


def _spoke(results: Sequence[Result]) -> bool:
    """Whether anything came by this way. A complaint about a node is an answer of the endpoint."""
    return any(result.end is End.EXITED and (result.ok or complaints(result.stderr)) for result in results) or all(
        result.end is End.NOT_FOUND for result in results
    )


def _more_telling(first: Result, second: Result) -> Result:
    return first if second.end is not End.EXITED and first.end is End.EXITED else second
