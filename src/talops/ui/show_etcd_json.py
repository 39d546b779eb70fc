"""`talops etcd status --json` and its like. Keys are an interface: they are added, never renamed."""

from talops.domain.etcd_status import EtcdReport, MemberRow
from talops.ui.show_health import SCHEMA, troubles_to_json


def etcd_to_json(report: EtcdReport) -> dict[str, object]:
    """Sizes are in bytes, as exact as talosctl prints them; what is not known is null."""
    return {
        "schema": SCHEMA,
        "cluster": report.cluster,
        "healthy": report.well,
        "members_known": report.listed,
        "quorum": _quorum(report),
        "members": [_whole(row) for row in report.rows],
        "troubles": troubles_to_json(report.troubles),
    }


def members_to_json(report: EtcdReport) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "cluster": report.cluster,
        "healthy": report.well,
        "members": [_member(row) for row in report.rows],
    }


def alarms_to_json(report: EtcdReport) -> dict[str, object]:
    """`alarms` is null when no control plane says."""
    known = any(row.alarms is not None for row in report.rows)
    found = [{"kind": kind, "node": row.hostname, "member": row.id} for row in report.rows for kind in row.alarms or ()]
    return {"schema": SCHEMA, "cluster": report.cluster, "alarms": found if known else None}


def _quorum(report: EtcdReport) -> dict[str, object]:
    now = report.membership
    return {
        "state": report.quorum.value,
        "voters": now.voters,
        "healthy": now.healthy,
        "needs": now.needs,
        "losses_left": now.losses_left,
        "learners": now.learners,
        "without": [{"node": one.label, "healthy": one.healthy, "stays": one.stays} for one in report.without],
    }


def _member(row: MemberRow) -> dict[str, object]:
    return {
        "node": row.hostname,
        "address": row.address,
        "id": row.id,
        "name": row.name,
        "peer_urls": list(row.peer_urls),
        "learner": row.learner,
        "leader": row.leads,
        "answers": row.status is not None,
        "silence": row.silence,
        "healthy": row.healthy,
    }


def _whole(row: MemberRow) -> dict[str, object]:
    status = row.status
    return _member(row) | {
        "follows": None if status is None else status.leader,
        "raft_term": None if status is None else status.raft_term,
        "raft_index": None if status is None else status.raft_index,
        "raft_applied_index": None if status is None else status.applied,
        "behind": row.behind,
        "to_apply": row.to_apply,
        "db_bytes": None if status is None else status.db_bytes,
        "in_use_bytes": None if status is None else status.in_use_bytes,
        "protocol": None if status is None else status.protocol,
        "storage": None if status is None else status.storage,
        "errors": None if status is None else status.errors,
        "alarms": None if row.alarms is None else list(row.alarms),
        "sees": row.sees,
        "agrees": row.agrees,
    }
