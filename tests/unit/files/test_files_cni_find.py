"""How a repository installs its CNI: found in its files, in every shape, and which of several is taken."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cni_chart import helm_release, helmfile, kustomization, policy
from cni_chart import written as write
from corpus import corpus
from talops.domain.cni import Found, Shape
from talops.errors import FilesInvalid, TalopsError, UsageError
from talops.files.cni.find import TalosOwn, find

URL = "https://charts.example"
PATCH = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: cilium, namespace: kube-system}\n"
MANIFEST = PATCH + "spec: {selector: {matchLabels: {a: b}}}\n"
NONE = {"talconfig.yaml": "clusterName: a\ncniConfig:\n  name: none\n"}


def found(folder: Path, *files: Mapping[str, str], path: str = "") -> Found:
    for each in (NONE, *files):
        write(folder, each)
    return find(folder, path=path)


@pytest.mark.parametrize(
    ("make", "shape", "path"),
    [
        (policy, Shape.POLICY, "talops.yaml"),
        (kustomization, Shape.KUSTOMIZATION, "talos/kustomization.yaml"),
        (helmfile, Shape.HELMFILE, "bootstrap/helmfile.yaml"),
        (helm_release, Shape.HELMRELEASE, "kubernetes/apps/cilium/helmrelease.yaml"),
        (lambda _: {"bootstrap/cilium.yaml": MANIFEST}, Shape.MANIFEST, "bootstrap/cilium.yaml"),
    ],
    ids=lambda value: value.name if isinstance(value, Shape) else "",
)
def test_each_shape_is_found(make: "object", shape: Shape, path: str, tmp_path: Path) -> None:
    assert callable(make)
    seen = found(tmp_path, make(URL))
    assert [(source.shape, source.path, source.networks) for source in seen.chosen] == [(shape, path, ("cilium",))]
    assert seen.warnings == ()
    if shape is not Shape.MANIFEST:
        assert [(one.namespace, one.name, one.version) for one in seen.releases] == [("kube-system", "cilium", "1.2.3")]


def test_what_bootstraps_before_flux_wins_and_the_others_are_said(tmp_path: Path) -> None:
    seen = found(tmp_path, kustomization(URL), helmfile(URL), helm_release(URL), {"old/cilium.yaml": MANIFEST})
    assert [source.shape for source in seen.chosen] == [Shape.KUSTOMIZATION]
    assert [source.shape for source in seen.others] == [Shape.HELMFILE, Shape.HELMRELEASE, Shape.MANIFEST]


@pytest.mark.parametrize("path", ["bootstrap/helmfile.yaml", "bootstrap"])
def test_from_decides(path: str, tmp_path: Path) -> None:
    seen = found(tmp_path, kustomization(URL), helmfile(URL), path=path)
    assert [source.shape for source in seen.chosen] == [Shape.HELMFILE]


def test_talops_yaml_may_say_where_to_look(tmp_path: Path) -> None:
    says = {"talops.yaml": "cni: {from: bootstrap/helmfile.yaml}\n"}
    assert found(tmp_path, kustomization(URL), helmfile(URL), says).chosen[0].shape is Shape.HELMFILE


def test_one_that_cannot_be_taken_gives_way_to_the_next(tmp_path: Path) -> None:
    files = {k: v for k, v in helm_release(URL).items() if not k.endswith("repositories.yaml")}
    seen = found(tmp_path, files, {"old/cilium.yaml": MANIFEST})
    assert [source.shape for source in seen.chosen] == [Shape.MANIFEST]
    assert seen.others[0].trouble == "the repository has no HelmRepository cilium that its chart is from"


def test_values_of_a_helm_release_are_those_of_its_config_map_and_its_own_over_them(tmp_path: Path) -> None:
    (release,) = found(tmp_path, helm_release(URL)).releases
    assert release.values == ("level: debug\n", '{"cidr": "10.9.0.0/16"}')
    assert (release.chart, release.repo) == ("cilium", URL)


def test_a_variable_that_only_flux_knows_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POOL", raising=False)
    files = dict(helm_release(URL))
    files["kubernetes/flux/ks.yaml"] = files["kubernetes/flux/ks.yaml"].replace("POOL: 10.9.0.0/16", "OTHER: x")
    with pytest.raises(FilesInvalid, match=r"it holds \$\{POOL\}, which Flux"):
        found(tmp_path, files, path="kubernetes/apps/cilium/helmrelease.yaml")
    monkeypatch.setenv("POOL", "10.8.0.0/16")
    assert found(tmp_path, files).releases[0].values[-1] == '{"cidr": "10.8.0.0/16"}'


def test_an_oci_repository_beside_it_is_its_chart(tmp_path: Path) -> None:
    files = {
        "app/helmrelease.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: cilium}\n"
        "spec:\n  targetNamespace: net\n  releaseName: cni\n  chartRef: {kind: OCIRepository, name: cilium}\n",
        "app/oci.yaml": "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: cilium}\n"
        "spec: {url: 'oci://registry.example/charts/cilium', ref: {tag: 1.2.3}}\n",
    }
    (release,) = found(tmp_path, files).releases
    assert (release.name, release.namespace) == ("cni", "net")
    assert (release.chart, release.version, release.repo) == ("oci://registry.example/charts/cilium", "1.2.3", "")


def test_labels_that_would_go_into_selectors_are_warned_of(tmp_path: Path) -> None:
    files = dict(kustomization(URL))
    assert found(tmp_path, files).chosen[0].notes == ()
    files["talos/cni/kustomization.yaml"] += "  team: net\n"
    (note,) = found(tmp_path, files).chosen[0].notes
    assert note.startswith("talos/cni/kustomization.yaml puts the label team into selectors")


def test_an_approver_of_its_own_belongs_to_it(tmp_path: Path) -> None:
    approver = {
        "approver/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nhelmCharts:\n"
        "  - {name: kubelet-csr-approver, repo: 'https://a.example', version: 1.0.0, namespace: kube-system}\n"
    }
    seen = found(tmp_path, kustomization(URL), approver)
    assert seen.networks == ("cilium", "kubelet-csr-approver")


def test_hooks_of_a_helmfile_are_named_with_their_command(tmp_path: Path) -> None:
    (note,) = found(tmp_path, helmfile(URL)).chosen[0].notes
    assert note == (
        "the hook (postsync) of the release cilium is not run; by hand, from the helmfile's folder: "
        "kubectl apply --kustomize ../kubernetes/apps/cilium/config"
    )


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("{{ if true }}", "cilium"),
        ('# {{ requiredEnv "X" }}', "cilium"),
    ],
)
def test_a_helmfile_that_is_a_template_is_read_as_far_as_it_is_yaml(line: str, name: str, tmp_path: Path) -> None:
    text = helmfile(URL)["bootstrap/helmfile.yaml"]
    end = "{{ end }}\n" if "if" in line else ""
    files = {"bootstrap/helmfile.yaml.gotmpl": f"{line}\n{text}{end}"}
    assert [one.name for one in found(tmp_path, files).releases] == [name]


def test_helmfile_d_is_a_folder_of_helmfiles(tmp_path: Path) -> None:
    text = helmfile(URL)["bootstrap/helmfile.yaml"]
    files = {"bootstrap/helmfile.d/00-crds.yaml": "releases: []\n", "bootstrap/helmfile.d/01-apps.yaml": text}
    assert found(tmp_path, files).chosen[0].path == "bootstrap/helmfile.d/01-apps.yaml"


def test_files_of_a_git_repository_are_searched_from_its_root(tmp_path: Path) -> None:
    write(tmp_path, {".git/config": "", "talos/talconfig.yaml": NONE["talconfig.yaml"], **helmfile(URL)})
    assert find(tmp_path / "talos").chosen[0].path == "bootstrap/helmfile.yaml"


def test_of_several_clusters_in_one_repository_each_has_its_own(tmp_path: Path) -> None:
    write(tmp_path, {".git/config": ""})
    for cluster in ("a", "b"):
        write(tmp_path / cluster, {"talos/talconfig.yaml": NONE["talconfig.yaml"], **helmfile(URL)})
    write(tmp_path / "b", kustomization(URL))
    seen = find(tmp_path / "a" / "talos")
    assert [source.path for source in seen.chosen] == ["a/bootstrap/helmfile.yaml"]
    assert seen.others == ()


def test_talos_own_flannel_is_nothing_to_install(tmp_path: Path) -> None:
    with pytest.raises(TalosOwn, match="Talos installs its own CNI, flannel: nothing in the files says otherwise"):
        find(write(tmp_path, {"talconfig.yaml": "clusterName: a\n"}))
    with pytest.raises(TalosOwn, match=r"flannel: patches/cni\.yaml says so"):
        find(write(tmp_path, {"patches/cni.yaml": "cluster:\n  network:\n    cni:\n      name: flannel\n"}))


def test_talos_own_flannel_beside_another_is_a_warning(tmp_path: Path) -> None:
    write(tmp_path, {"talconfig.yaml": "clusterName: a\n", **kustomization(URL)})
    (warning,) = find(tmp_path).warnings
    assert "cilium would be a second one: set cniConfig: {name: none}" in warning


def test_manifests_that_talos_applies_are_nothing_to_install(tmp_path: Path) -> None:
    files = {"patches/cni.yaml": "cluster:\n  inlineManifests:\n    - {name: cilium, contents: 'kind: DaemonSet'}\n"}
    with pytest.raises(TalosOwn, match=r"the manifests that patches/cni\.yaml gives it"):
        found(tmp_path, files)


def test_a_patch_of_a_workload_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(FilesInvalid):
        found(tmp_path, {"apps/patch.yaml": PATCH})


def test_with_nothing_there_it_is_said_what_to_add(tmp_path: Path) -> None:
    with pytest.raises(FilesInvalid) as raised:
        found(tmp_path)
    assert "cni:\n    charts:\n      - chart: cilium" in raised.value.hint


@pytest.mark.parametrize(
    ("path", "says"),
    [("nope", "there is no nope"), ("values.yaml", "is no kustomization"), ("empty", "has no kustomization")],
)
def test_a_wrong_from_says_what_to_type(path: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=says) as raised:
        found(tmp_path, {"values.yaml": "a: b\n"}, path=path)
    assert raised.value.hint


TAKEN = {
    "adampetrovic__home-ops__2026-08-23": (Shape.HELMFILE, ["kube-system/cilium (cilium 1.20.1)"]),
    "budimanjojo__home-cluster__2026-08-22": (
        Shape.KUSTOMIZATION,
        ["kube-system/cilium (cilium 1.20.1)", "kube-system/kubelet-csr-approver (kubelet-csr-approver 1.2.14)"],
    ),
    "buroa__k8s-gitops__2025-08-15": (Shape.HELMFILE, ["kube-system/cilium (cilium 1.18.0)"]),
    "mchestr__home-cluster__2023-10-30": (
        Shape.KUSTOMIZATION,
        ["kube-system/cilium (cilium 1.14.3)", "kube-system/kubelet-csr-approver (kubelet-csr-approver 1.0.5)"],
    ),
    "mchestr__home-cluster__2026-08-20": (
        Shape.HELMFILE,
        ["kube-system/cilium (cilium 1.20.0)", "kube-system/kubelet-csr-approver (kubelet-csr-approver 1.2.14)"],
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_real_repositories_are_understood(name: str) -> None:
    seen = find(corpus("cni", name))
    shape, releases = TAKEN[name]
    assert ([source.shape for source in seen.chosen], list(map(str, seen.releases))) == ([shape], releases)


def test_the_corpus_has_no_repository_that_is_not_looked_at() -> None:
    assert {path.name for path in corpus("cni").iterdir()} == set(TAKEN)


PIECES = st.sampled_from(
    [
        *("helmCharts:", "- name: cilium", "  repo: 7", "kind: HelmRelease", "releases:", "resources: [.., ., 7]"),
        *("metadata: {name: cilium}", "spec:", "  chart: {spec: 1}", "  values: [a]", "valuesFrom: x", "{{ x }}"),
        *("kind: Kustomization", "apiVersion: kustomize.toolkit.fluxcd.io/v1", "spec: {postBuild: 3}", "  path: 3"),
        *("kind: DaemonSet", "&a", "*b", "? x", "helmCharts: {a: b}", "commonAnnotations: []", "hooks: [{events: 1}]"),
        *("---", "\t-"),
    ]
)
FILES = ("kustomization.yaml", "a/kustomization.yaml", "helmfile.yaml", "helmfile.d/1.yaml.gotmpl", "b/hr.yaml")
TEXTS = st.lists(PIECES, max_size=8).map("\n".join)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from((*FILES, "talops.yaml")), TEXTS, max_size=4))
def test_whatever_the_files_hold_there_is_an_answer_or_an_error_in_words(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, str]
) -> None:
    folder = write(tmp_path_factory.mktemp("files"), files)
    with contextlib.suppress(TalopsError, TalosOwn):
        assert find(folder).chosen
