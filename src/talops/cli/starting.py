"""`talops init --new NAME [DIR]`: a new repository, and what to do with it next."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from talops.domain.context import Context
from talops.domain.tool import Watcher
from talops.tools.sops import OWN_KEY

if TYPE_CHECKING:
    from talops.files.starter import Starter


def start_repository(context: Context, name: str, folder: str | None, watcher: Watcher, *, offline: bool) -> None:
    """Make it and say what it is. Raises what `wiring.starting` raises."""
    from talops.wiring.starting import equip, start

    starter = start(context, name, folder, watcher, offline=offline)
    try:
        if not offline:
            equip(context, starter, watcher)
    finally:
        # the repository is there, whatever kept a tool out
        watcher.said(told(starter, here=Path.cwd()))


def told(starter: "Starter", *, here: Path) -> str:
    """The last words, of which the first are about the key: nobody can replace it."""
    where = starter.folder.relative_to(here) if starter.folder.is_relative_to(here) else starter.folder
    lines = [f"{where}: a new repository for the cluster {starter.name}", "", *_key(starter), "", "next:"]
    equipped = (starter.folder / "talops.lock").exists()
    steps = (
        (f"cd {shlex.quote(str(where))} && git init", ""),
        *(() if equipped else (("talops init", "the tools that the cluster needs"),)),
        ("$EDITOR talconfig.yaml", "the addresses and disks of your machines"),
        ("talops validate && talops gen config", ""),
    )
    lines += [f"  {command}{f'   # {why}' if why else ''}" for command, why in steps]
    return "\n".join(lines)


def _key(starter: "Starter") -> list[str]:
    if starter.new:
        return [
            f"its key: {OWN_KEY} in that folder, for {starter.key.recipient}",
            "  BACK IT UP NOW, away from this machine: it is the only way to read the secrets of this cluster, and",
            "  git ignores it. Nobody can make it a second time.",
        ]
    others = f", the first of {starter.key.others + 1} keys there" if starter.key.others else ""
    return [
        f"its key: the one that sops finds in {starter.key.place}{others}, for {starter.key.recipient}",
        "  It is the only way to read the secrets of this cluster: is there a copy away from this machine?",
    ]
