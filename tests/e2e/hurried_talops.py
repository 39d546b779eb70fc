"""talops with shorter pauses: the cluster of these tests lives faster than a real one.

What talops waits for, decides and says stays as it is. The first argument is how many seconds a read may take; with
GIVE_UP_SOON in the environment what does not come back is not waited for long either.
"""

import os
import sys
from dataclasses import replace
from datetime import timedelta

from talops.domain.process import Request, Wake
from talops.execute import disrupt, gatewait, giveback, lease, marks, proof, rollout, session
from talops.tools import commands, connection, kubectl

LONGEST_PAUSE = 0.3
_pause = session.Session.pause
_dispatch = kubectl.ProxyKube._dispatch


def _short_pause(self: session.Session, seconds: float) -> Wake:
    return _pause(self, min(seconds, LONGEST_PAUSE))


def give_up_soon() -> None:
    """What cannot be proven or written is not waited for long either."""
    rollout.FIRST_PATIENCE, rollout.NEXT_PATIENCE = 0.0, 4.0
    proof.PROVE_WITHIN = 4.0
    lease.PATIENCE = timedelta(seconds=4)
    giveback.GIVE_BACK_WITHIN = marks.WRITE_WITHIN = timedelta(seconds=4)


def hurry(read_seconds: float) -> None:
    session.Session.pause = _short_pause  # type: ignore[method-assign]
    rollout.FIRST_PATIENCE = 3.0
    gatewait.MAX_WAIT_UNSTABLE = timedelta(seconds=3)
    session.TERMINATE_WITHIN = timedelta(seconds=2)
    disrupt.QUIET_AFTER = disrupt.QUIET_AFTER_LEGACY = timedelta(seconds=3)
    lease.DURATION, lease.RENEW_EVERY = timedelta(seconds=4), timedelta(seconds=0.8)
    read = timedelta(seconds=read_seconds)

    def send_hurried(self: kubectl.ProxyKube, request: Request) -> connection.Sent:
        return _dispatch(self, replace(request, deadline=min(request.deadline, read)))

    kubectl.ProxyKube._dispatch = send_hurried  # type: ignore[method-assign]
    commands.TEMPLATES = {
        name: replace(template, deadline=read) if template.deadline == commands._READ else template
        for name, template in commands.TEMPLATES.items()
    }


if __name__ == "__main__":
    if os.isatty(0):
        # the leader of a session takes the first terminal that it opens for its own: so Ctrl-C reaches it
        os.close(os.open(os.ttyname(0), os.O_RDWR))
    hurry(float(sys.argv.pop(1)))
    if os.environ.pop("GIVE_UP_SOON", ""):
        give_up_soon()
    from talops.__main__ import main

    main()
