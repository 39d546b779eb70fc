"""What was in clusterconfig/ before: what was generated goes with its node, what somebody else put there stays."""

from collections.abc import Callable
from pathlib import Path

from talops.files.stamp import STAMP, Stamp, read_stamp
from talops.files.swap import GITIGNORE
from talops.tools.talhelper import is_machine_config

TALOSCONFIG = "talosconfig"


def is_foreign(place: Path, cluster: str) -> Callable[[str], bool]:
    """Tells of a relative name whether neither talops nor talhelper has written it, as far as that can be known."""
    ours = {STAMP, GITIGNORE, TALOSCONFIG} | _listed(place, read_stamp(place))

    def foreign(name: str) -> bool:
        if name in ours:
            return False
        # talhelper's own name for it, and it is one
        alike = "/" not in name and name.startswith(f"{cluster}-") and name.endswith(".yaml")
        return not (alike and is_machine_config(place / name))

    return foreign


def _listed(place: Path, stamp: Stamp | None) -> set[str]:
    """What the stamp says; else what talhelper has written into its .gitignore, which is a list of its files."""
    if stamp is not None:
        return set(stamp.outputs)
    try:
        lines = (place / GITIGNORE).read_text("utf-8", "replace").splitlines()
    except OSError:
        return set()
    return {line for line in lines if is_machine_config(place / line)}
