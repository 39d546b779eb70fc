"""The REST API of the embedded Kubernetes: one `handle`, the same behind the rehearsal and behind HTTPS."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs, unquote

from talops.sim.kube import discovery, statuses
from talops.sim.kube.lists import Lists
from talops.sim.kube.objects import Object, Resource, encode
from talops.sim.kube.statuses import Reply
from talops.sim.kube.store import ObjectStore
from talops.sim.kube.writes import Writes

_REVIEWS = "selfsubjectaccessreviews"
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, taken apart. `resource` is None for paths that are no resource (discovery, health).

    RBAC looks at the path alone: `resource` may be one that is not served.
    """

    verb: str
    resource: Resource | None
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    query: Mapping[str, str]


Deny = Callable[[Asked], Reply | None]


class KubeApi:
    """Answers requests as a kube-apiserver 1.36 does. `deny` may answer first: that is how faults reach it."""

    def __init__(self, store: ObjectStore, *, user: str = "admin") -> None:
        self.store = store
        self.user = user
        self.deny: Deny = lambda _asked: None
        self._lists = Lists(store)
        self._writes = Writes(store)

    def handle(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Reply:
        """(HTTP status, body) for one request. Raises nothing for anything a client can send."""
        bare, _, query = path.partition("?")
        asked = self._asked(method, _words(bare), _query(query))
        # everybody may ask what they may
        reviews = asked.verb == "create" and asked.resource is not None and asked.resource.plural == _REVIEWS
        denied = None if reviews else self.deny(asked)
        if denied is not None:
            return denied
        if asked.resource is None or not self._serves(asked.resource):
            return self._about_itself(bare)
        if asked.verb in {"get", "list"}:
            return self._read(asked, asked.resource, path)
        try:
            sent = json.loads(body) if body else {}
        except ValueError:
            return statuses.bad_request("the object provided is unrecognized: it is no JSON")
        if not isinstance(sent, dict | list):
            return statuses.bad_request("the object provided is unrecognized: it is no JSON object")
        if reviews and isinstance(sent, dict):
            return self._review(sent)
        return self._writes.write(asked.verb, asked.resource, asked, sent, content_type)

    def forbidden(self, asked: Asked) -> Reply:
        """The 403 that RBAC would give for this request."""
        assert asked.resource is not None
        subject = "/".join(filter(None, (asked.resource.plural, asked.subresource)))
        return statuses.forbidden(self.user, asked.verb, asked.resource, subject, asked.name, asked.namespace)

    def _asked(self, method: str, words: tuple[str, ...], query: Mapping[str, str]) -> Asked:
        none = Asked(verb=method.lower(), resource=None, query=query)
        if words[0] == "api" and len(words) > 2:
            group, version, rest = "", words[1], words[2:]
        elif words[0] == "apis" and len(words) > 3:
            group, version, rest = words[1], words[2], words[3:]
        else:
            return none
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        resource = self.store.resources.get((group, version, rest[0]))
        if resource is None:
            resource = Resource(group=group, version=version, plural=rest[0], kind="")
        name, subresource = [*rest[1:], "", ""][:2]
        verb = _VERBS.get(method, "get" if name else "list")
        return Asked(verb=verb, resource=resource, namespace=namespace, name=name, subresource=subresource, query=query)

    def _serves(self, resource: Resource) -> bool:
        return (resource.group, resource.version, resource.plural) in self.store.resources

    def _about_itself(self, bare: str) -> Reply:
        words = bare.strip("/").split("/")
        if bare in {"/readyz", "/livez", "/healthz"}:
            return 200, b"ok"
        if bare == "/version":
            return 200, json.dumps(discovery.VERSION, indent=2).encode()
        if bare == "/api":
            return 200, discovery.core_versions()
        if bare == "/apis":
            return 200, discovery.group_list(self.store)
        found = None
        if words == ["api", "v1"]:
            found = discovery.resource_list(self.store, "", "v1")
        elif words[0] == "apis" and len(words) == 3:
            found = discovery.resource_list(self.store, words[1], words[2])
        return statuses.no_such_path() if found is None else (200, found)

    def _read(self, asked: Asked, resource: Resource, path: str) -> Reply:
        if not asked.name:
            return self._lists.answer(resource, asked.namespace, asked.query, path)
        found = self.store.get(resource.plural, asked.name, asked.namespace)
        if found is None:
            return statuses.not_found(resource, asked.name)
        return 200, whole(self.store, resource, found)

    def _review(self, review: Object) -> Reply:
        """SelfSubjectAccessReview: whether `deny` would let such a request through."""
        spec = review.get("spec") or {}
        # what is empty is not said again
        wanted = {word: value for word, value in (spec.get("resourceAttributes") or {}).items() if value}
        kind = (wanted.get("group", ""), wanted.get("resource", ""))
        served = (found for found in self.store.resources.values() if (found.group, found.plural) == kind)
        resource = next(served, Resource(group=kind[0], version="v1", plural=kind[1], kind=""))
        asked = Asked(
            verb=wanted.get("verb", ""), resource=resource, subresource=wanted.get("subresource", ""), query={}
        )
        denied = self.deny(asked)
        status = {"allowed": denied is None or denied[0] != 403}
        answer = {**review, "metadata": {}, "spec": {**spec, "resourceAttributes": wanted}, "status": status}
        return 201, encode(answer) + b"\n"


def whole(store: ObjectStore, resource: Resource, found: Object) -> bytes:
    """One object as GET answers it; built-in kinds begin with kind, custom ones with apiVersion."""
    kind, version = f'"kind":"{resource.kind}"', f'"apiVersion":"{resource.api_version}"'
    head = f"{version},{kind}" if resource.custom else f"{kind},{version}"
    return b"{" + head.encode() + b"," + store.encoded(resource.plural, found)[1:] + b"\n"


@lru_cache(maxsize=4096)
def _words(bare: str) -> tuple[str, ...]:
    return tuple(unquote(word) for word in bare.strip("/").split("/"))


@lru_cache(maxsize=4096)
def _query(query: str) -> Mapping[str, str]:
    return {word: values[-1] for word, values in parse_qs(query).items()}
