"""Pods that Talos' default pod security forbids: outside kube-system they need a namespace that allows them."""

from collections.abc import Iterator, Sequence

from talops.domain.cni import KubeObject
from talops.domain.process import Kube
from talops.execute.cni.kinds import Kinds
from talops.execute.cni.wanted import namespace
from talops.tools import objects, workloads
from talops.tools.reading import ParseError, flag, part, rows, text

ENFORCE = "pod-security.kubernetes.io/enforce"
_EXEMPT = "kube-system"
_PRIVILEGED = "privileged"


def forbidden(wanted: Sequence[KubeObject], kinds: Kinds, kube: Kube) -> Iterator[str]:
    """A warning for each namespace in which pods would not be made."""
    found = {one.namespace: one for one in wanted if one.kind in workloads.KINDS and _needs_the_host(one)}
    found.pop(_EXEMPT, None)
    made = {one.name: text(one.body, "metadata", "labels", ENFORCE) for one in wanted if one.kind == "Namespace"}
    for name, one in found.items():
        if (made.get(name) or _live(name, kinds, kube)) != _PRIVILEGED:
            yield (
                f"{one} needs the node's own network or rights, which Talos' default pod security forbids in the "
                f"namespace {name}: kubectl label namespace {name} {ENFORCE}={_PRIVILEGED}"
            )


def _live(name: str, kinds: Kinds, kube: Kube) -> str:
    wanted = namespace(name)
    kind = kinds.of(wanted)
    if kind is None:
        return ""
    there = objects.live(kube.gather([objects.read(kind, wanted)])[0])
    return objects.labels(there).get(ENFORCE, "") if isinstance(there, dict) else ""


def _needs_the_host(one: KubeObject) -> bool:
    try:
        spec = part(one.body, "spec", "template", "spec")
        return flag(spec, "hostNetwork") or flag(spec, "hostPID") or any(_privileged(spec))
    except ParseError:
        # the API server will say what is wrong with it
        return False


def _privileged(spec: object) -> Iterator[bool]:
    for container in (*rows(spec, "initContainers"), *rows(spec, "containers")):
        yield flag(container, "securityContext", "privileged")
    for volume in rows(spec, "volumes"):
        yield part(volume, "hostPath") is not None
