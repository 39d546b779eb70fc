"""What talops must be allowed to do in Kubernetes: read off the table of its requests, so that none is forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from talops.domain.process import Request
from talops.tools import requests
from talops.tools.templates import REQUEST_TEMPLATES, RequestTemplate

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One rule of RBAC. `namespace` and `name` are empty for all of them; `path` is set for what is no resource."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    def __str__(self) -> str:
        kind = self.path or "/".join(filter(None, (self.resource, self.subresource)))
        group = f".{self.group}" if self.group else ""
        return f"{self.verb} {kind}{group}{f' in {self.namespace}' if self.namespace else ''}"

    def review(self) -> Request:
        """The question whether we have it."""
        if self.path:
            return requests.access_to_path(self.verb, self.path)
        return requests.access(
            self.verb, self.group, self.resource, self.subresource, namespace=self.namespace, name=self.name
        )


def permissions() -> Mapping[Permission, bool]:
    """All that there are, and whether each is for a change; one that is for both counts as a look.

    Without those of a command that may do anything: it says itself what it lacks.
    """
    found: dict[Permission, bool] = {}
    for template in REQUEST_TEMPLATES.values():
        # a review of access is allowed to everybody who is asked for one
        if template.name != "access" and not template.only_for:
            wanted = _permission(template)
            found[wanted] = template.mutating and found.get(wanted, True)
    return MappingProxyType(found)


def _permission(template: RequestTemplate) -> Permission:
    path, _, query = template.path.removesuffix("{query}").partition("?")
    words = path.strip("/").split("/")
    group, rest = ("", words[2:]) if words[0] == "api" else (words[1] if len(words) > 1 else "", words[3:])
    if not rest:
        # discovery: the groups, or what is in one of them
        return Permission(verb="get", path=path.partition("{")[0] + ("*" if "{" in path else ""))
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = _literal(rest[1]), rest[2:]
    resource, name, subresource = (*rest, "", "")[:3]
    watches = "watch=" in query
    reads = "watch" if watches else "get" if name else "list"
    return Permission(
        verb=_VERBS.get(template.method, reads),
        group=group,
        resource=resource,
        subresource=subresource,
        namespace=namespace,
        name=_literal(name),
    )


def _literal(word: str) -> str:
    """A place that a request fills in stands for all."""
    return "" if word.startswith("{") else word
