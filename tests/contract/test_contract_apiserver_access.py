"""What talops must be allowed to do, against the RBAC of a real kube-apiserver."""

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from contract.apiserver import BOB, PATIENCE, ApiServer
from talops.domain.doctor import Check, State
from talops.domain.process import Kube, Request
from talops.toolbox.reach import access
from talops.tools import requests
from talops.tools.permissions import Permission, permissions

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_NAME = "talops-of-a-test"
_PLAIN = Permission(verb="patch", resource="nodes")


def sent(kube: Kube, method: str, path: str, body: object = None) -> int | None:
    request = Request(
        template="definition",
        method=method,
        path=path,
        body=json.dumps(body).encode() if body else b"",
        deadline=timedelta(seconds=PATIENCE),
    )
    return kube.gather([request])[0].status


def rule(wanted: Permission) -> dict[str, list[str]]:
    if wanted.path:
        return {"nonResourceURLs": [wanted.path], "verbs": [wanted.verb]}
    resource = "/".join(filter(None, (wanted.resource, wanted.subresource)))
    named = {"resourceNames": [wanted.name]} if wanted.name else {}
    return {"apiGroups": [wanted.group], "resources": [resource], "verbs": [wanted.verb], **named}


@contextmanager
def allowed(admin: Kube, wanted: Iterable[Permission]) -> Iterator[None]:
    """Bob may do these, and nothing else, while the block lasts."""
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _NAME}
    who = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": BOB}
    metadata = {"name": _NAME}
    try:
        for kind, more in (
            ("ClusterRole", {"rules": [rule(one) for one in wanted]}),
            ("ClusterRoleBinding", {"roleRef": reference, "subjects": [who]}),
        ):
            whole = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, **more}
            assert sent(admin, "POST", f"{_RBAC}/{kind.lower()}s", whole) == 201
        yield
    finally:
        for kind in ("clusterrolebindings", "clusterroles"):
            assert sent(admin, "DELETE", f"{_RBAC}/{kind}/{_NAME}") == 200


def settled(kube: Kube, states: tuple[State, State]) -> tuple[Check, ...]:
    """RBAC hears of a new rule after a moment."""
    until = time.monotonic() + PATIENCE
    pause = threading.Event()
    while True:
        found = access(kube)
        if tuple(check.state for check in found) == states:
            return found
        assert time.monotonic() < until, found
        pause.wait(0.02)


def test_an_administrator_may_do_all(apiserver: ApiServer) -> None:
    assert [check.state for check in access(apiserver.kube)] == [State.OK, State.OK]


def test_somebody_whom_nothing_is_allowed_may_only_ask_what_there_is(apiserver: ApiServer) -> None:
    looks, changes = access(apiserver.bob)
    assert (looks.state, changes.state) == (State.BAD, State.BAD)
    for wanted, is_change in permissions().items():
        # discovery is open to everybody who has logged in
        assert (str(wanted) in (changes if is_change else looks).what) is not bool(wanted.path), wanted


def test_these_permissions_are_enough_and_each_is_needed(apiserver: ApiServer) -> None:
    with allowed(apiserver.kube, permissions()):
        settled(apiserver.bob, (State.OK, State.OK))
        asked = (requests.nodes(), requests.pods_on("x"), requests.lease(), requests.budgets(), requests.ceph())
        replies = apiserver.bob.gather(asked)
        assert {reply.status for reply in replies} <= {200, 404}
        # a review is allowed because it was answered
        assert [wanted for wanted in permissions() if wanted.resource == "selfsubjectaccessreviews"] == []
    settled(apiserver.bob, (State.BAD, State.BAD))


@pytest.mark.parametrize("lacks", [_PLAIN, Permission(verb="create", resource="pods", subresource="eviction")], ids=str)
def test_one_that_is_missing_is_named(apiserver: ApiServer, lacks: Permission) -> None:
    with allowed(apiserver.kube, [wanted for wanted in permissions() if wanted != lacks]):
        _, changes = settled(apiserver.bob, (State.OK, State.BAD))
    assert changes.what.endswith(f"will fail without: {lacks}")
    assert changes.hint == lacks.review().command
