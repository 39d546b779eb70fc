"""The REST API of the embedded Kubernetes: one `handle`, the same behind the rehearsal and behind HTTPS."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from urllib.parse import parse_qs, unquote

from talops.sim.kube import discovery, health, reviews, statuses
from talops.sim.kube.asked import Asked, User
from talops.sim.kube.lists import Lists
from talops.sim.kube.objects import Object, Resource
from talops.sim.kube.statuses import Reply
from talops.sim.kube.store import ObjectStore
from talops.sim.kube.writes import Writes

_AGENT = "kubectl"
"""Who asks in process: talops does it through `kubectl proxy`."""
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


Deny = Callable[[Asked], Reply | None]


class KubeApi:
    """Answers requests as a kube-apiserver 1.36 does.

    `deny` may answer first: that is how faults reach it. Without a quorum of its etcd it can only speak of itself.
    """

    def __init__(self, store: ObjectStore, *, user: str = "admin") -> None:
        self.store = store
        self.user = User(name=user)
        self.deny: Deny = lambda _asked: None
        self.quorate: Callable[[], bool] = lambda: True
        self.full: Callable[[], bool] = lambda: False
        self._lists = Lists(store)
        self._writes = Writes(store)

    def handle(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Reply:
        """(HTTP status, body) for one request of `self.user`. Raises nothing for anything a client can send."""
        asked = self.ask(method, path, self.user, agent=_AGENT)
        return self.refusal(asked) or self.answer(asked, path, body, content_type)

    def ask(self, method: str, path: str, user: User, *, agent: str = "") -> Asked:
        """What this request is about. `agent`: what the client calls itself."""
        bare, _, query = path.partition("?")
        return replace(self._asked(method, _words(bare), _query(query), user), agent=agent)

    def refusal(self, asked: Asked) -> Reply | None:
        """Why this request is not even looked at: a fault, RBAC, an etcd without a quorum. None when it is."""
        if asked.resource is not None and asked.resource.plural in reviews.PLURALS:
            # everybody may ask what they may
            return None
        denied = self.deny(asked)
        if denied is not None or asked.resource is None:
            return denied
        if not asked.user.admin:
            return self.forbidden(asked)
        if not self.serves(asked.resource):
            return None
        if not self.quorate():
            return health.no_quorum()
        writes = asked.verb in {"create", "update", "patch"} and "dryRun" not in asked.query
        return health.no_space() if writes and self.full() else None

    def answer(self, asked: Asked, path: str, body: bytes, content_type: str) -> Reply:
        """The answer to a request that is not refused. A watch is answered as the list that it begins with."""
        if asked.resource is None or not self.serves(asked.resource):
            return self._about_itself(path.partition("?")[0], asked)
        if asked.verb in {"get", "list", "watch"}:
            return self._read(asked, asked.resource, path)
        try:
            sent = _decoded(body, content_type)
        except ValueError:
            return statuses.bad_request("the object provided is unrecognized: it is no JSON")
        if not isinstance(sent, dict | list):
            return statuses.bad_request("the object provided is unrecognized: it is no JSON object")
        if asked.resource.plural in reviews.PLURALS:
            if asked.verb != "create" or not isinstance(sent, dict):
                return statuses.not_allowed()
            return reviews.review(self.store, asked, sent, self._forbids)
        return self._writes.write(asked.verb, asked.resource, asked, sent, content_type)

    def forbidden(self, asked: Asked) -> Reply:
        """The 403 that RBAC would give for this request."""
        assert asked.resource is not None
        subject = "/".join(filter(None, (asked.resource.plural, asked.subresource)))
        return statuses.forbidden(asked.user.name, asked.verb, asked.resource, subject, asked.name, asked.namespace)

    def forget_lists(self, plural: str) -> None:
        """The next list of this kind says the version of its moment."""
        self._lists.forget(plural)

    def _forbids(self, asked: Asked) -> Reply | None:
        return self.deny(asked) or (None if asked.user.admin else self.forbidden(asked))

    def _asked(self, method: str, words: tuple[str, ...], query: Mapping[str, str], user: User) -> Asked:
        none = Asked(verb=method.lower(), resource=None, query=query, user=user)
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
        if method == "GET" and query.get("watch") in {"true", "1"}:
            verb = "watch"
        return Asked(
            verb=verb,
            resource=resource,
            namespace=namespace,
            name=name,
            subresource=subresource,
            query=query,
            user=user,
        )

    def serves(self, resource: Resource) -> bool:
        return (resource.group, resource.version, resource.plural) in self.store.resources

    def _about_itself(self, bare: str, asked: Asked) -> Reply:
        words = bare.strip("/").split("/")
        if bare in health.PATHS:
            return health.check(bare, quorate=self.quorate(), verbose="verbose" in asked.query)
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
        if found is None and asked.resource is not None:
            known = {(one.group, one.version) for one in self.store.resources.values()}
            if (asked.resource.group, asked.resource.version) in known:
                return statuses.no_such_resource()
        return statuses.no_such_path() if found is None else (200, found)

    def _read(self, asked: Asked, resource: Resource, path: str) -> Reply:
        if not asked.name:
            return self._lists.answer(resource, asked.namespace, asked.query, path)
        found = self.store.get(resource.shelf, asked.name, asked.namespace)
        if found is None:
            return statuses.not_found(resource, asked.name)
        return 200, whole(self.store, resource, found)


def whole(store: ObjectStore, resource: Resource, found: Object) -> bytes:
    """One object as GET answers it; built-in kinds begin with kind, custom ones with apiVersion."""
    kind, version = f'"kind":"{resource.kind}"', f'"apiVersion":"{resource.api_version}"'
    head = f"{version},{kind}" if resource.custom else f"{kind},{version}"
    return b"{" + head.encode() + b"," + store.encoded(resource.shelf, found)[1:] + b"\n"


def _decoded(body: bytes, content_type: str) -> object:
    """JSON, or YAML where the client says so. Raises ValueError."""
    if not body:
        return {}
    try:
        return json.loads(body)
    except ValueError:
        if "yaml" not in content_type:
            raise
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe").load(body.decode())
    except YAMLError as error:
        raise ValueError from error


@lru_cache(maxsize=4096)
def _words(bare: str) -> tuple[str, ...]:
    return tuple(unquote(word) for word in bare.strip("/").split("/"))


@lru_cache(maxsize=4096)
def _query(query: str) -> Mapping[str, str]:
    return {word: values[-1] for word, values in parse_qs(query, keep_blank_values=True).items()}
