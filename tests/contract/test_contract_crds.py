"""Every CephCluster and CloudNativePG Cluster that the embedded cluster serves is one that the real CRDs allow."""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from play import cluster

from contract.crds import complaints
from contract.transcripts import kubectl_capture
from talops.sim.faults import CNI_FAULTS, CONFIG_FAULTS, ETCD_FAULTS, FAULTS, KUBERNETES_FAULTS
from talops.sim.kube.objects import Object
from talops.sim.kube.store import Change

KINDS = {"cephclusters": "CephCluster", "clusters": "Cluster"}
SCHEMAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"CephCluster": ("rook-v1.16.9", "rook-v1.20.6"), "Cluster": ("cnpg-v1.25.0", "cnpg-v1.30.0")}
)
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def served(*faults: str) -> dict[str, list[Object]]:
    """The objects of both kinds in all states that they go through in a rollout with these faults, each state once."""
    rehearsed = cluster(*faults)
    store = rehearsed.world.truth.cluster.store
    seen: dict[str, dict[str, Object]] = {kind: {} for kind in KINDS.values()}

    def look(kind: str, found: Object) -> None:
        state = {key: found.get(key) for key in ("spec", "status")}
        seen[kind].setdefault(_STAMP.sub("", json.dumps(state, sort_keys=True)), found)

    def hear(change: Change) -> None:
        if change.plural in KINDS and change.new is not None:
            look(KINDS[change.plural], change.new)

    for plural, kind in KINDS.items():
        for found in store.all(plural):
            look(kind, found)
    store.subscribe(hear)
    rehearsed.play()
    rehearsed.world.mend()
    rehearsed.world.advance(300)
    return {kind: list(states.values()) for kind, states in seen.items()}


@pytest.mark.parametrize(
    "fault",
    ["", *(name for name in FAULTS if name not in {**CNI_FAULTS, **CONFIG_FAULTS, **ETCD_FAULTS, **KUBERNETES_FAULTS})],
    ids=lambda fault: str(fault or "no-fault"),
)
def test_what_is_served_is_valid_in_the_oldest_and_the_newest_schema(fault: str) -> None:
    states = served(*([fault] if fault else []))
    assert states["CephCluster"]
    assert states["Cluster"]
    for kind, found in states.items():
        for file in SCHEMAS[kind]:
            assert {line for one in found for line in complaints(one, file, kind)} == set()


def test_a_rollout_goes_through_states_worth_checking() -> None:
    """Else the test above would look at one healthy object again and again."""
    states = served()
    assert {one["status"]["ceph"]["health"] for one in states["CephCluster"]} == {"HEALTH_OK", "HEALTH_WARN"}
    codes = {code for one in states["CephCluster"] for code in one["status"]["ceph"].get("details", {})}
    assert codes == {"OSD_DOWN", "MON_DOWN", "PG_DEGRADED"}
    phases = {one["status"]["phase"] for one in states["Cluster"]}
    assert phases == {"Cluster in healthy state", "Switchover in progress"}


@pytest.mark.parametrize(
    ("kind", "path", "value", "complaint"),
    [
        ("CephCluster", ("status", "ceph", "details", "X"), {"message": "no severity"}, "'severity' is a required"),
        ("Cluster", ("status", "zzUnknown"), 1, "zzUnknown"),
        ("Cluster", ("spec", "instances"), 0, "less than the minimum"),
        ("Cluster", ("status", "instancesReportedState", "pg-1"), {"timeLineID": 1}, "'isPrimary' is a required"),
    ],
)
def test_the_schemas_refuse_what_the_real_server_refuses_or_drops(
    kind: str, path: tuple[str, ...], value: Any, complaint: str
) -> None:
    found: Any = json.loads(json.dumps(served_once(kind)))
    below = found
    for key in path[:-1]:
        below = below.setdefault(key, {})
    below[path[-1]] = value
    for file in SCHEMAS[kind]:
        assert any(complaint in line for line in complaints(found, file, kind))


def served_once(kind: str) -> Object:
    plural = next(plural for plural, named in KINDS.items() if named == kind)
    return next(iter(cluster().world.truth.cluster.store.all(plural)))


@pytest.mark.parametrize(("capture", "kind"), [("get-cephcluster-json", "CephCluster"), ("get-cnpg-json", "Cluster")])
def test_the_schemas_accept_what_a_real_server_served(capture: str, kind: str) -> None:
    """The captures are of the newest CRDs; Rook's keep unknown keys in a status, CloudNativePG's do not."""
    body = json.loads(kubectl_capture(capture).parts["stdout"])
    found = body["items"][0] if "items" in body else body
    assert ("zzUnknown" in found["status"]) is (kind == "CephCluster")
    assert complaints(found, SCHEMAS[kind][-1], kind) == []
