"""`install cni` onto a real API server, rendered by the real tools: what it finds, makes, adopts and refuses."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from play import cluster

from cni_chart import VERSION, helm_release, kustomization, policy, serve_chart, written
from contract.apiserver import ApiServer
from contract.cni_cluster import HELMS, NAMED, CniCluster, fates
from contract.mirror import Mirror
from talops.domain.cni import Shape
from talops.errors import Exit, Refused
from talops.execute.cni.planning import make_plan
from talops.tools.runner import ShRunner
from web_server import WebServer, web_server

CONFIG, DAEMONS = NAMED[1], NAMED[5]
APPLY = "application/apply-patch+yaml"
Make = Callable[[str], Mapping[str, str]]
SHAPES: dict[str, Make] = {
    "kustomization": kustomization,
    "helmrelease": helm_release,
}


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with web_server() as web:
        serve_chart(web)
        yield web


@pytest.fixture(scope="module")
def bare(apiserver: ApiServer, mirror: Mirror) -> Iterator[CniCluster]:
    """A cluster whose nodes are there, and nothing else."""
    world = cluster().world
    mirror.push(world.truth.cluster.store)
    runner = ShRunner()
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield CniCluster(server=apiserver, world=world, runner=runner, folder=Path(folder))
    finally:
        runner.close()


@pytest.fixture
def cni(bare: CniCluster) -> Iterator[CniCluster]:
    yield bare
    bare.clear()


@pytest.mark.parametrize(("shape", "helm"), [("kustomization", HELMS[0]), ("helmrelease", HELMS[1])])
def test_a_shape_is_planned_applied_and_then_left_alone(
    shape: str, helm: str, cni: CniCluster, web: WebServer, tmp_path: Path
) -> None:
    repo = written(tmp_path, SHAPES[shape](web.url))
    planned = fates(cni.plan(repo, helm=helm))
    assert set(planned) == {"add"}
    assert len(planned["add"]) == 9
    ended = cni.install(repo, helm=helm)
    assert (ended.exit, ended.what) == (Exit.DONE, "cilium is up on 6 nodes: 9 objects added.")
    again = cni.plan(repo, helm=helm)
    assert fates(again).keys() == {"same"}
    assert not again.lacks
    assert cni.install(repo, helm=helm).what == "Nothing to do: cilium is up on 6 nodes, as the files say."
    assert sorted(path.name for path in repo.rglob("charts")) == []


@pytest.mark.parametrize("helm", HELMS)
def test_helm_takes_over_what_was_applied_and_changes_nothing(
    helm: str, cni: CniCluster, web: WebServer, tmp_path: Path
) -> None:
    repo = written(tmp_path, kustomization(web.url))
    assert cni.install(repo, helm=helm).exit == Exit.DONE
    before = cni.objects()
    chart = ("cilium", "cilium", "--repo", web.url, "--version", VERSION, "-n", "kube-system", "--no-hooks")
    values = ("--values", str(repo / "kubernetes/apps/cilium/values.yaml"))
    done = cni.helm(helm, "upgrade", "--install", *chart, *values)
    assert done.returncode == 0, done.stderr
    assert cni.objects() == before
    # and later changes of Helm's meet nobody
    changed = cni.helm(helm, "upgrade", *chart, *values, "--set", "level=warn")
    assert changed.returncode == 0, changed.stderr
    assert cni.get(CONFIG)["data"]["level"] == "warn"  # type: ignore[index]  # JSON of a known shape


def test_what_a_manifest_said_to_kubectl_is_adopted_into_the_release(
    cni: CniCluster, web: WebServer, tmp_path: Path
) -> None:
    repo = written(tmp_path, policy(web.url))
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cilium-config"}, "data": {"level": "debug"}}
    made = cni.ask("POST", f"{CONFIG.rpartition('/')[0]}?fieldManager=kubectl-create", body, "application/json")
    assert made.status == 201
    planned = cni.plan(repo)
    assert fates(planned)["adopt"] == ["ConfigMap kube-system/cilium-config"]
    assert cni.install(repo).exit == Exit.DONE
    annotations = cni.get(CONFIG)["metadata"]["annotations"]  # type: ignore[index]  # JSON of a known shape
    assert annotations["meta.helm.sh/release-name"] == "cilium"


def test_what_the_old_task_applied_with_common_labels_is_left_alone(
    cni: CniCluster, web: WebServer, tmp_path: Path
) -> None:
    """`kubectl kustomize … | kubectl apply -f -` has put the label into selectors, which nobody can change."""
    repo = written(tmp_path, kustomization(web.url))
    cni.apply_by_kubectl(repo / "talos")
    assert "app.kubernetes.io/managed-by" in json.dumps(cni.get(DAEMONS)["spec"])
    planned = cni.plan(repo)
    # it says which Kubernetes it was rendered for
    assert fates(planned)["change"] == ["ConfigMap kube-system/cilium-config"]
    assert (len(fates(planned)["same"]), planned.refusals) == (8, ())


def test_somebody_elses_change_is_refused_by_its_name_and_set_anew_by_repair(
    cni: CniCluster, web: WebServer, tmp_path: Path
) -> None:
    repo = written(tmp_path, policy(web.url))
    cni.install(repo)
    changed = cni.ask("PATCH", f"{CONFIG}?fieldManager=kubectl-edit", {"data": {"level": "trace"}})
    assert changed.status == 200
    (refusal,) = cni.plan(repo).refusals
    assert refusal.what == "ConfigMap kube-system/cilium-config: kubectl-edit set data.level to something else"
    assert cni.install(repo).exit == Exit.REFUSED
    (one,) = [one for one in cni.plan(repo, repair=True).objects if one.changes]
    assert [(change.path, change.before, change.after) for change in one.changes] == [("data.level", "trace", "debug")]
    assert cni.install(repo, repair=True).exit == Exit.DONE
    assert cni.get(CONFIG)["data"]["level"] == "debug"  # type: ignore[index]  # JSON of a known shape


@pytest.mark.parametrize("helm", HELMS)
def test_a_healthy_release_of_helm_is_left_to_helm(helm: str, cni: CniCluster, web: WebServer, tmp_path: Path) -> None:
    repo = written(tmp_path, policy(web.url))
    chart = ("cilium", "cilium", "--repo", web.url, "--version", VERSION, "-n", "kube-system", "--no-hooks")
    done = cni.helm(helm, "install", *chart)
    assert done.returncode == 0, done.stderr
    cni.get_ready()
    refused = cni.plan(repo, helm=helm)
    assert fates(refused)["change"] == [
        "ConfigMap kube-system/cilium-config",
        "DaemonSet kube-system/cilium",
    ]
    assert [one.what for one in refused.refusals] == [
        "Helm keeps the release kube-system/cilium (revision 1, deployed), and it is healthy"
    ]
    assert cni.install(repo, helm=helm).exit == Exit.REFUSED
    assert cni.install(repo, helm=helm, repair=True).exit == Exit.DONE
    assert fates(cni.plan(repo, helm=helm)).keys() == {"same"}


def test_a_secret_that_is_new_at_each_rendering_is_made_once_and_never_shown(
    cni: CniCluster, web: WebServer, tmp_path: Path
) -> None:
    repo = written(tmp_path, policy(web.url))
    cni.install(repo)
    first = cni.get(NAMED[2])["data"]
    cni.ask("PATCH", CONFIG, {"data": {"level": None}})
    assert fates(cni.plan(repo))["same"].count("Secret kube-system/cilium-ca") == 1
    assert cni.get(NAMED[2])["data"] == first
    cni.ask("PATCH", f"{NAMED[2]}?fieldManager=helm", {"data": {"other": "c2VjcmV0"}})
    assert "c2VjcmV0" not in json.dumps([str(event) for event in cni.events])


def test_what_is_stuck_is_named_with_its_reason_and_what_to_type(
    cni: CniCluster, web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("talops.execute.cni.waiting.UP_WITHIN", timedelta(seconds=1))
    repo = written(tmp_path, policy(web.url))
    ended = cni.install(repo, meanwhile=lambda: None)
    assert ended.exit == Exit.GATE
    assert "DaemonSet kube-system/cilium: nobody has looked at it yet" in ended.what
    assert ended.hint == "kubectl get pods -n kube-system -o wide; then talops install cni"


def test_a_healthy_release_of_flux_is_left_to_flux(cni: CniCluster, web: WebServer, tmp_path: Path) -> None:
    repo = written(tmp_path, helm_release(web.url))
    cni.install(repo)
    cni.begin_flux("cilium", "kube-system")
    try:
        # nothing differs: nobody is in anybody's way
        assert cni.install(repo).exit == Exit.DONE
        (repo / "kubernetes/apps/cilium/values.yaml").write_text("level: trace\n")
        ended = cni.install(repo)
        assert ended.exit == Exit.REFUSED
        assert "Flux keeps the release kube-system/cilium, by its HelmRelease kube-system/cilium" in ended.what
        assert ended.hint.startswith("change it in git: flux reconcile helmrelease -n kube-system cilium")
        # a network that is down is mended all the same
        assert cni.ask("PATCH", f"{DAEMONS}/status", {"status": {"numberAvailable": 5}}).status == 200
        planned = cni.plan(repo)
        assert planned.refusals == ()
        assert any("comes back when it reconciles" in warning for warning in planned.warnings)
        cni.get_ready()
        assert cni.install(repo, repair=True).exit == Exit.DONE
    finally:
        cni.end_flux()


def test_who_may_not_is_told_so_before_anything_is_done(cni: CniCluster, web: WebServer, tmp_path: Path) -> None:
    found = cni.found(written(tmp_path, policy(web.url)))
    with pytest.raises(Refused, match=r'refused: .* is forbidden: User "bob" cannot get resource'):
        make_plan(cni.server.bob, found, cni.render(found), repair=False)


def test_a_committed_manifest_is_of_the_release_that_flux_will_make(
    cni: CniCluster, web: WebServer, tmp_path: Path
) -> None:
    files = dict(helm_release(web.url))
    repo = written(tmp_path, files)
    rendered = cni.render(cni.found(repo))
    text = "\n---\n".join(json.dumps({**one.body, "metadata": {"name": one.name}}) for one in rendered.objects)
    (repo / "bootstrap.yaml").write_text(text)
    found = cni.found(repo, str(repo / "bootstrap.yaml"))
    assert (found.chosen[0].shape, [str(one) for one in found.releases]) == (
        Shape.MANIFEST,
        ["kube-system/cilium (cilium 1.2.3)"],
    )
    assert {one.body["metadata"]["annotations"]["meta.helm.sh/release-name"] for one in cni.render(found).objects} == {  # type: ignore[index]  # JSON of a known shape
        "cilium"
    }
