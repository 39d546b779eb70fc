"""For programs: one JSON object a line, on stdout, as it happens."""

import json
from typing import TextIO

from talops.domain.event import Commanded, Event
from talops.domain.event_json import event_to_json
from talops.domain.process import Instant


class JsonRenderer:
    def __init__(self, stream: TextIO, *, show_commands: bool) -> None:
        self._stream, self._show_commands = stream, show_commands

    def handle(self, event: Event) -> None:
        if isinstance(event, Commanded) and not self._show_commands:
            return
        self._stream.write(json.dumps(event_to_json(event), separators=(",", ":")) + "\n")
        self._stream.flush()

    def tick(self, now: Instant) -> None:
        """Nothing to repaint."""

    def close(self) -> None:
        self._stream.flush()
