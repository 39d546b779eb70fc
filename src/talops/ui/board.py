"""What the live screen knows: one row a node, filled by events. Has no idea of a terminal."""

from dataclasses import dataclass, field

from talops.domain.components import Component
from talops.domain.event import (
    CniPlanned,
    ComponentMoved,
    Event,
    GatesJudged,
    Move,
    NodeEnded,
    NodeState,
    Planned,
    Step,
    StepStarted,
    StepWaits,
)
from talops.domain.plan import Plan
from talops.domain.process import Instant
from talops.domain.verdict import Verdict
from talops.ui.components import WORDS, cells_of, columns

OVER = {NodeState.DONE, NodeState.KEPT}
OPEN_ENDED = {NodeState.WAITING, NodeState.WORKING}


def step_text(event: StepStarted) -> str:
    """What there is to say beyond the step's own name."""
    return "" if event.text == event.step.value else event.text


@dataclass(slots=True, kw_only=True)
class Row:
    """One node. `since` is when its step began, `text` why it is kept or how its step began."""

    hostname: str
    state: NodeState = NodeState.WAITING
    step: Step | None = None
    since: Instant = 0.0
    reason: str = ""
    deadline: Instant = 0.0
    text: str = ""
    took: float = 0.0
    cells: dict[Component, str] = field(default_factory=dict)
    """What it runs of Kubernetes, where that is upgraded."""


@dataclass(slots=True, kw_only=True)
class Board:
    """Rows in the order in which the nodes are worked on. Without a plan only nodes that something happened to."""

    title: str
    rows: dict[str, Row] = field(default_factory=dict)
    whole: Row = field(default_factory=lambda: Row(hostname=""))
    """What the cluster as a whole waits for."""
    focus: str = ""
    verdicts: tuple[Verdict, ...] = ()
    began: Instant | None = None
    _moving: tuple[Row, Component, str] | None = None
    """The cell that says what is being done, and what it said before."""

    def apply(self, event: Event) -> None:
        """Events that are no state of a node (notes, commands, the end) change nothing here."""
        match event:
            case Planned():
                self._plan(event.plan)
                self.title = f"{event.cluster} to {event.plan.aim.goal(event.plan.target)}"
            case CniPlanned():
                networks = " and ".join(event.plan.found.networks)
                self.title = f"{event.cluster}: {networks or 'the CNI'}"
            case GatesJudged():
                self._judge(event)
            case ComponentMoved():
                self._move(event)
            case StepStarted():
                row = self._working(event.hostname)
                self._begin_hop(event.step)
                if row.step is not event.step:
                    row.since = event.at
                row.step, row.text, row.reason = event.step, step_text(event), ""
            case StepWaits():
                row = self._working(event.hostname)
                if row.step is not event.step:
                    row.step, row.since, row.text = event.step, event.at, ""
                row.reason, row.deadline = event.reason, event.deadline
            case NodeEnded():
                self._rest()
                row = self._working(event.hostname)
                row.state, row.took, row.text = event.state, event.took.total_seconds(), event.text
                row.reason = ""
        if isinstance(event, StepStarted | StepWaits | GatesJudged) and self.began is None:
            self.began = event.at

    def _judge(self, event: GatesJudged) -> None:
        """A row that waits for a gate shows the gate's newest words, and not those of the wait's beginning."""
        row = self.rows.get(event.hostname, self.whole)
        shut = [str(verdict) for verdict in event.verdicts if not verdict.passes]
        if shut and row.reason in map(str, self.verdicts):
            row.reason = shut[0]
        self.verdicts = event.verdicts

    @property
    def columns(self) -> dict[Component, int]:
        """Of the table of components, each with its width; empty where Kubernetes is not what is upgraded."""
        return columns(row.cells for row in self.rows.values())

    def _begin_hop(self, step: Step) -> None:
        """Every node takes part in the next one, too."""
        if step is Step.KUBERNETES:
            for row in self.rows.values():
                row.state = NodeState.WAITING if row.cells and row.state is NodeState.DONE else row.state

    def _move(self, event: ComponentMoved) -> None:
        """talosctl does one thing at a time: whatever it did before is over."""
        self._rest()
        row = self.rows.get(event.hostname)
        if row is None or event.component not in row.cells:
            # talosctl names a kube-proxy where there is none
            return
        if event.move is Move.DONE:
            row.cells[event.component] = str(event.version)
            return
        self._moving = (row, event.component, row.cells[event.component])
        row.cells[event.component], row.state = WORDS[event.move], NodeState.WORKING
        row.since, self.focus = event.at, event.hostname

    def _rest(self) -> None:
        if self._moving is not None:
            row, component, before = self._moving
            row.cells[component], row.state = before, NodeState.WAITING
            self._moving = None

    def _working(self, hostname: str) -> Row:
        """The row of the node that something happens to. Only one node is worked on at a time."""
        if not hostname:
            return self.whole
        self.whole = Row(hostname="")
        self.focus = hostname
        row = self.rows.setdefault(hostname, Row(hostname=hostname))
        row.state = NodeState.WORKING
        return row

    def _plan(self, plan: Plan) -> None:
        """What was done stays on top; a node that is at the target because it was done is not called kept."""
        self.whole = Row(hostname="")
        over = {name: row for name, row in self.rows.items() if row.state not in OPEN_ENDED}
        todo = {node.hostname: Row(hostname=node.hostname) for node in plan.steps}
        for hop in plan.hops[:1]:
            todo = {node.hostname: Row(hostname=node.hostname, cells=cells_of(node)) for node in hop.nodes}
        kept = {
            node.hostname: Row(hostname=node.hostname, state=NodeState.KEPT, text=node.why)
            for node in plan.kept
            if over.get(node.hostname) is None and node.hostname not in todo
        }
        self.rows = {name: row for name, row in over.items() if name not in todo and name not in kept} | todo | kept
