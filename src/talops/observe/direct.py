"""Asking each node by a way of its own, so that one that says nothing costs its own answer and nobody else's.

talosctl takes any endpoint of the talosconfig, and waits 20 s for one that takes connections and says nothing. Here
a control plane is asked at its own endpoint, and what is silent there is asked once more by way of one that answered
somebody. Both take seconds, whoever is dead.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
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
Question = tuple[DesiredNode, str, Sequence[Make]]
"""A node, the way to it, and what it is asked."""
_BREATH = 16
"""Calls of a second round that go out at once: as many as run side by side."""


def ask_directly(
    nodes: Sequence[DesiredNode],
    makes: Sequence[Make],
    desired: Desired,
    tools: Tools,
    *,
    second: Sequence[Make] = (),
) -> Mapping[str, tuple[Result, ...]]:
    """By hostname, the results of these questions in their order. Side by side, in one round or two.

    The questions of `second` are put to those only that have not answered all of the others.
    """
    heard = _ask([(node, own_way(node, desired, tools.talosctl), makes) for node in nodes], tools, _FIRST)
    alive = [own_way(node, desired, tools.talosctl) for node in nodes if _spoke(heard[node.hostname])]
    again = list(_left_open(nodes, heard, makes, second, desired, tools.talosctl))
    breath = max(1, _BREATH // (len(makes) + len(second)))
    for at in range(0, len(again), breath):
        anew = _ask(again[at : at + breath], tools, _AGAIN if alive else _PATIENT)
        for hostname, results in anew.items():
            heard[hostname] = _put_together(heard[hostname], results, asked_first=len(results) - len(second))
        if not alive and not any(map(_spoke, anew.values())):
            # the others would not answer either, and everybody would be waited for
            break
    return heard


def _left_open(
    nodes: Sequence[DesiredNode],
    heard: Mapping[str, tuple[Result, ...]],
    makes: Sequence[Make],
    second: Sequence[Make],
    desired: Desired,
    talosctl: Talosctl,
) -> Iterator[Question]:
    """Everything, by another way, for nodes that said nothing; for the others what was not asked before."""
    alive = [own_way(node, desired, talosctl) for node in nodes if _spoke(heard[node.hostname])]
    for node in nodes:
        way, results = own_way(node, desired, talosctl), heard[node.hostname]
        other = "" if _spoke(results) else _other_way(node, way, alive, talosctl.endpoints)
        if other:
            yield node, other, (*makes, *second)
        elif second and not all(result.ok for result in results):
            yield node, way, second


def _put_together(first: tuple[Result, ...], anew: tuple[Result, ...], *, asked_first: int) -> tuple[Result, ...]:
    again, more = anew[:asked_first], anew[asked_first:]
    return (*map(_more_telling, first, again), *first[len(again) :], *more)


def _ask(questions: Sequence[Question], tools: Tools, within: timedelta) -> dict[str, tuple[Result, ...]]:
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
    """Whether anything came by this way; without a talosctl there is nothing to come."""
    return any(map(_is_answer, results)) or all(result.end is End.NOT_FOUND for result in results)


def _is_answer(result: Result) -> bool:
    """A complaint about a node is an answer of the endpoint."""
    return result.end is End.EXITED and (result.ok or bool(complaints(result.stderr)))


def _more_telling(first: Result, second: Result) -> Result:
    """Why the node's own way is closed says more than why another one is."""
    return second if _is_answer(second) or first.end is not End.EXITED else first
