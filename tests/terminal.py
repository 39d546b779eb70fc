"""A terminal for tests: what a person would see, read back through an emulator."""

import io
from collections.abc import Sequence

import pyte
from rich.console import Console

from talops.domain.cluster import Desired
from talops.domain.event import Event
from talops.ui.live import LiveRenderer


class Terminal:
    """A terminal of that size, and the renderer that writes to it. Each event comes a second after the last."""

    def __init__(self, desired: Desired, *, width: int, height: int = 100, commands: bool = False) -> None:
        self.title = desired.cluster_name
        self.written = io.StringIO()
        self.time = 0.0
        console = Console(
            file=self.written,
            force_terminal=True,
            width=width,
            height=height,
            markup=False,
            highlight=False,
            emoji=False,
        )
        self.live = LiveRenderer(desired, show_commands=commands, console=console, monotonic=lambda: self.time)
        self.emulator = pyte.Screen(width, height)

    def play(self, events: Sequence[Event]) -> None:
        for event in events:
            self.time += 1
            self.live.handle(event)

    def seen(self) -> str:
        self.emulator.reset()
        pyte.Stream(self.emulator).feed(self.written.getvalue().replace("\n", "\r\n"))
        return "\n".join(line.rstrip() for line in self.emulator.display).rstrip() + "\n"

    def table(self) -> str:
        """The screen from the table on, without the plan above it."""
        lines = self.seen().splitlines()
        start = max(number for number, line in enumerate(lines) if line.startswith(f"{self.title} to "))
        return "\n".join(lines[start:]) + "\n"
