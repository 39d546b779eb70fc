"""A plan of installing a CNI as JSON. Keys and names here are an interface; no value of a Secret is among them."""

from talops.domain.cni import CniPlan, ObjectPlan, Release, Source


def cni_plan_to_json(plan: CniPlan) -> dict[str, object]:
    return {
        "schema": 1,
        "networks": list(plan.found.networks),
        "sources": [_source(source) for source in plan.found.chosen],
        "not_taken": [_source(source) for source in plan.found.others],
        "objects": [_object(one) for one in plan.objects],
        "refusals": [{"what": refusal.what, "hint": refusal.hint} for refusal in plan.refusals],
        "warnings": list(plan.warnings),
        "lacks": list(plan.lacks),
    }


def _source(source: Source) -> dict[str, object]:
    return {
        "shape": source.shape.name.lower(),
        "path": source.path,
        "networks": list(source.networks),
        "releases": [_release(release) for release in source.releases],
        "notes": list(source.notes),
        "trouble": source.trouble,
    }


def _release(release: Release) -> dict[str, object]:
    return {
        "name": release.name,
        "namespace": release.namespace,
        "chart": release.chart,
        "repo": release.origin,
        "version": release.version,
    }


def _object(one: ObjectPlan) -> dict[str, object]:
    return {
        "api_version": one.object.api_version,
        "kind": one.object.kind,
        "namespace": one.object.namespace,
        "name": one.object.name,
        "fate": one.fate.value,
        "changes": [{"path": change.path, "before": change.before, "after": change.after} for change in one.changes],
        "conflicts": [{"manager": conflict.manager, "path": conflict.path} for conflict in one.conflicts],
        "left_over": list(one.left_over),
        "note": one.note,
    }
