"""Only requests of the table can be made; mutations name the very object that they were computed from."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from talops.domain.kubernetes import KubeNode, Lease, Pod, PostgresCluster
from talops.domain.process import Request
from talops.tools import requests
from talops.tools.templates import REQUEST_TEMPLATES

NODE = KubeNode(name="w-1", addresses=("10.0.0.21",), ready=True, resource_version="41")
POD = Pod(namespace="db", name="pg-1", uid="u-1", node="w-1", phase="Running", ready=True)
HELD = Lease(
    holder="me", renewed="r", duration_seconds=60, resource_version="7", uid="l-1", transitions=2, acquired="a"
)
NOW = datetime(2026, 11, 23, 9, 30, 0, 123456, UTC)
PG = PostgresCluster(
    namespace="db",
    name="pg",
    wanted=3,
    instances=3,
    ready=3,
    phase="",
    phase_reason="",
    primary="pg-1",
    target_primary="pg-1",
    ready_condition=True,
    reported_primaries=("pg-1",),
    reported=3,
    resource_version="99",
)
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"


@pytest.mark.parametrize(
    ("request_", "line", "command"),
    [
        (requests.api_groups(), "GET /apis", "kubectl get --raw /apis"),
        (
            requests.api_resources("ceph.rook.io", "v1"),
            "GET /apis/ceph.rook.io/v1",
            "kubectl get --raw /apis/ceph.rook.io/v1",
        ),
        (requests.nodes(), "GET /api/v1/nodes", "kubectl get nodes -o json"),
        (requests.node("w-1"), "GET /api/v1/nodes/w-1", "kubectl get node w-1 -o json"),
        (
            requests.pods_on("w-1"),
            "GET /api/v1/pods?fieldSelector=spec.nodeName%3Dw-1",
            "kubectl get pods -A --field-selector spec.nodeName=w-1 -o json",
        ),
        (
            requests.pods_labelled("app in (a,b)"),
            "GET /api/v1/pods?labelSelector=app%20in%20%28a%2Cb%29",
            "kubectl get pods -A -l 'app in (a,b)' -o json",
        ),
        (
            requests.pods_labelled(requests.POSTGRES_PODS),
            "GET /api/v1/pods?labelSelector=cnpg.io%2FpodRole%3Dinstance",
            "kubectl get pods -A -l cnpg.io/podRole=instance -o json",
        ),
        (requests.pod("db", "pg-1"), "GET /api/v1/namespaces/db/pods/pg-1", "kubectl get pod -n db pg-1 -o json"),
        (
            requests.budgets(),
            "GET /apis/policy/v1/poddisruptionbudgets",
            "kubectl get poddisruptionbudgets -A -o json",
        ),
        (
            requests.ceph(),
            "GET /apis/ceph.rook.io/v1/cephclusters",
            "kubectl get cephclusters.v1.ceph.rook.io -A -o json",
        ),
        (
            requests.postgres(),
            "GET /apis/postgresql.cnpg.io/v1/clusters",
            "kubectl get clusters.v1.postgresql.cnpg.io -A -o json",
        ),
        (
            requests.attachments(),
            "GET /apis/storage.k8s.io/v1/volumeattachments",
            "kubectl get volumeattachments -o json",
        ),
        (requests.lease(), f"GET {LEASES}/talops", "kubectl get lease -n kube-system talops -o json"),
        (requests.daemonsets(), "GET /apis/apps/v1/daemonsets", "kubectl get daemonsets -A -o json"),
        (
            requests.tuppr(),
            "GET /apis/tuppr.home-operations.com/v1alpha1/talosupgrades",
            "kubectl get talosupgrades.v1alpha1.tuppr.home-operations.com -A -o json",
        ),
        (
            requests.system_upgrade(),
            "GET /apis/upgrade.cattle.io/v1/plans",
            "kubectl get plans.v1.upgrade.cattle.io -A -o json",
        ),
        (
            requests.access("create", "", "pods", "eviction"),
            "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            "kubectl auth can-i create pods --subresource=eviction -A",
        ),
        (
            requests.access("patch", "postgresql.cnpg.io", "clusters", "status"),
            "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            "kubectl auth can-i patch clusters.postgresql.cnpg.io --subresource=status -A",
        ),
    ],
    ids=lambda value: getattr(value, "template", ""),
)
def test_each_question_is_one_request_and_one_command(request_: Request, line: str, command: str) -> None:
    assert f"{request_.method} {request_.path}" == line
    assert request_.command == command


def test_the_table_is_complete() -> None:
    made = {
        requests.node_patch(NODE, annotations={}).template,
        requests.evict(POD).template,
        requests.promote(PG, "pg-2", NOW).template,
        requests.lease_create("me", NOW, 60).template,
        requests.lease_replace(HELD, "me", NOW, 60).template,
        requests.lease_delete(HELD).template,
        "object-apply",
    }
    assert made == {name for name, template in REQUEST_TEMPLATES.items() if template.mutating}


def test_cordoning_says_who_did_it_in_one_write_and_only_on_the_node_that_was_read() -> None:
    made = requests.node_patch(NODE, annotations={"talops.dev/cordoned-by": "run-1"}, unschedulable=True)
    assert (made.method, made.path) == ("PATCH", "/api/v1/nodes/w-1")
    assert made.content_type == "application/merge-patch+json"
    assert json.loads(made.body) == {
        "metadata": {"resourceVersion": "41", "annotations": {"talops.dev/cordoned-by": "run-1"}},
        "spec": {"unschedulable": True},
    }
    assert made.command == ("kubectl cordon w-1 && kubectl annotate node w-1 --overwrite talops.dev/cordoned-by=run-1")


def test_uncordoning_takes_the_word_away_with_the_cordon() -> None:
    made = requests.node_patch(NODE, annotations={"talops.dev/cordoned-by": None}, unschedulable=False)
    assert json.loads(made.body) == {
        "metadata": {"resourceVersion": "41", "annotations": {"talops.dev/cordoned-by": None}},
        "spec": {"unschedulable": None},
    }
    assert made.command == ("kubectl uncordon w-1 && kubectl annotate node w-1 --overwrite talops.dev/cordoned-by-")


def test_a_mark_leaves_the_cordon_alone_and_its_command_is_quoted() -> None:
    made = requests.node_patch(NODE, annotations={"talops.dev/in-flight": '{"run":"r"}'})
    assert "spec" not in json.loads(made.body)
    assert made.command == """kubectl annotate node w-1 --overwrite 'talops.dev/in-flight={"run":"r"}'"""


@pytest.mark.parametrize(("dry_run", "query"), [(False, ""), (True, "?dryRun=All")])
def test_an_eviction_is_of_this_very_pod(dry_run: bool, query: str) -> None:
    made = requests.evict(POD, dry_run=dry_run)
    assert (made.method, made.path) == ("POST", f"/api/v1/namespaces/db/pods/pg-1/eviction{query}")
    assert json.loads(made.body) == {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "pg-1", "namespace": "db"},
        "deleteOptions": {"preconditions": {"uid": "u-1"}},
    }


def test_a_promotion_is_locked_to_the_cluster_that_was_read() -> None:
    made = requests.promote(PG, "pg-2", NOW)
    assert made.path == "/apis/postgresql.cnpg.io/v1/namespaces/db/clusters/pg/status"
    assert json.loads(made.body) == {
        "metadata": {"resourceVersion": "99"},
        "status": {
            "targetPrimary": "pg-2",
            "targetPrimaryTimestamp": "2026-11-23T09:30:00.123456Z",
            "phase": "Switchover in progress",
            "phaseReason": "Switching over to pg-2",
        },
    }


def test_a_new_lease_is_created() -> None:
    made = requests.lease_create("me", NOW, 60)
    assert (made.method, made.path) == ("POST", LEASES)
    assert json.loads(made.body) == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "talops", "namespace": "kube-system"},
        "spec": {
            "holderIdentity": "me",
            "leaseDurationSeconds": 60,
            "acquireTime": "2026-11-23T09:30:00.123456Z",
            "renewTime": "2026-11-23T09:30:00.123456Z",
            "leaseTransitions": 0,
        },
    }


def test_a_renewal_keeps_since_when_it_is_held_and_names_the_object() -> None:
    made = requests.lease_replace(HELD, "me", NOW, 60)
    body = json.loads(made.body)
    assert (made.method, made.path) == ("PUT", f"{LEASES}/talops")
    assert body["metadata"]["uid"] == "l-1"
    assert body["metadata"]["resourceVersion"] == "7"
    assert body["spec"]["acquireTime"] == "a"
    assert body["spec"]["leaseTransitions"] == 2


def test_a_takeover_counts_as_a_transition() -> None:
    spec = json.loads(requests.lease_replace(replace(HELD, holder="other"), "me", NOW, 60).body)["spec"]
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("me", 3)
    assert spec["acquireTime"] == spec["renewTime"]


def test_a_lease_is_deleted_only_as_it_was_read() -> None:
    made = requests.lease_delete(HELD)
    assert (made.method, made.path) == ("DELETE", f"{LEASES}/talops")
    assert json.loads(made.body)["preconditions"] == {"uid": "l-1", "resourceVersion": "7"}


def test_names_cannot_leave_their_place_in_the_path() -> None:
    assert requests.node("../pods?x=1").path == "/api/v1/nodes/..%2Fpods%3Fx%3D1"


def test_the_same_question_is_built_once() -> None:
    assert requests.nodes() is requests.nodes()
    assert requests.pods_on("w-1") is requests.pods_on("w-1")
