"""Who am I, and what may I do? Reviews are answered and not stored, so they need no etcd."""

from collections.abc import Callable

from talops.sim.kube.asked import Asked, User
from talops.sim.kube.objects import Object, encode
from talops.sim.kube.statuses import Reply
from talops.sim.kube.store import ObjectStore

PLURALS = frozenset({"selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"})


def review(store: ObjectStore, asked: Asked, sent: Object, refused: Callable[[Asked], Reply | None]) -> Reply:
    """`refused` says whether a request would be refused: an access review asks it about the one that it describes."""
    assert asked.resource is not None
    match asked.resource.plural:
        case "selfsubjectreviews":
            status = _who(asked.user)
        case "selfsubjectaccessreviews":
            status = _access(store, asked, sent.get("spec") or {}, refused)
        case _:
            status = _rules(asked.user)
    whole: Object = {"kind": asked.resource.kind, "apiVersion": asked.resource.api_version, **sent}
    return 201, encode({**whole, "metadata": {}, "status": status}) + b"\n"


def _who(user: User) -> Object:
    return {"userInfo": {"username": user.name, "groups": [*user.groups, "system:authenticated"]}}


def _access(store: ObjectStore, asked: Asked, spec: Object, refused: Callable[[Asked], Reply | None]) -> Object:
    wanted = spec.get("resourceAttributes") or {}
    resource = next(
        (
            found
            for (group, _version, plural), found in store.resources.items()
            if (group, plural) == (wanted.get("group", ""), wanted.get("resource"))
        ),
        None,
    )
    if resource is None:
        return {"allowed": asked.user.admin}
    reply = refused(
        Asked(
            verb=wanted.get("verb", ""),
            resource=resource,
            namespace=wanted.get("namespace", ""),
            name=wanted.get("name", ""),
            subresource=wanted.get("subresource", ""),
            query={},
            user=asked.user,
        )
    )
    return {"allowed": reply is None or reply[0] != 403}


def _rules(user: User) -> Object:
    if user.admin:
        resources: Object = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        paths: Object = {"verbs": ["*"], "nonResourceURLs": ["*"]}
    else:
        groups = ["authorization.k8s.io", "authentication.k8s.io"]
        resources = {"verbs": ["create"], "apiGroups": groups, "resources": sorted(PLURALS)}
        open_to_all = ("/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz")
        paths = {"verbs": ["get"], "nonResourceURLs": [*open_to_all, "/version"]}
    return {"resourceRules": [resources], "nonResourceRules": [paths], "incomplete": False}
