"""What the Kubernetes API replied about what runs, as values. Pure: a Response in, values or Unknown out."""

from collections.abc import Iterator
from functools import lru_cache

from talops.domain.process import Response
from talops.domain.talos import Unknown
from talops.domain.workload import FluxRelease, HelmRecord, PodState, SigningRequest, Workload
from talops.tools.kubernetes import condition
from talops.tools.reading import ParseError, count, flag, load, part, rows, strings, table, text
from talops.tools.replies import list_reader, reader

KINDS = {"DaemonSet", "Deployment", "StatefulSet"}
_SERVING = "kubernetes.io/kubelet-serving"
_NODE = "system:node:"
_LONGEST = 240
_PULLS = {"ImagePullBackOff", "ErrImagePull"}


def _workload(body: bytes) -> Workload:
    found = load(body)
    kind, status, spec = text(found, "kind"), table(found, "status"), table(found, "spec")
    if kind not in KINDS:
        raise ParseError(f"expected a workload, got {kind[:60] or 'something without a kind'}")
    daemons = kind == "DaemonSet"
    counted = count(status, "observedGeneration", default=-1) >= count(found, "metadata", "generation")
    wanted = count(status, "desiredNumberScheduled") if daemons else count(spec, "replicas", default=1)
    return Workload(
        kind=kind,
        namespace=text(found, "metadata", "namespace"),
        name=text(found, "metadata", "name"),
        current=counted,
        wanted=wanted if counted or not daemons else None,
        updated=count(status, "updatedNumberScheduled" if daemons else "updatedReplicas"),
        ready=count(status, "numberAvailable" if daemons else "availableReplicas"),
        selector=strings(spec, "selector", "matchLabels"),
        host_network=flag(spec, "template", "spec", "hostNetwork"),
    )


@lru_cache(maxsize=4096)
def _pod(piece: bytes) -> PodState:
    found = load(piece)
    # one that leaves may say Ready to its end
    ready = condition(found, "Ready")[0] is True and not text(found, "metadata", "deletionTimestamp")
    return PodState(
        namespace=text(found, "metadata", "namespace"),
        name=text(found, "metadata", "name"),
        node=text(found, "spec", "nodeName"),
        ready=ready,
        why="" if ready else _why(found),
        labels=strings(found, "metadata", "labels"),
    )


def _why(found: object) -> str:
    """In the words of whoever knows: the scheduler, or the kubelet about a container."""
    scheduled, reason, message = condition(found, "PodScheduled")
    if scheduled is False:
        return f"Pending, {reason or 'not scheduled'}: {message}"[:_LONGEST]
    if text(found, "metadata", "deletionTimestamp"):
        return "it is being deleted"
    words = next(_containers(found), "")
    return words or f"{text(found, 'status', 'phase') or 'Pending'}, not Ready"


def _containers(found: object) -> Iterator[str]:
    """The first that is stuck; then the first that merely is not Ready."""
    status = table(found, "status")
    all_ = [*rows(status, "initContainerStatuses"), *rows(status, "containerStatuses")]
    for row in all_:
        waiting, name = table(row, "state", "waiting"), text(row, "name")
        reason = text(waiting, "reason")
        if reason in {"", "PodInitializing", "ContainerCreating"}:
            continue
        if reason == "CrashLoopBackOff":
            yield f"{reason}: container {name}, {_last(row)}"
        elif reason in _PULLS:
            # the kubelet says one and the other in turn: it is the same trouble
            said = text(waiting, "message").rpartition(": ")[2].strip(' "')
            yield f"ImagePullBackOff: {text(row, 'image')}" + (f" ({said})" if ": " in text(waiting, "message") else "")
        else:
            yield f"{reason}: container {name}: {text(waiting, 'message')}"[:_LONGEST].removesuffix(": ")
    for row in all_:
        ended = table(row, "state", "terminated")
        if ended and count(ended, "exitCode"):
            yield f"container {text(row, 'name')} ended: {_ended(ended)}"
    for row in rows(status, "containerStatuses"):
        if not flag(row, "ready"):
            running = part(row, "state", "running") is not None
            reason = text(row, "state", "waiting", "reason") or "not started"
            yield f"container {text(row, 'name')} {'runs, not Ready' if running else f'waits: {reason}'}"


def _last(row: object) -> str:
    ended = table(row, "lastState", "terminated")
    return f"which last ended with {_ended(ended)}" if ended else f"restarted {count(row, 'restartCount')} times"


def _ended(ended: object) -> str:
    message = text(ended, "message").strip()
    words = f"exit {count(ended, 'exitCode')} ({text(ended, 'reason') or 'no reason'})"
    return (f"{words}: {message.splitlines()[-1]}" if message else words)[:_LONGEST]


@lru_cache(maxsize=4096)
def _request(piece: bytes) -> SigningRequest | None:
    """None where it is not of a kubelet that wants to serve."""
    found = load(piece)
    user = text(found, "spec", "username")
    if text(found, "spec", "signerName") != _SERVING or not user.startswith(_NODE):
        return None
    kinds = {text(row, "type") for row in rows(found, "status", "conditions")}
    return SigningRequest(
        name=text(found, "metadata", "name"),
        node=user.removeprefix(_NODE),
        created=text(found, "metadata", "creationTimestamp"),
        pending=not kinds & {"Approved", "Denied", "Failed"},
        denied="Denied" in kinds,
    )


@lru_cache(maxsize=256)
def _flux(piece: bytes) -> FluxRelease:
    found = load(piece)
    name, namespace, spec = text(found, "metadata", "name"), text(found, "metadata", "namespace"), table(found, "spec")
    target = text(spec, "targetNamespace")
    return FluxRelease(
        namespace=namespace,
        name=name,
        release=text(spec, "releaseName") or (f"{target}-{name}" if target else name),
        release_namespace=target or namespace,
        suspended=flag(spec, "suspend"),
    )


@lru_cache(maxsize=256)
def _record(piece: bytes) -> HelmRecord:
    """By its labels alone: the rest holds values."""
    found = load(piece)
    labels = strings(found, "metadata", "labels")
    version = labels.get("version", "")
    return HelmRecord(
        namespace=text(found, "metadata", "namespace"),
        name=labels.get("name", ""),
        revision=int(version) if version.isdecimal() else 0,
        status=labels.get("status", ""),
    )


workload = reader(_workload, remember=64)
pods = list_reader("PodList", _pod, remember=32)
flux_releases = list_reader("HelmReleaseList", _flux)
records = list_reader("SecretList", _record)
_requests = list_reader("CertificateSigningRequestList", _request)


def signing_requests(reply: Response) -> tuple[SigningRequest, ...] | Unknown:
    """Those of kubelets for their serving certificates."""
    found = _requests(reply)
    return found if isinstance(found, Unknown) else tuple(one for one in found if one is not None)
