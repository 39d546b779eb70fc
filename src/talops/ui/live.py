"""For a person at a terminal: the plan, then a table that is repainted in place, then the last words.

The only module that imports rich. Every text goes in as Text: rich must never read markup in a text of the cluster.
"""

import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.live import Live
from rich.text import Text

from talops.domain.cluster import Desired
from talops.domain.event import (
    Asked,
    CniPlanned,
    Commanded,
    ComponentMoved,
    Ended,
    Event,
    GatesJudged,
    NodeEnded,
    NodeState,
    Noted,
    Planned,
    StepStarted,
    StepWaits,
)
from talops.domain.plan import Plan
from talops.domain.process import Instant
from talops.ui.board import Board
from talops.ui.plain import replanned
from talops.ui.screen import STYLES, Line, screen, word
from talops.ui.show import show_plan
from talops.ui.show_cni import show_cni_plan
from talops.ui.summary import summary
from talops.ui.words import clean

REPAINT_EVERY = 0.25
"""Seconds of real time. In a rehearsal hours of virtual time pass in between."""


class LiveRenderer:
    """The table is on the screen from the first event of a step until the next plan (a question may follow) or the end.

    What is printed above the table waits for the next repaint: each print costs one.
    """

    def __init__(
        self,
        desired: Desired,
        *,
        show_commands: bool,
        console: Console | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desired, self._show_commands, self._monotonic = desired, show_commands, monotonic
        self._console = console or Console(markup=False, highlight=False, emoji=False)
        self._board = Board(title=desired.cluster_name)
        self._live: Live | None = None
        self._painted: tuple[Line, ...] = ()
        self._painted_at = float("-inf")
        self._now: Instant = 0.0
        self._above: list[Text] = []
        self._ended: dict[str, NodeEnded] = {}
        self._planned = False

    def handle(self, event: Event) -> None:
        self._now = event.at
        self._board.apply(event)
        match event:
            case Planned():
                self._stop(keep=False)
                self._say_plan(event.plan)
            case CniPlanned():
                self._stop(keep=False)
                self._say(Text(show_cni_plan(event.plan, event.cluster, width=self._console.width)))
            case Noted():
                self._say(_note(event))
            case Asked():
                self._stop(keep=True)
            case Commanded():
                if self._show_commands:
                    self._say(Text(f"{event.wall:%H:%M:%S} $ {clean(event.command)}", "dim"))
            case StepStarted() | StepWaits() | GatesJudged() | ComponentMoved():
                self._start()
                self.tick(event.at)
            case NodeEnded():
                self._ended[event.hostname] = event
                self.tick(event.at)
            case Ended():
                self._end(event)

    def tick(self, now: Instant) -> None:
        self._now = now
        if self._live is not None and self._monotonic() - self._painted_at >= REPAINT_EVERY:
            self._paint()

    def close(self) -> None:
        self._stop(keep=True)

    def _start(self) -> None:
        if self._live is None:
            self._live = Live(
                console=self._console,
                auto_refresh=False,
                redirect_stdout=False,
                redirect_stderr=False,
                vertical_overflow="crop",
            )
            self._painted, self._painted_at = (), float("-inf")
            self._live.start()

    def _stop(self, *, keep: bool) -> None:
        """Take the table off the screen, or leave it there as it is now; then say what still had to be said."""
        live = self._live
        if live is not None:
            if keep:
                self._paint()
            live.transient = not keep
            live.stop()
            self._live = None
            if not keep:
                self._painted = ()
        self._flush()

    def _paint(self) -> None:
        if self._live is None:
            return
        self._painted_at = self._monotonic()
        size = self._console.size
        lines = tuple(screen(self._board, self._now, width=size.width, height=max(6, size.height - 1)))
        if lines == self._painted and not self._above:
            return
        self._painted = lines
        self._live.update(_text(lines))
        if self._above:
            self._flush()  # what is printed above the table repaints it
        else:
            self._live.refresh()

    def _say(self, text: Text) -> None:
        self._above.append(text)
        if self._live is None:
            self._flush()
        else:
            self.tick(self._now)

    def _flush(self) -> None:
        """Long lines are left to the terminal to fold, so that a command can be copied in one piece."""
        if self._above:
            said, self._above = Text("\n").join(self._above), []
            self._console.print(said, soft_wrap=True)

    def _say_plan(self, plan: Plan) -> None:
        """In full the first time: the question follows. Later only what has changed, which is what is left."""
        if self._planned:
            self._say(Text(replanned(plan)))
            return
        self._planned = True
        if any(step.changes for step in plan.steps):
            # what the cluster says is cleaned of control characters: the only ones are ours
            colour = self._console.is_terminal and not self._console.no_color
            self._say(Text.from_ansi(show_plan(plan, self._desired, width=self._console.width, colour=colour)))
        else:
            self._say(Text(show_plan(plan, self._desired, width=self._console.width)))

    def _end(self, event: Ended) -> None:
        """The table that stays says how long each node took, unless some rows were not on it."""
        self._stop(keep=True)
        whole = all(any(f" {hostname} " in line.text for line in self._painted) for hostname in self._ended)
        happened, *rest = summary(event, self._ended, each_node=not whole, width=self._console.width)
        style = STYLES[word(NodeState.DONE)] if event.exit == 0 else "bold red"
        self._say(Text(""))
        self._say(Text(happened, style))
        self._say(Text("\n".join(rest)))


def _note(event: Noted) -> Text:
    where = f"{event.hostname}: " if event.hostname else ""
    start = "warning: " if event.warning else ""
    return Text(f"{start}{where}{clean(event.text)}", "yellow" if event.warning else "")


def _text(lines: Sequence[Line]) -> Text:
    text = Text(no_wrap=True, overflow="crop", end="")
    for number, line in enumerate(lines):
        text.append(("\n" if number else "") + line.text, line.style or None)
    return text
