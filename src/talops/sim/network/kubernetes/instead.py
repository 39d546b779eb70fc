"""What an API server may do with every request instead of answering it."""

from enum import Enum

from talops.sim.kube import statuses
from talops.sim.kube.asked import Asked
from talops.sim.kube.statuses import Reply

_SERVER = "Internal error occurred: the embedded API server was told to fail"


class Instead(Enum):
    """`MUTE` accepts and never answers; `REFUSE` accepts no connection."""

    UNAUTHORIZED = 401
    FORBIDDEN = 403
    BUSY = 429
    BROKEN = 500
    UNAVAILABLE = 503
    MUTE = "mute"
    REFUSE = "refuse"


def unauthorized() -> Reply:
    return statuses.failure(401, "Unauthorized", "Unauthorized")


def no_path(asked: Asked, path: str) -> Reply:
    """RBAC refuses a path that is no resource."""
    message = f'forbidden: User "{asked.user.name}" cannot {asked.verb} path "{path}"'
    return statuses.failure(403, "Forbidden", message, {})


def busy() -> Reply:
    """Priority and fairness answer without a Status; the caller adds `Retry-After`."""
    return 429, b"Too many requests, please try again later.\n"


def broken() -> Reply:
    return statuses.failure(500, "InternalError", _SERVER, {"causes": [{"message": _SERVER}]})


def unavailable() -> Reply:
    message = "the server is currently unable to handle the request"
    return statuses.failure(503, "ServiceUnavailable", message)
