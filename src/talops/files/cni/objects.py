"""Rendered text into the objects that it holds, and what it holds that is no object to apply."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from talops.domain.cni import (
    HELM,
    HOOK,
    MANAGED_BY,
    RELEASE_NAME,
    RELEASE_NAMESPACE,
    KubeObject,
    Release,
    Rendered,
)
from talops.errors import FilesInvalid, ToolFailed
from talops.files.cni.repository import Fields, parsed, table, tables, text

Place = tuple[str | int, ...]
CRD = "CustomResourceDefinition"
_SOURCE = re.compile(r"^# Source: (\S+)$", re.MULTILINE)
_INSTANCE = "app.kubernetes.io/instance"


def objects_of(rendering: str, by: str, bare: Collection[str] = ()) -> tuple[KubeObject, ...]:
    """Every object of it; lists are taken apart. `by` is the tool that made it. Raises ToolFailed.

    `bare`: names of definitions that are from a `crds` folder, where the rendering itself does not say so.
    """
    found = []
    source = ""
    for part in _documents(rendering):
        said = _SOURCE.search(part)
        # of a file with several documents only the first has it
        source = said[1] if said else source
        for fields in _parsed(part, by):
            for one in _objects(fields, by):
                beside = one.kind == CRD and ("/crds/" in source or one.name in bare)
                found.append(replace(one, bare=True) if beside else one)
    if not found:
        raise ToolFailed(f"{by} rendered nothing", hint=f"see what {by} prints by hand")
    return tuple(found)


def _documents(rendering: str) -> Iterator[str]:
    """A line of three dashes stands in no value: a block's lines are indented."""
    return (part for part in f"\n{rendering}".split("\n---") if part.strip())


@lru_cache(maxsize=4096)
def _parsed(document: str, by: str) -> tuple[Fields, ...]:
    """A second rendering is mostly the same."""
    hint = f"see what {by} prints by hand"
    if document.lstrip().lower().startswith(("<!doctype", "<html")):
        raise ToolFailed(f"{by} printed an HTML page", hint=hint)
    try:
        return parsed(document, f"what {by} printed")
    except FilesInvalid as error:
        raise ToolFailed(f"{by} printed what is no YAML: {error.what.partition(': ')[2]}", hint=hint) from None


def _objects(fields: Fields, by: str) -> Iterator[KubeObject]:
    kind, api_version = text(fields, "kind"), text(fields, "apiVersion")
    if kind.endswith("List") and isinstance(fields.get("items"), list):
        for row in tables(fields.get("items")):
            yield from _objects(row, by)
        return
    name = text(fields, "metadata", "name")
    if not kind or not api_version or not name:
        raise ToolFailed(
            f"{by} printed something that is no Kubernetes object: {(kind or 'without a kind')} {name}".rstrip(),
            hint=f"see what {by} prints by hand",
        )
    for word in ("labels", "annotations"):
        _must_be_texts(fields, word, f"{kind} {name}, which {by} printed")
    namespace = text(fields, "metadata", "namespace")
    yield KubeObject(api_version=api_version, kind=kind, namespace=namespace, name=name, body=fields)


def _must_be_texts(fields: Fields, word: str, what: str) -> None:
    """As the API server wants them."""
    metadata = table(fields, "metadata")
    found = metadata.get(word)
    if found is not None and not isinstance(found, dict):
        raise ToolFailed(f"{what}: its {word} are no mapping", hint="mend the chart, or the manifest")
    for key, value in table(metadata, word).items():
        if not isinstance(value, str):
            raise ToolFailed(f"{what}: {key} of its {word} is no text", hint=f'quote it: {key}: "{value}"')


