"""Who am I, and what may I do? Reviews are answered and not stored, so they need no etcd."""

from collections.abc import Callable

from talops.sim.kube.asked import Asked, User
from talops.sim.kube.objects import Object, Resource, encode
from talops.sim.kube.statuses import Reply
from talops.sim.kube.store import ObjectStore

PLURALS = frozenset({"selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"})


def review(store: ObjectStore, asked: Asked, sent: Object, refused: Callable[[Asked], Reply | None]) -> Reply:
    """`refused` says whether a request would be refused: an access review asks it about the one that it describes."""
    assert asked.resource is not None
    spec = {**(sent.get("spec") or {})}
    match asked.resource.plural:
        case "selfsubjectreviews":
            status = _who(asked.user)
        case "selfsubjectaccessreviews":
            # what is empty is not said again
            spec = {part: {word: value for word, value in words.items() if value} for part, words in spec.items()}
            status = _access(store, asked.user, spec.get("resourceAttributes"), refused)
        case _:
            status = _rules(asked.user)
    whole: Object = {"kind": asked.resource.kind, "apiVersion": asked.resource.api_version, **sent, "metadata": {}}
    return 201, encode({**whole, **({"spec": spec} if spec else {}), "status": status}) + b"\n"


def _who(user: User) -> Object:
    return {"userInfo": {"username": user.name, "groups": [*user.groups, "system:authenticated"]}}


def _access(store: ObjectStore, user: User, wanted: Object | None, refused: Callable[[Asked], Reply | None]) -> Object:
    """A path that is no resource is open to whom all is."""
    if not wanted:
        return {"allowed": user.admin}
    kind = (wanted.get("group", ""), wanted.get("resource", ""))
    served = (found for found in store.resources.values() if (found.group, found.plural) == kind)
    described = Asked(
        verb=wanted.get("verb", ""),
        resource=next(served, Resource(group=kind[0], version="v1", plural=kind[1], kind="")),
        namespace=wanted.get("namespace", ""),
        name=wanted.get("name", ""),
        subresource=wanted.get("subresource", ""),
        query={},
        user=user,
    )
    reply = refused(described)
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
