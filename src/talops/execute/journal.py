"""The journal of a run: one JSON line an event, on disk before the next thing happens. It never decides."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from talops.domain.event import Commanded, Ended, Event, Noted
from talops.domain.event_json import event_to_json
from talops.tools.homes import expanded


def journal_path(cluster: str, run: str, environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/talops/CLUSTER/RUN.jsonl`, with the default of the XDG base directory specification."""
    state = environ.get("XDG_STATE_HOME") or Path(environ.get("HOME") or expanded("~")) / ".local" / "state"
    safe = "".join(char if char.isalnum() or char in "-_." else "_" for char in cluster) or "cluster"
    return Path(state) / "talops" / safe / f"{run}.jsonl"


class Journal:
    """Appends events to a file of the owner alone. A full or read-only disk is said once and stops nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""
        self._file: int | None = None

    def write(self, event: Event) -> tuple[Event, ...]:
        """Returns the event, preceded by a warning when this is the moment at which the journal was lost."""
        if isinstance(event, Commanded) or self.problem:
            # the last words must not send anybody to a file that ends in the middle, or was never there
            return (replace(event, journal="") if isinstance(event, Ended) else event,)
        line = json.dumps(event_to_json(event), separators=(",", ":")) + "\n"
        try:
            if self._file is None:
                for folder in (self.path.parent.parent, self.path.parent):
                    # one by one: mkdir gives its mode to the last one only
                    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.write(self._file, line.encode())
            os.fsync(self._file)
        except OSError as error:
            self.problem = f"the journal {self.path} cannot be written: {error.strerror}"
            return (Noted(at=event.at, wall=event.wall, text=self.problem, warning=True), event)
        return (event,)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
