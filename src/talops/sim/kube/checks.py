"""What an API server refuses to store: fields that cannot be changed, and templates of which something is missing."""

import json
from collections.abc import Iterator

from talops.sim.kube.objects import Object, Resource
from talops.sim.kube.selectors import selects
from talops.sim.kube.statuses import Cause, Reply, invalid

_SELECTING = frozenset({"daemonsets", "deployments", "replicasets"})
_TEMPLATED = _SELECTING | {"jobs", "statefulsets"}
_BINDINGS = frozenset({"clusterrolebindings", "rolebindings"})


def refused(resource: Resource, new: Object, old: Object | None) -> Reply | None:
    """The 422 for this, or None. `old` is None for a new object."""
    causes = [] if resource.custom else list(_causes(resource.plural, new, old))
    return invalid(resource, new["metadata"]["name"], causes) if causes else None


def _causes(plural: str, new: Object, old: Object | None) -> Iterator[Cause]:
    if plural in _TEMPLATED:
        yield from _of_containers(new["spec"]["template"].get("spec") or {}, "spec.template.spec")
    if plural == "pods" and old is None:
        yield from _of_containers(new["spec"], "spec")
    if plural in _SELECTING:
        yield from _of_selector(new["spec"], None if old is None else old["spec"])
    elif old is None:
        return
    elif plural in _BINDINGS and new.get("roleRef") != old.get("roleRef"):
        # it shows its own names of the fields here
        role = {key[0].upper() + key[1:]: value for key, value in new["roleRef"].items()}
        told = {key if key != "ApiGroup" else "APIGroup": value for key, value in role.items()}
        yield _invalid("roleRef", told, "cannot change roleRef")
    elif plural == "secrets" and new.get("type") != old.get("type", "Opaque"):
        yield _invalid("type", new.get("type"), "field is immutable")
    elif plural in {"configmaps", "secrets"} and old.get("immutable") and new.get("data") != old.get("data"):
        why = "Forbidden: field is immutable when `immutable` is set"
        yield Cause(reason="FieldValueForbidden", field="data", message=why)


def _of_containers(spec: Object, path: str) -> Iterator[Cause]:
    if not spec.get("containers"):
        yield Cause(reason="FieldValueRequired", field=f"{path}.containers", message="Required value")
    for name in ("initContainers", "containers"):
        for number, one in enumerate(spec.get(name) or []):
            for word in ("name", "image"):
                if not one.get(word):
                    field = f"{path}.{name}[{number}].{word}"
                    yield Cause(reason="FieldValueRequired", field=field, message="Required value")


def _of_selector(spec: Object, before: Object | None) -> Iterator[Cause]:
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    if not selects(spec.get("selector"), labels):
        why = "`selector` does not match template `labels`"
        yield _invalid("spec.template.metadata.labels", labels, why)
    if before is not None and spec.get("selector") != before.get("selector"):
        yield _invalid("spec.selector", spec.get("selector"), "field is immutable")


def _invalid(field: str, value: object, why: str) -> Cause:
    told = json.dumps(value, separators=(",", ":"), sort_keys=True)
    return Cause(reason="FieldValueInvalid", field=field, message=f"Invalid value: {told}: {why}")
