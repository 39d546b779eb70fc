"""Swaps one folder in for another, and is killed right before a certain step on the file system.

Arguments: the folder that holds `place`, `new` or `rename` for how, the number of the step.
"""

import ctypes  # noqa: F401  # its own steps are not counted
import os
import signal
import sys
from pathlib import Path

from talops.files import swap

STEPS = {"os.rename", "os.link", "os.mkdir", "os.rmdir", "os.remove", "open", "shutil.rmtree", "ctypes.dlopen"}


def main() -> None:
    root, way, last = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    if way == "rename":
        # a file system that cannot exchange folders
        vars(swap)["exchange"] = lambda _one, _other: False
    seen = 0

    def killed(event: str, _arguments: object) -> None:
        nonlocal seen
        if event in STEPS:
            seen += 1
            if seen > last:
                os.kill(os.getpid(), signal.SIGKILL)

    place = root / "place"
    sys.addaudithook(killed)
    with swap.locked(place), swap.beside(place) as folder:
        for name in ("a", "b"):
            (folder / name).write_text("new")
        swap.swap_in(folder, place, lambda name: name == "foreign")


main()
