"""How a rollout stops before its end."""

from talops.domain.event import NodeState
from talops.errors import Exit, TalopsError


class NodeStopped(TalopsError):
    """A node could not be taken through. Carries the state in which it was observed to be left."""

    def __init__(self, hostname: str, state: NodeState, what: str, *, hint: str, exit: Exit = Exit.FAILED) -> None:
        super().__init__(what, hint=hint)
        self.hostname = hostname
        self.state = state
        self.exit = exit


class StopRequested(Exception):
    """Ctrl-C or SIGTERM, while nothing is half done."""


class StopNow(Exception):
    """Ctrl-C twice, or SIGTERM past its deadline: stop waiting, restore what is safe, say the rest."""

    def __init__(self, exit: Exit) -> None:
        super().__init__(exit.name)
        self.exit = exit