def rendered(first: Sequence[KubeObject], again: Sequence[KubeObject], releases: Sequence[Release]) -> Rendered:
    """With the metadata by which Helm adopts an object, and without what only Helm runs."""
    others = {_key(one): one for one in again}
    hooks = tuple(one for one in first if text(one.body, "metadata", "annotations", HOOK))
    owned = [_owned(one, releases) for one in first if one not in hooks]
    unstable = {str(one): places for one in owned if (places := _unlike(one, others.get(_key(one))))}
    unowned = tuple(
        str(one) for one in owned if not one.bare and not text(one.body, "metadata", "annotations", RELEASE_NAME)
    )
    return Rendered(objects=tuple(owned), hooks=hooks, unstable=unstable, unowned=unowned)


def _release_said(one: KubeObject) -> str:
    return text(one.body, "metadata", "annotations", RELEASE_NAME)


def _key(one: KubeObject) -> tuple[str, str, str, str]:
    return (one.api_version, one.kind, one.namespace, one.name)


def _unlike(one: KubeObject, again: KubeObject | None) -> tuple[Place, ...]:
    if again is None:
        return ()
    # what an object is called is no value of it
    found = _differing(one.body, again.body, ())
    return tuple(place for place in found if place[0] != "metadata" or len(place) > 2)


def _differing(one: object, other: object, place: Place) -> Iterator[Place]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one:
            if key in other:
                yield from _differing(one[key], other[key], (*place, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (row, its) in enumerate(zip(one, other, strict=True)):
            yield from _differing(row, its, (*place, number))
    elif one != other:
        yield place


def _owned(one: KubeObject, releases: Sequence[Release]) -> KubeObject:
    """Where the source does not say itself to which release it belongs. Pods belong to none: only their workloads."""
    annotations, labels = table(one.body, "metadata", "annotations"), table(one.body, "metadata", "labels")
    release = _release_of(one, releases)
    said = {RELEASE_NAME: release.name, RELEASE_NAMESPACE: release.namespace} if release is not None else {}
    said = said | {key: str(annotations[key]) for key in (RELEASE_NAME, RELEASE_NAMESPACE) if key in annotations}
    if one.bare:
        annotations = {key: value for key, value in annotations.items() if key not in said}
        labels = {key: value for key, value in labels.items() if key != MANAGED_BY}
    elif said:
        annotations, labels = {**annotations, **said}, {**labels, MANAGED_BY: HELM}
    else:
        return one
    kept = {key: value for key, value in table(one.body, "metadata").items() if key not in {"annotations", "labels"}}
    own = {**({"annotations": annotations} if annotations else {}), **({"labels": labels} if labels else {})}
    return replace(one, body={**_without_in_pods(one.body), "metadata": {**kept, **own}})


def _without_in_pods(body: Fields) -> Fields:
    """kustomize's `commonAnnotations` go there, too: Helm would take them away, and so replace every pod."""
    annotations = table(body, "spec", "template", "metadata", "annotations")
    if not annotations.keys() & {RELEASE_NAME, RELEASE_NAMESPACE}:
        return body
    kept = {key: value for key, value in annotations.items() if key not in {RELEASE_NAME, RELEASE_NAMESPACE}}
    spec, template = table(body, "spec"), table(body, "spec", "template")
    metadata = {key: value for key, value in table(template, "metadata").items() if key != "annotations"}
    metadata |= {"annotations": kept} if kept else {}
    return {**body, "spec": {**spec, "template": {**template, "metadata": metadata}}}


def _release_of(one: KubeObject, releases: Sequence[Release]) -> Release | None:
    """The only one; of several the one that its labels name, or whose name it begins with."""
    if len(releases) < 2:
        return releases[0] if releases else None
    instance = text(one.body, "metadata", "labels", _INSTANCE)
    chart = text(one.body, "metadata", "labels", "helm.sh/chart")
    for release in sorted(releases, key=lambda release: -len(release.name)):
        names = {release.name, release.chart.rpartition("/")[2]}
        if instance in names or any(chart.startswith(f"{name}-") or one.name.startswith(name) for name in names):
            return release
    return None
