"""What tools have rendered, as objects: whose they are, which only Helm runs, and what is no object at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talops.domain.cni import Release
from talops.errors import ToolFailed
from talops.files.cni.objects import objects_of, rendered

CILIUM = Release(name="cilium", namespace="kube-system", chart="oci://registry.example/cilium")
APPROVER = Release(name="kubelet-csr-approver", namespace="kube-system", chart="kubelet-csr-approver")
NAME, NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"


def config(name: str, more: str = "") -> str:
    return f"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{more}"


def owners(text: str, *releases: Release) -> dict[str, str]:
    found = objects_of(text, "helm")
    made = rendered(found, found, releases)
    return {
        one.name: json.loads(json.dumps(one.body)).get("metadata", {}).get("annotations", {}).get(NAME, "")
        for one in made.objects
    }


def test_the_only_release_owns_everything() -> None:
    assert owners(config("a") + config("b"), CILIUM) == {"a": "cilium", "b": "cilium"}


def test_of_several_the_one_that_its_labels_or_its_name_mean() -> None:
    labelled = "  labels: {app.kubernetes.io/instance: cilium}\n"
    charted = "  labels: {helm.sh/chart: kubelet-csr-approver-1.0.0}\n"
    said = f"  annotations: {{{NAME}: other, {NAMESPACE}: b}}\n"
    text = config("hubble", labelled) + config("x", charted) + config("cilium-config") + config("p") + config("z", said)
    assert owners(text, CILIUM, APPROVER) == {
        "hubble": "cilium",
        "x": "kubelet-csr-approver",
        "cilium-config": "cilium",
        "p": "",
        "z": "other",
    }


def test_what_is_of_no_release_is_said() -> None:
    found = objects_of(config("p"), "helm")
    made = rendered(found, found, ())
    assert made.unowned == ("ConfigMap p",)
    assert "labels" not in json.dumps(made.objects[0].body)


def test_definitions_of_a_crds_folder_get_no_metadata_and_those_of_templates_do() -> None:
    definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: NAME}\n"
    text = (
        f"---\n# Source: cilium/crds/all.yaml\n{definition.replace('NAME', 'a')}---\n{definition.replace('NAME', 'b')}"
        f"---\n# Source: cilium/templates/crd.yaml\n{definition.replace('NAME', 'c')}"
    )
    assert owners(text, CILIUM) == {"a": "", "b": "", "c": "cilium"}
    made = objects_of(definition.replace("NAME", "d"), "kubectl kustomize", {"d"})
    assert [one.bare for one in made] == [True]


def test_lists_are_taken_apart_and_empty_documents_are_none() -> None:
    text = (
        "---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: p}}\n"
    )
    assert [str(one) for one in objects_of(text, "helm")] == ["Pod p"]


def test_hooks_are_left_to_helm() -> None:
    hook = "  annotations: {helm.sh/hook: pre-install}\n"
    found = objects_of(config("a") + config("b", hook), "helm")
    made = rendered(found, found, (CILIUM,))
    assert ([one.name for one in made.objects], [one.name for one in made.hooks]) == (["a"], ["b"])


def test_what_comes_out_differently_each_time_is_known_by_its_place() -> None:
    first, again = (objects_of(config("a", f"data: {{k: {value}, same: x}}\n"), "helm") for value in ("one", "two"))
    assert rendered(first, again, ()).unstable == {"ConfigMap a": (("data", "k"),)}


def test_values_are_read_as_kubectl_reads_them() -> None:
    text = config("a", "data: {a: y, b: yes, c: on, d: 017, e: 1.0, f: 'on', g: 0x1F, h: 2024-01-01, i: ~, j: 1e3}\n")
    (one,) = objects_of(text, "helm")
    assert one.body["data"] == {
        "a": True,
        "b": True,
        "c": True,
        "d": 15,
        "e": 1,
        "f": "on",
        "g": 31,
        "h": "2024-01-01",
        "i": None,
        "j": 1000,
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<!DOCTYPE html><html>", "an HTML page"),
        ("<html>\n<a: b: c>", "an HTML page"),
        ("a: b: c", "helm printed what is no YAML"),
        ("kind: Pod", "no Kubernetes object: Pod"),
        ("a: b", "no Kubernetes object: without a kind"),
        (config("a", "  labels: {a: 1}\n"), "ConfigMap a, which helm printed: a of its labels is no text"),
        (config("a", "  annotations: [a]\n"), "its annotations are no mapping"),
        ("", "helm rendered nothing"),
        ("just words", "helm rendered nothing"),
    ],
)
def test_what_is_no_object_is_an_error_in_words(text: str, says: str) -> None:
    with pytest.raises(ToolFailed) as raised:
        objects_of(text, "helm")
    assert says in raised.value.what
    assert raised.value.hint


@given(st.text(alphabet=st.sampled_from("ab:- \n{}[]|>&*!'\"#%@`\t<0"), max_size=60))
def test_whatever_is_printed_gives_objects_or_an_error_in_words(text: str) -> None:
    try:
        found = objects_of(text, "helm")
    except ToolFailed:
        return
    assert found
