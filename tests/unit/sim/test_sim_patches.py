"""PATCH in all its kinds."""

from typing import Any

import pytest

from talops.sim.kube.patches import JSON, MERGE, STRATEGIC, Rejected, Unknown, patched

NODE: dict[str, Any] = {
    "metadata": {"name": "n", "labels": {"a/b": "1"}},
    "spec": {"taints": [{"key": "x", "effect": "NoSchedule"}], "list": ["p", "q"]},
}


@pytest.mark.parametrize(
    ("operations", "path", "value"),
    [
        ([{"op": "add", "path": "/metadata/labels/c", "value": "2"}], ("metadata", "labels"), {"a/b": "1", "c": "2"}),
        ([{"op": "replace", "path": "/metadata/labels/a~1b", "value": "2"}], ("metadata", "labels"), {"a/b": "2"}),
        ([{"op": "remove", "path": "/metadata/labels/a~1b"}], ("metadata", "labels"), {}),
        ([{"op": "add", "path": "/spec/list/0", "value": "o"}], ("spec", "list"), ["o", "p", "q"]),
        ([{"op": "add", "path": "/spec/list/-", "value": "r"}], ("spec", "list"), ["p", "q", "r"]),
        ([{"op": "remove", "path": "/spec/list/0"}], ("spec", "list"), ["q"]),
        ([{"op": "replace", "path": "/spec/list/1", "value": "z"}], ("spec", "list"), ["p", "z"]),
        ([{"op": "move", "from": "/spec/list/0", "path": "/spec/first"}], ("spec", "first"), "p"),
        ([{"op": "copy", "from": "/spec/list/0", "path": "/spec/first"}], ("spec", "list"), ["p", "q"]),
        ([{"op": "test", "path": "/metadata/name", "value": "n"}], ("metadata", "name"), "n"),
    ],
)
def test_a_json_patch_does_what_it_says(operations: list[Any], path: tuple[str, ...], value: Any) -> None:
    found: Any = patched(NODE, operations, JSON)
    for word in path:
        found = found[word]
    assert found == value
    assert NODE["spec"]["list"] == ["p", "q"]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/metadata/name", "value": "other"},
        {"op": "replace", "path": "/metadata/nope", "value": "x"},
        {"op": "remove", "path": "/spec/list/7"},
        {"op": "dance", "path": "/spec"},
        {"path": "/spec"},
        {"op": "add", "path": 7, "value": 1},
        {"op": "add", "path": "/spec/list/x", "value": 1},
        "nonsense",
    ],
)
def test_a_json_patch_that_does_not_fit_is_rejected(operation: Any) -> None:
    with pytest.raises(Rejected):
        patched(NODE, [operation], JSON)


def test_a_merge_patch_replaces_lists_and_a_strategic_one_merges_them_by_key() -> None:
    taints = {"spec": {"taints": [{"key": "y", "effect": "NoExecute"}]}}
    assert patched(NODE, taints, MERGE)["spec"]["taints"] == taints["spec"]["taints"]
    keys = [row["key"] for row in patched(NODE, taints, STRATEGIC)["spec"]["taints"]]
    assert keys == ["y", "x"]


def test_a_strategic_patch_deletes_and_replaces_what_it_marks() -> None:
    gone = {"spec": {"taints": [{"key": "x", "$patch": "delete"}], "$setElementOrder/taints": []}}
    assert patched(NODE, gone, STRATEGIC)["spec"] == {"taints": [], "list": ["p", "q"]}
    fresh = {"spec": {"taints": [{"key": "z"}, {"$patch": "replace"}]}}
    assert patched(NODE, fresh, STRATEGIC)["spec"]["taints"] == [{"key": "z"}]
    assert patched(NODE, {"spec": {"$patch": "replace", "a": 1}}, STRATEGIC)["spec"] == {"a": 1}


@pytest.mark.parametrize(("body", "kind"), [({}, "text/plain"), ([], MERGE), ({}, JSON)])
def test_any_other_patch_is_unknown(body: Any, kind: str) -> None:
    with pytest.raises(Unknown):
        patched(NODE, body, kind)
