"""An Image Factory that was silent a moment ago is not asked again where there is nothing else to do.

On a train every run would wait for it until its deadline.
"""

import contextlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path

from talops.tools.pins import write_private

LASTS = 300.0
"""Seconds."""


def said_before(asked: Collection[str], place: Path, now: float) -> tuple[str, ...]:
    """What was said of it; nothing when it is to be asked. `now` in seconds since 1970."""
    try:
        if not 0 <= now - place.stat().st_mtime < LASTS:
            return ()
        found = json.loads(place.read_bytes())
        return tuple(map(str, found["said"])) if set(asked) <= set(found["asked"]) else ()
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def remember(asked: Collection[str], said: Sequence[str], place: Path) -> None:
    """Nothing said: it has answered. Where there is no place for it, it is asked again the next time."""
    with contextlib.suppress(OSError):
        place.unlink(missing_ok=True)
        if said:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(place, json.dumps({"asked": sorted(asked), "said": list(said)}).encode())
