"""`talops diff --json`. Keys are an interface: they are added, never renamed."""

import json
from collections.abc import Sequence

from talops.domain.machineconfig import Aspect, Change, NodeDrift
from talops.domain.talos import Unknown

SCHEMA = 1


def diff_to_json(drifts: Sequence[NodeDrift], *, cluster: str) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "cluster": cluster,
        "drift": any(drift.drifts for drift in drifts),
        "unknown": [drift.hostname for drift in drifts if isinstance(drift.changes, Unknown)],
        "nodes": [_node(drift) for drift in drifts],
    }


def _node(drift: NodeDrift) -> dict[str, object]:
    known = not isinstance(drift.changes, Unknown)
    return {
        "hostname": drift.hostname,
        "drift": drift.drifts if known or drift.drifts else None,
        "unknown": drift.changes.reason if isinstance(drift.changes, Unknown) else None,
        "staged": drift.staged.name.lower(),
        "changes": None if isinstance(drift.changes, Unknown) else [change_to_json(change) for change in drift.changes],
        "aspects": [_aspect(aspect) for aspect in drift.aspects],
    }


def change_to_json(change: Change) -> dict[str, object]:
    return {
        "document": change.document,
        "path": change.path,
        "before": None if change.before is None else json.loads(change.before),
        "after": None if change.after is None else json.loads(change.after),
        "secret": change.of_secret,
        "effect": change.effect.name.lower(),
        "why": change.why,
    }


def _aspect(aspect: Aspect) -> dict[str, object]:
    unknown = isinstance(aspect.running, Unknown)
    return {
        "name": aspect.name,
        "files": aspect.files or None,
        "config": aspect.config or None,
        "running": None if isinstance(aspect.running, Unknown) else aspect.running,
        "unknown": aspect.running.reason if isinstance(aspect.running, Unknown) else None,
        "agrees": None if unknown else aspect.agrees,
    }
