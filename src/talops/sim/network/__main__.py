"""The process of a sandbox: `python -m talops.sim.network FOLDER`, with its orders on stdin. It says when it is ready.

The folder's lock is inherited: it is held as long as this process lives, however that ends.
"""

import asyncio
import json
import os
import pickle
import sys
from pathlib import Path

from talops.domain.sandbox import Orders
from talops.errors import TalopsError
from talops.sim.network.process import leave, serve


def main() -> int:
    folder = Path(sys.argv[1])
    # the pipe is from the talops that started us, and nobody else writes there
    orders = pickle.load(sys.stdin.buffer)  # noqa: S301
    assert isinstance(orders, Orders)
    os.umask(0o077)
    os.chdir(folder)
    Path("lock").write_text(f"{os.getpid()}\n")
    try:
        asyncio.run(serve(orders, folder, lambda: _say({"ok": None})))
    except TalopsError as error:
        _say({"error": error.what, "hint": error.hint, "exit": int(error.exit)})
    leave(folder)
    return 0


def _say(answer: object) -> None:
    """The one line that is waited for; then nobody listens any more."""
    print(json.dumps(answer), flush=True)  # noqa: T201
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nowhere, number)
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
