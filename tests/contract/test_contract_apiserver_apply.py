"""Server-side apply: the embedded Kubernetes and a real kube-apiserver tell the same stories, request by request.

Where they differ, the real one is right.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from contract.apiserver import ApiServer
from contract.same import decoded
from contract.states import send
from contract.stories import STORIES, Told, created
from talops.domain.process import Response
from talops.sim.kube.api import KubeApi
from talops.sim.kube.store import ObjectStore

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
LACKING = "nothing"
_OWN = {"uid", "resourceVersion", "creationTimestamp", "time"}
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


@pytest.mark.parametrize("name", STORIES)
def test_both_tell_the_same_story(name: str, apiserver: ApiServer) -> None:
    namespace = "story-" + str(list(STORIES).index(name))
    api = KubeApi(ObjectStore(lambda: NOW))
    found: list[str] = []
    for told in (space(namespace), *STORIES[name]):
        request = told.request(namespace)
        ours = Response.of(*api.handle(request.method, request.path, request.body, request.content_type))
        found += [f"{told}: {line}" for line in unlike(said(ours), said(send(apiserver.kube, request)))]
    assert not found, "\n".join(found)
