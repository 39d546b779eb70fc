"""The cluster on one screen: computed by `execute`, shown by `ui`."""

from dataclasses import dataclass

from talops.domain.talos import Role
from talops.domain.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """One node. `kube_ready` is None when Kubernetes does not say; `etcd` is leader, member, learner, down,
    unknown or empty."""

    hostname: str
    role: Role
    address: str
    version_now: str
    version_wanted: str
    kube_ready: bool | None
    cordoned: bool
    etcd: str
    holds_vip: bool
    in_flight: str
    note: str
    unreachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`lease` says who holds it, empty for nobody; `strangers` are live nodes that the files do not know; `foreign`
    are other tools that take nodes down. What could not be seen of these is in `unseen`, each with its reason.
    `healthy` is the exit code: 0 or 4. `hint` is what to type first when an API as a whole says nothing.
    """

    cluster: str
    rows: tuple[StatusRow, ...]
    verdicts: tuple[Verdict, ...]
    lease: str | None
    strangers: tuple[str, ...]
    foreign: tuple[str, ...] | None
    healthy: bool
    unseen: tuple[str, ...] = ()
    hint: str = ""
