"""Any object of Kubernetes: the requests that read and apply one, and what the API server replied."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from talops.domain.cni import MANAGER, Conflict, KubeObject
from talops.domain.process import Request, Response
from talops.domain.talos import Unknown
from talops.tools.reading import ParseError, flag, load, rows, table, text
from talops.tools.replies import is_status, reader, refused
from talops.tools.templates import make

_CONFLICT = re.compile(r'conflict with "([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind that the API server has."""

    api_version: str
    name: str
    plural: str
    namespaced: bool

    def collection(self, namespace: str) -> str:
        prefix = "/apis" if "/" in self.api_version else "/api"
        place = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"{prefix}/{self.api_version}{place}/{self.plural}"


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Others have set fields to other values."""

    of: tuple[Conflict, ...]


Live = Mapping[str, object]
"""An object as the API server says it."""


@lru_cache(maxsize=1)
def core_resources() -> Request:
    return make("api-core", "kubectl get --raw /api/v1")


@lru_cache(maxsize=1)
def version() -> Request:
    return make("version", "kubectl get --raw /version")


def read(kind: Kind, wanted: KubeObject) -> Request:
    place = f" -n {shlex.quote(wanted.namespace)}" if kind.namespaced else ""
    command = f"kubectl get {_typed(kind, wanted)} {shlex.quote(wanted.name)}{place} -o json"
    return make("object", command, collection=kind.collection(wanted.namespace), name=wanted.name)


def apply(kind: Kind, wanted: KubeObject, *, force: bool, dry_run: bool = False) -> Request:
    """Server-side. The command that is shown has no body: it may hold a secret."""
    words = f"{' --force-conflicts' if force else ''}{' --dry-run=server' if dry_run else ''}"
    return make(
        "object-apply",
        f"kubectl apply --server-side --field-manager={MANAGER}{words} -f -   # {wanted}",
        wanted.body,
        collection=kind.collection(wanted.namespace),
        name=wanted.name,
        query=f"?fieldManager={MANAGER}&force={str(force).lower()}{'&dryRun=All' if dry_run else ''}",
    )


@lru_cache(maxsize=8)
def helm_releases(version: str) -> Request:
    """Flux's."""
    command = f"kubectl get helmreleases.{version}.helm.toolkit.fluxcd.io -A -o json"
    return make("helm-releases", command, version=version)


@lru_cache(maxsize=64)
def release_records(namespace: str, name: str) -> Request:
    """What Helm remembers of a release; it holds its values."""
    selector = f"owner=helm,name={name},status!=superseded"
    command = f"kubectl get secrets -n {shlex.quote(namespace)} -l {shlex.quote(selector)}"
    return make("release-records", command, namespace=namespace, selector=selector)


@lru_cache(maxsize=1)
def signing_requests() -> Request:
    return make("signing-requests", "kubectl get certificatesigningrequests -o json")


def _typed(kind: Kind, wanted: KubeObject) -> str:
    return f"{kind.plural}.{wanted.version}.{wanted.group}" if wanted.group else kind.plural


def _kinds(body: bytes) -> tuple[Kind, ...]:
    """The kinds of one group and version. Subresources are none."""
    found = load(body)
    if text(found, "kind") != "APIResourceList":
        raise ParseError("expected an APIResourceList")
    listed = [(text(row, "kind"), text(row, "name"), flag(row, "namespaced")) for row in rows(found, "resources")]
    return tuple(
        Kind(api_version=text(found, "groupVersion"), name=kind, plural=plural, namespaced=namespaced)
        for kind, plural, namespaced in listed
        if "/" not in plural
    )


def _live(body: bytes) -> Live:
    found = table(load(body))
    if not text(found, "metadata", "name"):
        raise ParseError("an object without a name")
    return found


def _server_version(body: bytes) -> str:
    said = text(load(body), "gitVersion")
    if not said:
        raise ParseError("the API server does not say its version")
    return said


kinds = reader(_kinds, remember=128)
server_version = reader(_server_version)
_live_reader = reader(_live, remember=0)


def live(reply: Response) -> Live | Unknown | None:
    """The object, None when the API server says that there is none."""
    if reply.status == 404 and is_status(reply.body):
        return None
    return _live_reader(reply)


def applied(reply: Response) -> Live | Conflicts | Unknown | None:
    """The object as it is then. None: its namespace, or its kind, is not there."""
    if reply.status == 409:
        found = conflicts(reply.body)
        if found:
            return Conflicts(found)
    return live(reply)


def conflicts(body: bytes) -> tuple[Conflict, ...]:
    try:
        causes = rows(load(body), "details", "causes")
        said = [(_CONFLICT.search(text(cause, "message")), text(cause, "field")) for cause in causes]
    except ParseError:
        return ()
    return tuple(Conflict(manager=match[1], path=path.removeprefix(".")) for match, path in said if match)


def why(reply: Response) -> Unknown:
    return refused(reply)


def managers(found: Live) -> frozenset[str]:
    """Who has written it."""
    return frozenset(text(row, "manager") for row in rows(found, "metadata", "managedFields"))


def labels(found: Live) -> Mapping[str, str]:
    return {key: text(word) for key, word in table(found, "metadata", "labels").items()}


def listed(found: Sequence[object]) -> tuple[Live, ...]:
    return tuple(table(row) for row in found)
