"""An API server whose etcd has no space left: it reads and deletes, and refuses what needs room."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from play import cluster

from contract.apiserver import ApiServer
from contract.states import LATER, NOW, send
from talops.domain.kubernetes import Lease
from talops.domain.process import Kube
from talops.tools import kubernetes, requests


def etcd(server: ApiServer, path: str, **body: object) -> Any:
    request = urllib.request.Request(f"{server.store}/v3/maintenance/{path}", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


@contextmanager
def full(server: ApiServer) -> Iterator[None]:
    """Its etcd says that it is, and so it behaves."""
    alarm = {"alarm": "NOSPACE", "memberID": etcd(server, "status")["header"]["member_id"]}
    etcd(server, "alarm", action="ACTIVATE", **alarm)
    try:
        yield
    finally:
        etcd(server, "alarm", action="DEACTIVATE", **alarm)


def without_a_lease(kube: Kube) -> None:
    found = kubernetes.lease(send(kube, requests.lease()))
    if isinstance(found, Lease):
        assert send(kube, requests.lease_delete(found)).status == 200


def said(kube: Kube) -> list[tuple[int | None, object]]:
    """To what needs room and to what does not."""
    held = kubernetes.lease(send(kube, requests.lease()))
    assert isinstance(held, Lease)
    asked = (
        requests.lease_replace(held, "me", LATER, 60),
        requests.lease_create("me", NOW, 60),
        requests.nodes(),
        requests.lease_delete(held),
        requests.lease_create("me", NOW, 60),
    )
    replies = [send(kube, request) for request in asked]
    return [(reply.status, json.loads(reply.body).get("message") if reply.status == 500 else "") for reply in replies]


def test_a_full_etcd_is_told_alike(apiserver: ApiServer) -> None:
    world = cluster().world
    for kube in (apiserver.kube, world.kube):
        without_a_lease(kube)
        assert send(kube, requests.lease_create("me", NOW, 60)).status == 201
    world.truth.etcd.fill(world.truth.etcd.members[0])
    with full(apiserver):
        theirs = said(apiserver.kube)
    assert said(world.kube) == theirs
    assert send(apiserver.kube, requests.lease_create("me", NOW, 60)).status == 201
    without_a_lease(apiserver.kube)
