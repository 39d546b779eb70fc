"""What control planes say of etcd, for tests: all well, and what may have become of one."""

from collections.abc import Callable
from dataclasses import replace

from builders import desired_cluster, healthy_etcd
from talops.domain.cluster import Desired
from talops.domain.talos import EtcdView, MemberStatus, ServiceState, Unknown

Change = Callable[[EtcdView], EtcdView]
THREE = desired_cluster(workers=1)
SILENT = Unknown("dial tcp: connect: no route to host")
RUNNING = ServiceState(id="etcd", state="Running", health="OK")
JOINING = ServiceState(id="etcd", state="Preparing", health="?", event="Running pre state")
CRASHING = ServiceState(id="etcd", state="Waiting", health="Fail", event="going to restart forever")


def views(desired: Desired, leader: str = "cp-1") -> dict[str, EtcdView]:
    """All well."""
    return {one.hostname: replace(one, service=RUNNING) for one in healthy_etcd(desired, leader)}


def dead(view: EtcdView) -> EtcdView:
    return replace(view, members=SILENT, status=SILENT, alarms=SILENT, service=SILENT)


def down(view: EtcdView, service: ServiceState = CRASHING) -> EtcdView:
    gap = Unknown("Unknown: failed to create etcd client: context deadline exceeded")
    return replace(view, members=gap, status=gap, alarms=gap, service=service)


def told(
    view: EtcdView,
    *,
    id: str = "",
    leader: str = "",
    errors: str = "",
    applied: int = 5000,
    db_bytes: int = 0,
    in_use_bytes: int = 0,
) -> EtcdView:
    """Its own status, changed."""
    status = view.status
    assert isinstance(status, MemberStatus)
    changed = replace(status, id=id or status.id, leader=leader or status.leader, errors=errors, applied=applied)
    return replace(view, status=replace(changed, db_bytes=db_bytes, in_use_bytes=in_use_bytes))
