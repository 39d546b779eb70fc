"""Server-side apply on the embedded Kubernetes, whatever somebody sends."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import desired_cluster
from contract.stories import APPLY, STORIES, Told, applied, core, named, of_group
from talops.sim.kube.api import KubeApi
from talops.sim.kube.fieldsets import Fields, read, written
from talops.sim.kube.store import ObjectStore
from talops.sim.world import rehearsal

WORDS = (
    *(
        "spec",
        "template",
        "selector",
        "matchLabels",
        "metadata",
        "labels",
        "containers",
        "name",
        "image",
        "ports",
        "env",
    ),
    *("replicas", "volumes", "tolerations", "data", "stringData", "roleRef", "subjects", "names", "versions", "group"),
    *("minAvailable", "containerPort", "protocol", "key", "status", "conditions", "type", "annotations", "strategy"),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.sampled_from(("a", "b", "", "10%")),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(WORDS), below, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(("f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'))


def api() -> KubeApi:
    store = ObjectStore(lambda: datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC))
    metadata = {"name": "default"}
    store.create("namespaces", {"kind": "Namespace", "apiVersion": "v1", "metadata": metadata})
    return KubeApi(store)


def body(kind: str, more: dict[str, Any]) -> bytes:
    version, _, name = kind.partition(" ")
    return json.dumps({**more, "apiVersion": version, "kind": name, "metadata": {"name": "a"}}).encode()


OTHERS = (
    applied(
        of_group("batch", "jobs", "it"),
        named("Job", "batch/v1", spec={"template": {"spec": {"containers": [{"name": "main", "image": "x"}]}}}),
    ),
    applied(
        of_group("certificates.k8s.io", "certificatesigningrequests", "it", cluster=True),
        {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"name": "it"},
            "spec": {"request": "YQ==", "signerName": "kubernetes.io/kubelet-serving", "usages": ["server auth"]},
        },
    ),
    applied(
        core("pods", "it"), named("Pod", spec={"containers": [{"name": "main", "image": "x"}], "nodeName": "cp-1"})
    ),
)
BODIES: tuple[Told, ...] = tuple(
    {
        told.path.partition("?")[0]: told
        for story in (*STORIES.values(), OTHERS)
        for told in story
        if told.kind == APPLY
    }.values()
)
"""Of each kind one that is as it should be."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Everywhere in it that could be wrong."""
    if path:
        yield path
    for key, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(below, (*path, key))


def spoiled(value: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    if not path:
        return wrong
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = spoiled(value[path[0]], path[1:], wrong)
    return copy


@pytest.mark.parametrize("told", BODIES, ids=str)
@settings(max_examples=12)
@given(data=st.data())
def test_whatever_is_wrong_in_an_object_the_cluster_answers_and_lives_on(told: Told, data: st.DataObject) -> None:
    world = rehearsal(desired_cluster(1, 0), cni=False)
    server = KubeApi(world.truth.cluster.store)
    request = told.request("default")
    sound = json.loads(request.body) if request.body.startswith(b"{") else {"metadata": {}}
    place = data.draw(st.sampled_from(sorted(places(sound), key=str)))
    wrong = json.dumps(spoiled(sound, place, data.draw(VALUES))).encode()
    path = f"{request.path.partition('?')[0]}?fieldManager=one&force=true"
    for sent in (wrong, request.body, wrong):
        status, _ = server.handle("PATCH", path, sent, APPLY)
        assert status in {200, 201, 400, 404, 409, 422, 500}
        server.handle("POST", path.partition("?")[0].rpartition("/")[0], sent)
        server.handle("PATCH", path.partition("?")[0], sent, "application/strategic-merge-patch+json")
        world.advance(5)


@given(data=st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3))
def test_the_same_applied_again_writes_nothing(data: dict[str, str]) -> None:
    server = api()
    path = "/api/v1/namespaces/default/configmaps/a?fieldManager=one"
    server.handle("PATCH", path, body("v1 ConfigMap", {"data": data}), APPLY)
    version = server.store.version
    server.handle("PATCH", path, body("v1 ConfigMap", {"data": data}), APPLY)
    assert server.store.version == version


@given(
    mine=st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3),
    theirs=st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3),
)
def test_who_applies_nothing_any_more_leaves_what_others_have_applied(
    mine: dict[str, str], theirs: dict[str, str]
) -> None:
    server = api()
    path = "/api/v1/namespaces/default/configmaps/a?force=true&fieldManager="
    server.handle("PATCH", f"{path}one", body("v1 ConfigMap", {"data": mine}), APPLY)
    server.handle("PATCH", f"{path}two", body("v1 ConfigMap", {"data": theirs}), APPLY)
    server.handle("PATCH", f"{path}one", body("v1 ConfigMap", {}), APPLY)
    found = server.store.get("configmaps", "a", "default")
    assert found is not None
    assert (found.get("data") or {}) == theirs


@given(fields=st.frozensets(st.lists(KEYS, min_size=1, max_size=4).map(tuple), max_size=8))
def test_a_set_of_fields_is_read_as_it_was_written(fields: Fields) -> None:
    assert read(written(fields)) == fields
