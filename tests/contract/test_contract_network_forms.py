"""Tables and aggregated discovery of the network door have the form of a real kube-apiserver's."""

import json
from typing import Any

import pytest
from play import cluster

from contract.answers import http
from talops.sim.kube.builtin import BUILT_IN
from talops.sim.network.kubernetes import aggregated
from talops.sim.network.kubernetes.columns import columns_of

SINGLE = ("responseKind", "scope", "singularResource", "verbs", "shortNames", "categories")


@pytest.mark.parametrize(("plural", "capture"), [("nodes", "nodes-table"), ("poddisruptionbudgets", "pdb-table")])
def test_the_columns_are_those_of_the_real_server(plural: str, capture: str) -> None:
    resource = next(one for one in BUILT_IN if one.plural == plural)
    ours = [(column.name, column.type, 1 if column.wide else 0) for column in columns_of(resource)]
    real = http(capture).body["columnDefinitions"]
    assert ours == [(column["name"], column["type"], column["priority"]) for column in real]


@pytest.mark.parametrize(("core", "capture"), [(True, "api-aggregated"), (False, "apis-aggregated")])
def test_what_is_discovered_is_described_as_by_the_real_server(core: bool, capture: str) -> None:
    world = cluster().world
    ours = resources(json.loads(aggregated.groups(world.truth.cluster.store, core=core)))
    real = resources(http(capture).body)
    assert ours
    assert set(ours) <= set(real)
    for key, row in ours.items():
        assert {word: row.get(word) for word in SINGLE} == {word: real[key].get(word) for word in SINGLE}
        below = {one["subresource"]: one for one in real[key].get("subresources", ())}
        assert all(one == below[one["subresource"]] for one in row.get("subresources", ()))


def resources(discovered: Any) -> dict[tuple[str, str], Any]:
    """Of the preferred versions, by group and plural."""
    return {
        (group["metadata"].get("name", ""), row["resource"]): row
        for group in discovered["items"]
        for row in group["versions"][0]["resources"]
    }
