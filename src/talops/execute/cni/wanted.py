"""The objects that are wanted, as this cluster needs them: in their namespaces, and with what it has already made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from talops.domain.cni import KubeObject, Rendered
from talops.domain.process import Kube
from talops.execute.cni.compare import has_all, kept, with_selector
from talops.execute.cni.kinds import Kinds, placed, sure
from talops.tools import objects
from talops.tools.workloads import KINDS


def wanted_objects(rendered: Rendered, kinds: Kinds, kube: Kube) -> tuple[KubeObject, ...]:
    """In their namespaces, which are made where nobody else does; and with what is new each time as it is there.

    Values that belong together (a CA and what it has signed) are kept together, or made anew together.
    """
    found = placed(rendered.objects, kinds)
    found = (*_namespaces(found, kinds, kube), *_with_old_selectors(found, kinds, kube))
    unstable = [one for one in found if str(one) in _moved(rendered, found)]
    if not unstable:
        return found
    places = _moved(rendered, found)
    replies = kube.gather([objects.read(kind, one) for one in unstable if (kind := kinds.of(one)) is not None])
    if len(replies) < len(unstable):
        return found
    lives = {str(one): sure(objects.live(reply)) for one, reply in zip(unstable, replies, strict=True)}
    if not all(has_all(one, lives[str(one)], places[str(one)]) for one in unstable):
        return found
    return tuple(
        replace(one, body=kept(one, lives[str(one)] or {}, places[str(one)])) if str(one) in lives else one
        for one in found
    )


def _with_old_selectors(found: Sequence[KubeObject], kinds: Kinds, kube: Kube) -> tuple[KubeObject, ...]:
    """A workload that kustomize's `commonLabels` were applied to keeps its selector: nobody can change it."""
    asked = [(one, kind) for one in found if one.kind in KINDS and (kind := kinds.of(one)) is not None]
    replies = kube.gather([objects.read(kind, one) for one, kind in asked])
    lives = {str(one): sure(objects.live(reply)) for (one, _), reply in zip(asked, replies, strict=True)}
    return tuple(with_selector(one, live) if (live := lives.get(str(one))) else one for one in found)


def _moved(rendered: Rendered, found: Sequence[KubeObject]) -> Mapping[str, tuple[tuple[str | int, ...], ...]]:
    """By the objects as they are called in their namespaces."""
    names = {
        str(before): str(after) for before, after in zip(rendered.objects, found[-len(rendered.objects) :], strict=True)
    }
    return {names[name]: places for name, places in rendered.unstable.items()}


def _namespaces(found: Sequence[KubeObject], kinds: Kinds, kube: Kube) -> Iterator[KubeObject]:
    """Those that objects are to be in, that nobody makes, and that are not there: as `helm --create-namespace`."""
    made = {one.name for one in found if one.kind == "Namespace"}
    missing = sorted({one.namespace for one in found if one.namespace} - made)
    wanted = [namespace(name) for name in missing]
    pairs = [(one, kind) for one in wanted if (kind := kinds.of(one)) is not None]
    replies = kube.gather([objects.read(kind, one) for one, kind in pairs])
    for (one, _), reply in zip(pairs, replies, strict=True):
        if sure(objects.live(reply)) is None:
            yield one


def namespace(name: str) -> KubeObject:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    return KubeObject(api_version="v1", kind="Namespace", namespace="", name=name, body=body)
