"""The Status bodies of an API server. Wording and key order of a kube-apiserver 1.36."""

from collections.abc import Sequence
from dataclasses import dataclass

from talops.sim.kube.objects import Object, Resource, encode

Reply = tuple[int, bytes]


def failure(code: int, reason: str | None, message: str, details: Object | None = None) -> Reply:
    body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    if reason is not None:
        body["reason"] = reason
    if details is not None:
        body["details"] = details
    body["code"] = code
    return code, encode(body) + b"\n"


def not_found(resource: Resource, name: str) -> Reply:
    return failure(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def no_such_path() -> Reply:
    return 404, b"404 page not found\n"


def no_such_resource() -> Reply:
    """Of a group and version that is served."""
    return failure(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource: Resource, name: str) -> Reply:
    return failure(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', _details(resource, name))


def conflict(resource: Resource, name: str) -> Reply:
    why = "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return failure(409, "Conflict", message, _details(resource, name))


def replace_refused(resource: Resource, namespace: str, name: str, uid: str, wanted: str) -> Reply:
    """A PUT that names another UID than the object's; `uid` is empty when there is no object."""
    key = "/".join(filter(None, ("/registry", resource.plural, namespace, name)))
    error = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid}"
    why = f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: {error}"
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return failure(409, "Conflict", message, _details(resource, name))


def delete_refused(resource: Resource, name: str, what: str, wanted: str, found: str) -> Reply:
    """A DELETE whose precondition does not hold: `what` is UID or ResourceVersion. It speaks of kinds, not plurals."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    since = "deleted and then recreated" if what == "UID" else "modified"
    why = f"the {what} in the precondition ({wanted}) does not match the {what} in record ({found})"
    message = f'Operation cannot be fulfilled on {kind} "{name}": {why}. The object might have been {since}'
    return failure(409, "Conflict", message, {**_details(resource, name), "kind": resource.kind})


def forbidden(user: str, verb: str, resource: Resource, subject: str, name: str, namespace: str) -> Reply:
    """`subject` is the plural, with the subresource if there is one."""
    which = f'{resource.qualified} "{name}"' if name else resource.qualified
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    message = (
        f'{which} is forbidden: User "{user}" cannot {verb} resource "{subject}" '
        f'in API group "{resource.group}" {where}'
    )
    details: Object = {"name": name} if name else {}
    if resource.group:
        details["group"] = resource.group
    details["kind"] = resource.plural
    return failure(403, "Forbidden", message, details)


def bad_request(message: str) -> Reply:
    return failure(400, "BadRequest", message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What is wrong with one field."""

    reason: str
    field: str
    message: str


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> Reply:
    """An object that is not taken as it is. It speaks of kinds, not plurals."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    told = ", ".join(f"{cause.field}: {cause.message}" for cause in causes)
    rows = [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]
    message = f'{kind} "{name}" is invalid: {told if len(causes) == 1 else f"[{told}]"}'
    details = {"name": name, "group": resource.group, "kind": resource.kind, "causes": rows}
    return failure(422, "Invalid", message, {word: value for word, value in details.items() if value})


def no_field_manager() -> Reply:
    """A server-side apply must say who applies."""
    options = Resource(group="meta.k8s.io", version="v1", plural="", kind="PatchOptions")
    why = "Required value: is required for apply patch"
    return invalid(options, "", [Cause(reason="FieldValueRequired", field="fieldManager", message=why)])


def another_name(name: str, asked: str) -> Reply:
    return bad_request(f"the name of the object ({name}) does not match the name on the URL ({asked})")


def another_namespace(namespace: str, asked: str) -> Reply:
    where = f"the namespace of the object ({namespace}) does not match the namespace on the request ({asked})"
    return bad_request(where)


def not_allowed() -> Reply:
    return failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def success(code: int = 200, details: Object | None = None) -> Reply:
    body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details is not None:
        body["details"] = details
    else:
        body["code"] = code
    return code, encode(body) + b"\n"


def budget_blocks(name: str, needs: int, has: int) -> Reply:
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    cause = f"The disruption budget {name} needs {needs} healthy pods and has {has} currently"
    if has > needs:
        # spent, and its controller has not counted again
        cause = f"The disruption budget {name} does not allow evicting pods currently"
    causes = [{"reason": "DisruptionBudget", "message": cause}]
    return failure(429, "TooManyRequests", message, {"causes": causes})


def budget_unsettled(name: str) -> Reply:
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    cause = f"The disruption budget {name} is still being processed by the server."
    details = {"causes": [{"reason": "DisruptionBudget", "message": cause}], "retryAfterSeconds": 10}
    return failure(429, "TooManyRequests", message, details)


def two_budgets() -> Reply:
    message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    # the real one gives no reason here, so that kubectl prints "Error from server: …"
    return failure(500, None, message)


def _details(resource: Resource, name: str) -> Object:
    details: Object = {"name": name}
    if resource.group:
        details["group"] = resource.group
    details["kind"] = resource.plural
    return details
