"""What the Kubernetes API replied about its own kinds, as values. Pure: a Response in, values or Unknown out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from talops.domain.kubernetes import Attachment, Budget, KubeNode, Lease, Pod
from talops.domain.process import Response
from talops.domain.talos import Unknown
from talops.tools.reading import ParseError, count, flag, load, part, rows, strings, table, text
from talops.tools.replies import blames_etcd, complaint, is_status, list_reader, reader, refuses_us

__all__ = [
    "Blocked",
    "Denied",
    "Evicted",
    "Gone",
    "access_allowed",
    "api_groups",
    "api_resources",
    "attachments",
    "blames_etcd",
    "budgets",
    "complaint",
    "condition",
    "evict_outcome",
    "lease",
    "node",
    "nodes",
    "pod",
    "pods",
    "refuses_us",
]
_NO_ANNOTATIONS: Mapping[str, str] = {}
_BUDGET = re.compile(r"disruption budget (\S+)")
_TRUTH = {"True": True, "False": False}


def condition(found: object, kind: str) -> tuple[bool | None, str, str]:
    """Status (None when it is Unknown or missing), reason and message of one of `status.conditions`."""
    for row in rows(found, "status", "conditions"):
        if text(row, "type") == kind:
            return _TRUTH.get(text(row, "status")), text(row, "reason"), text(row, "message")
    return None, "", ""


def _since(found: object, kind: str) -> str:
    rows_of_kind = (row for row in rows(found, "status", "conditions") if text(row, "type") == kind)
    return next((text(row, "lastTransitionTime") for row in rows_of_kind), "")


def _named(found: object) -> str:
    name = text(found, "metadata", "name")
    if not name:
        raise ParseError("an object without a name")
    return name


@lru_cache(maxsize=2048)
def _node(piece: bytes) -> KubeNode:
    found = load(piece)
    ready, _, message = condition(found, "Ready")
    information = table(found, "status", "nodeInfo")
    return KubeNode(
        name=_named(found),
        addresses=tuple(
            text(row, "address") for row in rows(found, "status", "addresses") if text(row, "type") == "InternalIP"
        ),
        ready=ready,
        ready_message=message,
        ready_since=_since(found, "Ready"),
        boot_id=text(information, "bootID"),
        kubelet_version=text(information, "kubeletVersion"),
        os_image=text(information, "osImage"),
        unschedulable=flag(found, "spec", "unschedulable"),
        control_plane="node-role.kubernetes.io/control-plane" in table(found, "metadata", "labels"),
        annotations=strings(found, "metadata", "annotations"),
        taints=tuple(_taint(row) for row in rows(found, "spec", "taints")),
        resource_version=text(found, "metadata", "resourceVersion"),
    )


def _taint(row: object) -> str:
    value = text(row, "value")
    return f"{text(row, 'key')}{'=' if value else ''}{value}:{text(row, 'effect')}"


@lru_cache(maxsize=16384)
def _pod(piece: bytes) -> Pod:
    found = load(piece)
    metadata = table(found, "metadata")
    owner = next((row for row in rows(metadata, "ownerReferences") if flag(row, "controller")), None)
    containers = rows(found, "status", "containerStatuses")
    return Pod(
        namespace=text(metadata, "namespace"),
        name=_named(found),
        uid=text(metadata, "uid"),
        node=text(found, "spec", "nodeName"),
        phase=text(found, "status", "phase"),
        ready=condition(found, "Ready")[0] is True,
        owner=text(owner, "kind"),
        owner_name=text(owner, "name"),
        mirror="kubernetes.io/config.mirror" in table(metadata, "annotations"),
        terminating=bool(text(metadata, "deletionTimestamp")),
        labels=strings(metadata, "labels"),
        empty_dirs=sum(1 for row in rows(found, "spec", "volumes") if part(row, "emptyDir") is not None),
        restarts_id=tuple(word for word in (text(row, "containerID") for row in containers) if word),
    )


@lru_cache(maxsize=4096)
def _budget(piece: bytes) -> Budget:
    found = load(piece)
    status = table(found, "status")
    selector = part(found, "spec", "selector")
    by_labels = selector is not None and not rows(selector, "matchExpressions")
    return Budget(
        namespace=text(found, "metadata", "namespace"),
        name=_named(found),
        allowed=count(status, "disruptionsAllowed"),
        healthy=count(status, "currentHealthy"),
        desired=count(status, "desiredHealthy"),
        expected=count(status, "expectedPods"),
        # status of an older generation, or none yet: the numbers mean nothing
        current=count(status, "observedGeneration", default=-1) >= count(found, "metadata", "generation"),
        match_labels=strings(selector, "matchLabels") if by_labels else None,
    )


@lru_cache(maxsize=4096)
def _attachment(piece: bytes) -> Attachment:
    found = load(piece)
    return Attachment(
        name=_named(found),
        node=text(found, "spec", "nodeName"),
        volume=text(found, "spec", "source", "persistentVolumeName") or "an inline volume",
        attached=flag(found, "status", "attached"),
        detach_error=text(found, "status", "detachError", "message"),
    )


def _lease(body: bytes) -> Lease:
    found = _object(body, "Lease")
    spec = table(found, "spec")
    return Lease(
        holder=text(spec, "holderIdentity"),
        renewed=text(spec, "renewTime"),
        duration_seconds=count(spec, "leaseDurationSeconds"),
        resource_version=text(found, "metadata", "resourceVersion"),
        uid=text(found, "metadata", "uid"),
        transitions=count(spec, "leaseTransitions"),
        acquired=text(spec, "acquireTime"),
    )


def _object(body: bytes, kind: str) -> object:
    found = load(body)
    if text(found, "kind") != kind:
        raise ParseError(f"expected a {kind}, got {text(found, 'kind')[:60] or 'something without a kind'}")
    return found


def _one_node(body: bytes) -> KubeNode:
    _object(body, "Node")
    return _node(body)


def _one_pod(body: bytes) -> Pod:
    _object(body, "Pod")
    return _pod(body)


def _api_groups(body: bytes) -> Mapping[str, tuple[str, ...]]:
    """API groups with their versions. Only a list with the groups that every cluster has proves what is absent."""
    found = _object(body, "APIGroupList")
    groups = {
        text(row, "name"): tuple(text(version, "version") for version in rows(row, "versions"))
        for row in rows(found, "groups")
    }
    if not {"apps", "apiextensions.k8s.io"} <= groups.keys():
        raise ParseError("a list of API groups without apps or apiextensions.k8s.io is not a whole one")
    return groups


def _api_resources(body: bytes) -> frozenset[str]:
    return frozenset(text(row, "name") for row in rows(_object(body, "APIResourceList"), "resources"))


def _access_allowed(body: bytes) -> bool:
    return flag(_object(body, "SelfSubjectAccessReview"), "status", "allowed")


nodes = list_reader("NodeList", _node)
pods = list_reader("PodList", _pod, remember=32)
budgets = list_reader("PodDisruptionBudgetList", _budget)
attachments = list_reader("VolumeAttachmentList", _attachment)
node = reader(_one_node)
pod = reader(_one_pod, remember=64)
api_groups = reader(_api_groups, remember=4)
api_resources = reader(_api_resources)
access_allowed = reader(_access_allowed, remember=64)
_lease_reader = reader(_lease)


def lease(reply: Response) -> Lease | Unknown | None:
    """The Lease, None when the API server says that there is none."""
    if reply.status == 404 and is_status(reply.body):
        return None
    return _lease_reader(reply)


@dataclass(frozen=True, slots=True)
class Evicted:
    """The eviction was accepted (or would have been): the pod is on its way out."""


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such pod any more, or another one has its name now."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A disruption budget does not let it go now. `budgets` are their names as far as they were said."""

    budgets: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Denied:
    """Anything else: forbidden, two budgets for one pod, a busy or unreachable API server."""

    reason: str
    forbidden: bool = False


EvictOutcome = Evicted | Gone | Blocked | Denied


def evict_outcome(reply: Response) -> EvictOutcome:
    if reply.status in {200, 201}:
        return Evicted()
    if reply.status in {404, 409} and is_status(reply.body):
        return Gone()
    if reply.status == 429:
        causes = _budget_causes(reply.body)
        if causes:
            names = tuple(dict.fromkeys(match[1] for match in map(_BUDGET.search, causes) if match))
            return Blocked(names, "; ".join(causes))
    return Denied(complaint(reply), forbidden=reply.status == 403)


def _budget_causes(body: bytes) -> tuple[str, ...]:
    try:
        causes = rows(load(body), "details", "causes")
        return tuple(text(cause, "message") for cause in causes if text(cause, "reason") == "DisruptionBudget")
    except ParseError:
        return ()
