"""Protobuf bodies of Kubernetes are read as the JSON that they stand for, and nonsense is refused."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talops.sim.network.kubernetes.protobuf import MAGIC, Unreadable, as_json


def field(number: int, value: bytes | str | int) -> bytes:
    if isinstance(value, int):
        return bytes([number << 3, value])
    data = value.encode() if isinstance(value, str) else value
    return bytes([number << 3 | 2, len(data)]) + data


def enveloped(api_version: str, kind: str, raw: bytes) -> bytes:
    return MAGIC + field(1, field(1, api_version) + field(2, kind)) + field(2, raw) + field(3, "") + field(4, "")


def test_an_access_review_is_read() -> None:
    attributes = field(1, "web") + field(2, "create") + field(5, "pods") + field(6, "eviction")
    body = enveloped(
        "authorization.k8s.io/v1", "SelfSubjectAccessReview", field(1, b"") + field(2, field(1, attributes))
    )
    assert json.loads(as_json(body))["spec"]["resourceAttributes"] == {
        "namespace": "web",
        "verb": "create",
        "resource": "pods",
        "subresource": "eviction",
    }


def test_a_config_map_is_read() -> None:
    metadata = field(1, "mine") + field(3, "web") + field(11, field(1, "a") + field(2, "b"))
    data = field(2, field(1, "k") + field(2, "v")) + field(3, field(1, "x") + field(2, b"\xff"))
    found = json.loads(as_json(enveloped("v1", "ConfigMap", field(1, metadata) + data + field(4, 1))))
    assert found == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "mine", "namespace": "web", "labels": {"a": "b"}},
        "data": {"k": "v"},
        "binaryData": {"x": "/w=="},
        "immutable": True,
    }


def test_an_eviction_keeps_its_options() -> None:
    options = field(1, 30) + field(2, field(1, "uid-1")) + field(5, "All")
    found = json.loads(as_json(enveloped("policy/v1", "Eviction", field(1, field(1, "pod")) + field(2, options))))
    assert found["deleteOptions"] == {"gracePeriodSeconds": 30, "preconditions": {"uid": "uid-1"}, "dryRun": ["All"]}


def test_a_kind_that_nobody_sends_is_refused_by_its_name() -> None:
    with pytest.raises(Unreadable, match="Deployment"):
        as_json(enveloped("apps/v1", "Deployment", b""))


@given(st.binary(max_size=80), st.sampled_from(["ConfigMap", "Eviction", "SelfSubjectAccessReview"]))
def test_no_bytes_break_the_reader(raw: bytes, kind: str) -> None:
    for body in (MAGIC + raw, enveloped("v1", kind, raw)):
        with suppress(Unreadable):
            json.loads(as_json(body))
