"""For logs and pipes: one dated line for each thing that happens, never wrapped, never coloured."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TextIO

from talops.domain.cluster import Desired
from talops.domain.components import spoken
from talops.domain.event import (
    CniPlanned,
    Commanded,
    ComponentMoved,
    Ended,
    Event,
    GatesJudged,
    Move,
    NodeEnded,
    NodeState,
    Noted,
    Planned,
    Step,
    StepStarted,
    StepWaits,
)
from talops.domain.machineconfig import Change
from talops.domain.plan import Aim, ApplyNode, Plan, PlannedStep, UpgradeKubernetes, UpgradeNode
from talops.domain.process import Instant
from talops.domain.verdict import Verdict
from talops.ui.board import step_text
from talops.ui.show import MODES, by_talosctl
from talops.ui.show_cni import show_cni_plan
from talops.ui.summary import summary
from talops.ui.words import clean, duration, names

WIDEST_HOSTNAME = 32
CLUSTER = "-"
"""Stands where the hostname stands in what concerns no single node."""


class PlainRenderer:
    """Writes as it happens and flushes each line: whoever follows the log sees it at once."""

    def __init__(self, stream: TextIO, desired: Desired, *, show_commands: bool) -> None:
        self._stream, self._show_commands = stream, show_commands
        self._wide = min(max((len(node.hostname) for node in desired.nodes), default=1), WIDEST_HOSTNAME)
        self._judged: tuple[Verdict, ...] = ()
        self._ended: dict[str, NodeEnded] = {}
        self._planned = False

    def handle(self, event: Event) -> None:
        match event:
            case Commanded():
                if self._show_commands:
                    self._write(f"{stamp(event.wall)}  $ {clean(event.command)}")
            case Ended():
                for line in summary(event, self._ended):
                    self._write(line)
            case _:
                for hostname, label, text in self._lines(event):
                    line = f"{stamp(event.wall)}  {hostname or CLUSTER:<{self._wide}}  {label:<10}  {clean(text)}"
                    self._write(line.rstrip())

    def tick(self, now: Instant) -> None:
        """Nothing to repaint."""

    def close(self) -> None:
        self._stream.flush()

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()

    def _lines(self, event: Event) -> list[tuple[str, str, str]]:
        """(hostname, label, text) of each line."""
        match event:
            case Planned():
                again, self._planned = self._planned, True
                return _replanned(event.plan) if again else _planned(event)
            case CniPlanned():
                shown = show_cni_plan(event.plan, event.cluster, width=1000)
                return [("", "plan", line) for line in shown.splitlines() if line]
            case GatesJudged():
                before, self._judged = self._judged, event.verdicts
                return [(event.hostname, "gates", text) for text in gate_lines(before, event.verdicts)]
            case StepStarted():
                return [(event.hostname, event.step.value, step_text(event))]
            case StepWaits() if event.reason in map(str, self._judged):
                return []  # the line of the gate has said it
            case StepWaits():
                within = f" (gives up in {duration(event.deadline - event.at)})"
                return [(event.hostname, event.step.value, f"waits: {event.reason}{within}")]
            case ComponentMoved():
                # what it waits for meanwhile is said by a line of its own
                done = f"{event.component.value} {event.version}: {event.move.value}"
                return [(event.hostname, Step.KUBERNETES.value, done)] if event.move is Move.DONE else []
            case NodeEnded():
                self._ended[event.hostname] = event
                return [(event.hostname, *_node_ended(event))]
            case Noted():
                return [(event.hostname, "WARNING" if event.warning else "note", event.text)]
            case _:
                return []


def stamp(wall: datetime) -> str:
    return f"{wall.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def gate_lines(before: Sequence[Verdict], now: Sequence[Verdict]) -> list[str]:
    """The gates that do not pass and whose words are new; one line for all when every gate passes."""
    shut = [verdict for verdict in now if not verdict.passes]
    if now and not shut:
        was_open = bool(before) and all(verdict.passes for verdict in before)
        return [] if was_open else ["every gate is open: " + "; ".join(map(str, now))]
    said = set(map(str, before))
    opened = [f"{v.gate} {v.state.value} again" for v in now if v.passes and _was_shut(v.gate, before)]
    return [text for text in [*map(str, shut), *opened] if text not in said]


def _was_shut(gate: str, before: Sequence[Verdict]) -> bool:
    return any(verdict.gate == gate and not verdict.passes for verdict in before)


def _node_ended(event: NodeEnded) -> tuple[str, str]:
    """The reason that it was left for is in the summary, which follows at once."""
    took = duration(event.took)
    if event.state is NodeState.DONE:
        return "done", f"took {took}" + (f"; {event.text}" if event.text else "")
    return "LEFT", f"{event.state.value}, after {took}" + (f": {event.text}" if event.text else "")


def _planned(event: Planned) -> list[tuple[str, str, str]]:
    plan, total = event.plan, len(event.plan.steps)
    do, aim = "upgrade" if plan.aim is Aim.UPGRADE else "do", plan.aim.goal(plan.target)
    lines = [("", "plan", f"cluster {event.cluster} to {aim}: {total} to {do}, run {event.run}")]
    lines += [("", "plan", f"runs now: {spoken(hop.nodes)}") for hop in plan.hops[:1]]
    for number, step in enumerate(plan.steps, 1):
        hostname = "" if isinstance(step, UpgradeKubernetes) else step.hostname
        lines.append((hostname, "plan", f"{number} of {total}: {_step(step)} ({'; '.join(step.why)})"))
        lines += [(hostname, "change", change_line(change)) for change in step.changes]
        lines += [(hostname, "WARNING", warning) for warning in step.warnings]
    lines += [(kept.hostname, "plan", f"kept: {kept.why}") for kept in plan.kept]
    return lines + [("", "WARNING", warning) for warning in plan.warnings]


def _step(step: PlannedStep) -> str:
    match step:
        case UpgradeNode():
            return f"{step.role.value}, {step.from_version} to {step.version} with {step.image}"
        case ApplyNode():
            return f"{step.role.value}, {MODES[step.mode]}"
        case UpgradeKubernetes():
            return f"{by_talosctl(step)}, every node from {step.from_version} to {step.version}"


def _replanned(plan: Plan) -> list[tuple[str, str, str]]:
    return [("", "plan", replanned(plan))]


def replanned(plan: Plan) -> str:
    do = "upgrade" if plan.aim is Aim.UPGRADE else "do"
    return f"a new plan, still to {do}: {names([step.name for step in plan.steps])}"


def change_line(change: Change) -> str:
    """Both sides are redacted."""
    where = f"{change.document}: {change.path}" if change.path else change.document
    if change.of_secret:
        return f"{where}: a secret that differs"
    return f"{where}: {change.before or 'nothing'} -> {change.after or 'nothing'}"
