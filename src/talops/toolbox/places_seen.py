"""Whether talops may write where it has to."""

import os
from pathlib import Path

from talops.domain.doctor import Check, bad, ok

NAME = "state"


def state_folder(folder: Path) -> Check:
    """Where journals go. It need not be there yet; nothing is made now."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return ok(NAME, f"journals go to {folder}")
    why = "may not be written to" if existing.is_dir() else "is no folder"
    return bad(
        NAME, f"journals should go to {folder}, but {existing} {why}", "export XDG_STATE_HOME=/a/folder/of/yours"
    )
