"""Server-side apply: the embedded Kubernetes and a real kube-apiserver tell the same stories, request by request.

Where they differ, the real one is right.
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from contract.apiserver import ApiServer, define, undefine
from contract.same import decoded
from contract.states import send
from contract.stories import POOL_STORY, POOLS, STORIES, Told, created, read
from talops.domain.process import Response
from talops.sim.kube.api import KubeApi
from talops.sim.kube.builtin import BUILT_IN
from talops.sim.kube.objects import Resource
from talops.sim.kube.store import ObjectStore

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
POOL = Resource(group="story.example", version="v1", plural="pools", kind="Pool", custom=True)
LACKING = "nothing"
PATHS = sorted({f"/apis/{one.api_version}" if one.group else "/api/v1" for one in BUILT_IN})
_OWN = {"uid", "resourceVersion", "creationTimestamp", "storageVersionHash", "time"}
"""What each server gives its objects itself: only whether there is one is compared."""
_MASKS = (
    (re.compile(r"\b10\.96\.\d+\.\d+\b"), "ADDRESS"),
    (re.compile(r" at \d{4}-[\dT:Z-]+"), ""),
)


def space(name: str) -> Told:
    return created("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def compared(value: Any) -> Any:
    """An answer without what must differ."""
    if isinstance(value, dict):
        found: dict[str, Any] = {
            key: "its own" if key in _OWN and part else compared(part) for key, part in value.items()
        }
        if isinstance(found.get("causes"), list):
            found["causes"] = sorted(found["causes"], key=str)
        return found
    if isinstance(value, list):
        return [compared(one) for one in value]
    if isinstance(value, str):
        for pattern, instead in _MASKS:
            value = pattern.sub(instead, value)
    return value


def unlike(ours: Any, real: Any, path: str = "") -> Iterator[str]:
    """Every difference, with its path."""
    if isinstance(ours, dict) and isinstance(real, dict):
        for key in sorted(ours.keys() | real.keys()):
            yield from unlike(ours.get(key, LACKING), real.get(key, LACKING), f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(real, list) and len(ours) == len(real):
        for number, (one, other) in enumerate(zip(ours, real, strict=True)):
            yield from unlike(one, other, f"{path}[{number}]")
    elif ours != real or type(ours) is not type(real):
        yield f"{path} is {ours!r}, the real one is {real!r}"


def said(reply: Response) -> list[Any]:
    return [reply.status, compared(decoded(reply.body) if reply.body else reply.error)]


@pytest.mark.parametrize("path", PATHS)
def test_both_say_the_same_of_the_kinds_that_both_have(path: str, apiserver: ApiServer) -> None:
    """Which verbs, short names and subresources, for kubectl and helm to go by."""
    request = read(path).request("default")
    replies = (Response.of(*KubeApi(ObjectStore(lambda: NOW)).handle("GET", path)), send(apiserver.kube, request))
    ours, real = ({one["name"]: one for one in compared(decoded(reply.body))["resources"]} for reply in replies)
    found = [line for name, row in ours.items() for line in unlike(row, real.get(name, LACKING), name)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", STORIES)
def test_both_tell_the_same_story(name: str, apiserver: ApiServer) -> None:
    told_alike("story-" + str(list(STORIES).index(name)), STORIES[name], KubeApi(ObjectStore(lambda: NOW)), apiserver)


def test_both_merge_a_kind_of_its_own_as_its_schema_says(apiserver: ApiServer) -> None:
    body = json.dumps(POOLS).encode()
    api = KubeApi(ObjectStore(lambda: NOW))
    assert api.handle("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)[0] == 201
    api.store.register(POOL)
    define(apiserver.kube, [body], "story.example/v1/pools")
    try:
        told_alike("story-of-pools", POOL_STORY, api, apiserver)
    finally:
        undefine(apiserver.kube, "pools", "story.example", "v1")


def told_alike(namespace: str, story: Sequence[Told], api: KubeApi, apiserver: ApiServer) -> None:
    found: list[str] = []
    for told in (space(namespace), *story):
        request = told.request(namespace)
        ours = Response.of(*api.handle(request.method, request.path, request.body, request.content_type))
        found += [f"{told}: {line}" for line in unlike(said(ours), said(send(apiserver.kube, request)))]
    assert not found, "\n".join(found)
