"""`talops status --json` and `talops nodes --json`. Keys are an interface: they are added, never renamed."""

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.event_json import SCHEMA, verdicts_to_json
from talops.domain.status import Status, StatusRow


def status_to_json(status: Status) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "cluster": status.cluster,
        "healthy": status.healthy,
        "nodes": [_status_row(row) for row in status.rows],
        "gates": verdicts_to_json(status.verdicts),
        "lease": status.lease,
        "strangers": list(status.strangers),
        "foreign": None if status.foreign is None else list(status.foreign),
        "unseen": list(status.unseen),
    }


def nodes_to_json(desired: Desired) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "cluster": desired.cluster_name,
        "endpoint": desired.endpoint,
        "talos_version": str(desired.talos_version),
        "kubernetes_version": str(desired.kubernetes_version),
        "virtual_ips": list(desired.virtual_ips),
        "nodes": [_node(node) for node in desired.nodes],
        "warnings": list(desired.warnings),
    }


def _status_row(row: StatusRow) -> dict[str, object]:
    return {
        "hostname": row.hostname,
        "role": row.role.value,
        "address": row.address,
        "version_now": row.version_now,
        "version_wanted": row.version_wanted,
        "kube_ready": row.kube_ready,
        "cordoned": row.cordoned,
        "etcd": row.etcd,
        "holds_vip": row.holds_vip,
        "in_flight": row.in_flight,
        "note": row.note,
        "unreachable": row.unreachable,
    }


def _node(node: DesiredNode) -> dict[str, object]:
    return {
        "hostname": node.hostname,
        "role": node.role.value,
        "addresses": list(node.addresses),
        "talos_version": str(node.talos_version),
        "kubernetes_version": str(node.kubernetes_version),
        "installer": str(node.installer),
        "schematic": node.installer.schematic,
        "extensions": None if node.extensions is None else list(node.extensions),
        "patched_image": node.patched_image,
        "config_file": node.config_file,
        "where": node.where,
    }
