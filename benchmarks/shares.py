"""Where the time of a rollout goes: what the cluster took, what was waited on purpose, the tools, and talops itself.

The cluster's share of a step is the time from its beginning to the moment at which what it waits for had come true, as
the sandbox's history tells. What a gate needs is part of that: two polls of Rook's operator after all was whole.

The tools' share is what the laws of a rollout cannot do without, however often talops looks: the upgrade itself, one
look at everything between two nodes, one at the gates and the node as the last proof, one at the node that is back, and
one at the gates after it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from talops.domain.sandbox import SandboxEvent

WINDOW = 1.0
"""Seconds: `stability: {window: 1s}` in the talops.yaml of the measurement."""
NEWS = 2
"""Polls of Rook's operator that a gate after a node asks for."""
CLUSTER, WINDOWS, TOOLS, TALOPS = "cluster", "windows", "tools", "talops"


@dataclass(frozen=True, slots=True)
class Bare:
    """Seconds that the tools take by themselves, measured in the same run on the same sandbox.

    `head` and `tail`: talosctl, for an upgrade, before its first call and after the node is on again. `everything`,
    `gates`, `node`: talosctl, for all that one look at these asks, side by side.
    """

    head: float
    tail: float
    everything: float
    gates: float
    node: float


@dataclass(frozen=True, slots=True)
class Span:
    """A step of one node, in seconds since the epoch."""

    step: str
    begin: float
    end: float


@dataclass(slots=True)
class Split:
    """Seconds by step and share."""

    seconds: dict[tuple[str, str], float] = field(default_factory=dict)

    def add(self, step: str, whole: float, **shares: float) -> None:
        """The rest of the whole is talops' own."""
        for share, taken in {**shares, TALOPS: whole - sum(shares.values())}.items():
            self.seconds[step, share] = self.seconds.get((step, share), 0.0) + taken

    def of(self, share: str) -> float:
        return sum(taken for (_, found), taken in self.seconds.items() if found == share)

    def table(self, nodes: int) -> Iterator[str]:
        """Seconds a node."""
        shares = (CLUSTER, WINDOWS, TOOLS, TALOPS)
        yield "     " + f"{'seconds a node':<24}" + "".join(f"{share:>10}" for share in shares)
        for step in dict.fromkeys(step for step, _ in self.seconds):
            cells = (self.seconds.get((step, share), 0.0) / nodes for share in shares)
            yield "     " + f"{step:<24}" + "".join(f"{cell:>10.2f}" for cell in cells)
        yield "     " + f"{'all':<24}" + "".join(f"{self.of(share) / nodes:>10.2f}" for share in shares)


def spans(events: Sequence[Mapping[str, object]]) -> Iterator[tuple[str, Sequence[Span]]]:
    """The nodes of a run in order, each with its steps; `talosctl` is what lies between its call and what is ready."""
    hostname, begun = "", list[tuple[str, float]]()
    for event in events:
        at = seconds(str(event["wall"]))
        match event["event"]:
            case "step_started" if event["hostname"]:
                hostname = str(event["hostname"])
                step = {"boot": "upgrade", "verify": "upgrade"}.get(str(event["step"]), str(event["step"]))
                if not begun or begun[-1][0] != step:
                    begun.append((step, at))
            case "node_ended":
                ends = [*(begin for _, begin in begun[1:]), at]
                yield hostname, [Span(step, begin, end) for (step, begin), end in zip(begun, ends, strict=True)]
                begun = []


def split(
    nodes: Sequence[tuple[str, Sequence[Span]]],
    history: Sequence[SandboxEvent],
    bare: Bare,
    *,
    began: float,
    end: float,
) -> Split:
    """Every second between the beginning and the end of the command has its place."""
    found, free = Split(), began
    for number, (hostname, steps) in enumerate(nodes):
        name, looks = ("before the first node", 2) if number == 0 else ("between nodes", 1)
        found.add(name, steps[0].begin - free, **{TOOLS: looks * bare.everything})
        for span in steps:
            found.add(span.step, span.end - span.begin, **_shares(span, hostname, history, bare, first=number == 0))
        free = steps[-1].end
    found.add("after the last node", end - free, **{TOOLS: bare.everything})
    return found


def _shares(
    span: Span, hostname: str, history: Sequence[SandboxEvent], bare: Bare, *, first: bool
) -> Mapping[str, float]:
    within = [event for event in history if span.begin <= seconds(event["at"]) <= span.end]
    here = [event for event in within if event["node"] == hostname]
    match span.step:
        case "gates" if first:
            return {WINDOWS: min(WINDOW, span.end - span.begin)}
        case "databases":
            return {
                CLUSTER: max([0.0, *(seconds(one["at"]) - span.begin for one in within if one["what"] == "primary")])
            }
        case "drain":
            return {CLUSTER: _draining(span, within, hostname)}
        case "upgrade":
            return _upgrading(here, bare)
        case "settle":
            return _settling(span, history, bare)
        case "last proof":
            return {TOOLS: bare.gates + bare.node}
    return {}


def _draining(span: Span, within: Sequence[SandboxEvent], hostname: str) -> float:
    """While a pod ends, or a budget does not allow it to."""
    leaving, covered, until = {}, 0.0, span.begin
    intervals = [(span.begin, seconds(one["at"])) for one in within if one["what"] == "budget-open"]
    for event in within:
        if event["node"] == hostname and event["what"] == "pod-leaving":
            leaving[event["text"]] = seconds(event["at"])
        if event["node"] == hostname and event["what"] == "pod-gone":
            intervals.append((leaving.get(event["text"], span.begin), seconds(event["at"])))
    for begin, end in sorted(intervals):
        covered += max(0.0, end - max(begin, until))
        until = max(until, end)
    return covered


def _upgrading(here: Sequence[SandboxEvent], bare: Bare) -> Mapping[str, float]:
    """From talosctl's start until it has ended and Kubernetes says Ready."""
    called = first(here, "called")
    on = max(seconds(one["at"]) for one in here if one["what"] == "on")
    ready = max(seconds(one["at"]) for one in here if one["what"] == "ready")
    tools = bare.head + max(0.0, on + bare.tail - max(ready, on)) + bare.node
    return {CLUSTER: max(ready, on) - called, TOOLS: tools}


def _settling(span: Span, history: Sequence[SandboxEvent], bare: Bare) -> Mapping[str, float]:
    """All is whole when the last of it has come true; then the window and the polls pass side by side."""
    whole = max([span.begin, *_wholes(span, history)])
    polls = [at for one in history if one["what"] == "ceph" and (at := seconds(one["at"])) > whole]
    until = max(whole + WINDOW, *polls[NEWS - 1 : NEWS])
    return {WINDOWS: WINDOW, CLUSTER: min(until, span.end) - span.begin - WINDOW, TOOLS: bare.gates}


def _wholes(span: Span, history: Sequence[SandboxEvent]) -> Iterator[float]:
    """When Ceph was shown to be whole again, Rook had ended its drain, and every instance of Postgres was ready."""
    shown = ""
    for event in history:
        at = seconds(event["at"])
        if at > span.end:
            return
        match event["what"]:
            case "ceph":
                if event["text"] != shown:
                    yield at
                shown = event["text"]
            case "budget-gone" | "budget-new" | "postgres" | "ready":
                yield at


def first(events: Sequence[SandboxEvent], what: str) -> float:
    """When that happened first. Raises ValueError when it did not."""
    return min(seconds(event["at"]) for event in events if event["what"] == what)


def seconds(stamp: str) -> float:
    """Since the epoch, of ISO 8601."""
    return datetime.fromisoformat(stamp).timestamp()
