"""What an API server says of its own health, and what is left of it when its etcd has no quorum."""

from talops.sim.kube import statuses
from talops.sim.kube.statuses import Reply

NO_QUORUM = "etcdserver: request timed out"
NO_SPACE = "etcdserver: mvcc: database space exceeded"
PATHS = frozenset({"/readyz", "/livez", "/healthz"})
_LIVE = ("ping", "log", "etcd", "poststarthook/start-apiextensions-controllers", "poststarthook/rbac/bootstrap-roles")
_READY = ("ping", "log", "etcd", "etcd-readiness", "informer-sync", *_LIVE[3:], "shutdown")


def no_quorum() -> Reply:
    """To every read and write of an object. The real one gives no reason: kubectl prints "Error from server: …"."""
    return statuses.failure(500, None, NO_QUORUM)


def no_space() -> Reply:
    """To every write that needs room: all but deleting at once."""
    return statuses.failure(500, None, NO_SPACE)


def check(path: str, *, quorate: bool, verbose: bool) -> Reply:
    """`path` is one of `PATHS`."""
    name = path.strip("/")
    if quorate and not verbose:
        return 200, b"ok"
    checks = _READY if name == "readyz" else _LIVE
    lines = [f"[+]{one} ok" if quorate or "etcd" not in one else f"[-]{one} failed: reason withheld" for one in checks]
    lines.append(f"{name} check {'passed' if quorate else 'failed'}")
    return (200 if quorate else 500), "\n".join([*lines, ""]).encode()
