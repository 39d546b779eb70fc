"""What a person, a log or a program sees of a run. Chosen in one place; knows nothing but values of the domain."""

import sys
from typing import Protocol, assert_never

from talops.domain.cluster import Desired
from talops.domain.context import Output
from talops.domain.event import Event
from talops.domain.process import Instant


class Renderer(Protocol):
    def handle(self, event: Event) -> None:
        """Show what happened. Returns soon; raises nothing but what writing to stdout raises."""

    def tick(self, now: Instant) -> None:
        """Time has passed. May be called as often as one likes."""

    def close(self) -> None:
        """Leave the terminal as it was found, with everything said that there was to say."""


def renderer(output: Output, desired: Desired, *, show_commands: bool) -> Renderer:
    """Only LIVE imports rich: it costs a pipe or a program 60 ms that they have no use for."""
    match output:
        case Output.JSON:
            from talops.ui.jsonlines import JsonRenderer

            return JsonRenderer(sys.stdout, show_commands=show_commands)
        case Output.PLAIN:
            from talops.ui.plain import PlainRenderer

            return PlainRenderer(sys.stdout, desired, show_commands=show_commands)
        case Output.LIVE:
            from talops.ui.live import LiveRenderer

            return LiveRenderer(desired, show_commands=show_commands)
        case _:
            assert_never(output)
