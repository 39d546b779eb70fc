"""What talops must be allowed to do, read off its own requests."""

import json

import pytest

from talops.tools.permissions import Permission, permissions
from talops.tools.templates import REQUEST_TEMPLATES

WANTED = {str(permission): changes for permission, changes in permissions().items()}


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("get /apis", False),
        ("get /apis/*", False),
        ("list nodes", False),
        ("get nodes", False),
        ("patch nodes", True),
        ("list pods", False),
        ("create pods/eviction", True),
        ("list poddisruptionbudgets.policy", False),
        ("list clusters.postgresql.cnpg.io", False),
        ("patch clusters/status.postgresql.cnpg.io", True),
        ("get leases.coordination.k8s.io in kube-system", False),
        ("create leases.coordination.k8s.io in kube-system", True),
        ("update leases.coordination.k8s.io in kube-system", True),
        ("delete leases.coordination.k8s.io in kube-system", True),
    ],
)
def test_a_request_needs_its_permission(words: str, changes: bool) -> None:
    assert WANTED[words] is changes


def test_every_request_that_changes_something_needs_a_permission_to_change() -> None:
    changing = [template for template in REQUEST_TEMPLATES.values() if template.mutating]
    assert len({permission for permission, changes in permissions().items() if changes}) <= len(changing)
    assert {verb.partition(" ")[0] for verb, changes in WANTED.items() if changes} <= {
        "create",
        "update",
        "patch",
        "delete",
    }
    assert {verb.partition(" ")[0] for verb, changes in WANTED.items() if not changes} <= {"get", "list", "watch"}


def test_a_request_that_is_new_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    from talops.tools import permissions as module
    from talops.tools.templates import RequestTemplate

    new = RequestTemplate(name="new", method="DELETE", path="/apis/a.example/v1/namespaces/{namespace}/things/{name}")
    monkeypatch.setattr(module, "REQUEST_TEMPLATES", {**REQUEST_TEMPLATES, "new": new})
    wanted = Permission(verb="delete", group="a.example", resource="things")
    assert permissions()[wanted] is True


@pytest.mark.parametrize(
    ("permission", "command", "attributes"),
    [
        (
            Permission(verb="create", resource="pods", subresource="eviction"),
            "kubectl auth can-i create pods --subresource=eviction -A",
            {"resourceAttributes": {"verb": "create", "group": "", "resource": "pods", "subresource": "eviction"}},
        ),
        (
            Permission(verb="get", group="g", resource="leases", namespace="kube-system", name="talops"),
            "kubectl auth can-i get leases.g/talops -n kube-system",
            {
                "resourceAttributes": {
                    "verb": "get",
                    "group": "g",
                    "resource": "leases",
                    "namespace": "kube-system",
                    "name": "talops",
                }
            },
        ),
        (
            Permission(verb="get", path="/apis/*"),
            "kubectl auth can-i get '/apis/*'",
            {"nonResourceAttributes": {"verb": "get", "path": "/apis/*"}},
        ),
    ],
)
def test_a_permission_is_asked_for_as_a_person_would(
    permission: Permission, command: str, attributes: dict[str, object]
) -> None:
    review = permission.review()
    assert review.command == command
    assert json.loads(review.body)["spec"] == attributes
