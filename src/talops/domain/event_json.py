"""Events and plans as JSON values: the lines of `--json`, and of the journal. Keys and names here are an interface."""

from collections.abc import Sequence

from talops.domain.cni_json import cni_plan_to_json
from talops.domain.event import (
    Asked,
    CniPlanned,
    Commanded,
    ComponentMoved,
    Ended,
    Event,
    GatesJudged,
    NodeEnded,
    Noted,
    Planned,
    StepStarted,
    StepWaits,
)
from talops.domain.machineconfig import Change
from talops.domain.plan import ApplyNode, KeepNode, Plan, Refusal, UpgradeKubernetes, UpgradeNode
from talops.domain.talos import Unknown, Version
from talops.domain.verdict import Verdict

SCHEMA = 1
"""Grows when a reader of the JSON would have to change."""


def event_to_json(event: Event) -> dict[str, object]:
    """`event` names the kind, `at` is boot time in seconds, `wall` the clock of the one who ran talops, in ISO 8601."""
    kind, fields = _fields(event)
    return {"schema": SCHEMA, "event": kind, "at": event.at, "wall": event.wall.isoformat(), **fields}


def plan_to_json(plan: Plan) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "aim": plan.aim.name.lower(),
        "target": str(plan.target),
        "order": [step.name for step in plan.steps],
        "upgrades": [_upgrade(node) for node in plan.upgrades],
        "applies": [_apply(node) for node in plan.applies],
        "kubernetes": [_hop(hop) for hop in plan.hops],
        "kept": [_kept(node) for node in plan.kept],
        "refusals": [_refusal(refusal) for refusal in plan.refusals],
        "warnings": list(plan.warnings),
    }


def verdicts_to_json(verdicts: Sequence[Verdict]) -> list[dict[str, object]]:
    return [
        {
            "gate": verdict.gate,
            "state": verdict.state.value,
            "reasons": list(verdict.reasons),
            "hopeless": verdict.hopeless,
            "freshness": dict(verdict.freshness),
            "notes": list(verdict.notes),
        }
        for verdict in verdicts
    ]


def _fields(event: Event) -> tuple[str, dict[str, object]]:
    """Raises TypeError for a class of events that has no form here; a test goes through all of them."""
    match event:
        case Planned():
            return "planned", {"run": event.run, "cluster": event.cluster, "plan": plan_to_json(event.plan)}
        case CniPlanned():
            return "cni_planned", {"run": event.run, "cluster": event.cluster, "plan": cni_plan_to_json(event.plan)}
        case GatesJudged():
            return "gates_judged", {"hostname": event.hostname, "verdicts": verdicts_to_json(event.verdicts)}
        case StepStarted():
            return "step_started", {"hostname": event.hostname, "step": event.step.value, "text": event.text}
        case StepWaits():
            return "step_waits", {
                "hostname": event.hostname,
                "step": event.step.value,
                "reason": event.reason,
                "deadline": event.deadline,
            }
        case ComponentMoved():
            return "component_moved", {
                "hostname": event.hostname,
                "component": event.component.value,
                "version": str(event.version),
                "move": event.move.name.lower(),
                "text": event.text,
            }
        case NodeEnded():
            return "node_ended", {
                "hostname": event.hostname,
                "state": event.state.value,
                "took_seconds": event.took.total_seconds(),
                "text": event.text,
            }
        case Noted():
            return "noted", {"hostname": event.hostname, "text": event.text, "warning": event.warning}
        case Asked():
            return "asked", {"question": event.question}
        case Commanded():
            return "commanded", {"command": event.command, "mutating": event.mutating}
        case Ended():
            return "ended", _ended(event)
        case _:
            raise TypeError(f"{type(event).__name__} has no JSON form")


def _ended(event: Ended) -> dict[str, object]:
    return {
        "exit": int(event.exit),
        "what": event.what,
        "hint": event.hint,
        "upgraded": list(event.upgraded),
        "left": list(event.left),
        "took_seconds": event.took.total_seconds(),
        "journal": event.journal,
    }


def _upgrade(node: UpgradeNode) -> dict[str, object]:
    return {
        "hostname": node.hostname,
        "role": node.role.value,
        "address": node.address,
        "from_version": str(node.from_version),
        "version": str(node.version),
        "image": node.image,
        "schematic": node.schematic,
        "why": list(node.why),
        "warnings": list(node.warnings),
        "config": node.carries.name.lower(),
        "changes": [_change(change) for change in node.changes],
    }


def _apply(node: ApplyNode) -> dict[str, object]:
    return {
        "hostname": node.hostname,
        "role": node.role.value,
        "address": node.address,
        "mode": node.mode.value,
        "changes": [_change(change) for change in node.changes],
        "why": list(node.why),
        "warnings": list(node.warnings),
    }


def _hop(hop: UpgradeKubernetes) -> dict[str, object]:
    return {
        "asked": hop.hostname,
        "address": hop.address,
        "from_version": str(hop.from_version),
        "version": str(hop.version),
        "talosctl": str(hop.talosctl) if hop.talosctl else None,
        "nodes": [
            {
                "hostname": node.hostname,
                "role": node.role.value,
                "runs": {part.value: _known(version) for part, version in node.runs.items()},
            }
            for node in hop.nodes
        ],
        "why": list(hop.why),
        "warnings": list(hop.warnings),
    }


def _known(version: Version | Unknown) -> str | None:
    return str(version) if isinstance(version, Version) else None


def _change(change: Change) -> dict[str, object]:
    """Both sides are redacted."""
    return {
        "document": change.document,
        "path": change.path,
        "before": change.before,
        "after": change.after,
        "effect": change.effect.name.lower(),
        "why": change.why,
    }


def _kept(node: KeepNode) -> dict[str, object]:
    return {"hostname": node.hostname, "role": node.role.value, "why": node.why}


def _refusal(refusal: Refusal) -> dict[str, object]:
    return {
        "law": refusal.law,
        "hostname": refusal.hostname,
        "what": refusal.what,
        "hint": refusal.hint,
        "transient": refusal.transient,
    }
