"""The real helm, of both generations, `kubectl kustomize` and what stands in for helmfile: what they make of a chart,
and what talops makes of their complaints."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from cni_chart import TEMPLATES, VALUES, VERSION, helm_release, helmfile, kustomization, packed, policy, serve_chart
from cni_chart import written as write
from contract.cni_cluster import HELMS, renderers
from talops.domain.cni import Capabilities, Rendered
from talops.domain.talos import Version
from talops.errors import ToolFailed, ToolMissing
from talops.files.cni.find import find
from talops.files.cni.render import Renderers, render
from talops.tools.commands import CHART_TEMPLATES
from web_server import Answer, WebServer, proxy_server, web_server

CAN = Capabilities(version="v1.36.3", kinds=("monitoring.coreos.com/v1", "monitoring.coreos.com/v1/ServiceMonitor"))
Make = Callable[[str], Mapping[str, str]]
OBJECTS = {
    "CustomResourceDefinition pools.cni.example",
    "ServiceAccount kube-system/cilium",
    "ClusterRole cilium",
    "ClusterRoleBinding cilium",
    "ConfigMap kube-system/cilium-config",
    "Secret kube-system/cilium-ca",
    "Deployment kube-system/cilium-operator",
    "DaemonSet kube-system/cilium",
    "Pool default",
}
USES: Mapping[Make, set[str]] = {
    kustomization: {"kubectl-kustomize"},
    helmfile: {"helmfile-template"},
    policy: {"helm-pull", "helm-template"},
    helm_release: {"helm-pull", "helm-template"},
}


def local(_url: str) -> Mapping[str, str]:
    """The chart itself is in the repository."""
    chart = {"charts/cilium/Chart.yaml": "apiVersion: v2\nname: cilium\nversion: 1.2.3\n"}
    chart |= {f"charts/cilium/{path}": words for path, words in TEMPLATES.items()}
    cni = "cni:\n  charts:\n    - chart: ./charts/cilium\n      values: [values.yaml]\n"
    return {**chart, "talops.yaml": cni, "values.yaml": VALUES}


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with web_server() as web:
        serve_chart(web)
        yield web


def rendered(repo: Path, helm: str, change: Callable[[Renderers], Renderers] = lambda tools: tools) -> Rendered:
    with renderers(helm) as tools:
        return render(find(repo), change(tools), CAN)


def test_every_template_is_used_here() -> None:
    assert {name for names in USES.values() for name in names} == {template.name for template in CHART_TEMPLATES}


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize("make", [*USES, local], ids=lambda make: make.__name__)
def test_all_make_the_same_objects_of_the_chart(make: Make, helm: str, web: WebServer, tmp_path: Path) -> None:
    repo = write(tmp_path, make(web.url))
    found = rendered(repo, helm)
    assert {str(one) for one in found.objects} == OBJECTS
    assert "Job kube-system/cilium-certs" in {str(one) for one in found.hooks}
    assert set(found.unstable) == {"Secret kube-system/cilium-ca"}
    assert found.unowned == ()
    (config,) = [one.body["data"] for one in found.objects if one.kind == "ConfigMap"]
    assert config == {"level": "debug", "kubernetes": "v1.36.3", "monitors": "true"}
    (daemons,) = [one.body for one in found.objects if one.kind == "DaemonSet"]
    spec = json.dumps(daemons["spec"])
    # nobody could change the selector later, and Helm would replace every pod
    assert "managed-by" not in spec
    assert "meta.helm.sh" not in spec
    kept = {str(path.relative_to(repo)) for path in repo.rglob("*") if path.is_file()}
    assert kept == set(make(web.url)), "something was left in the repository"


BROKEN: dict[str, tuple[Callable[[WebServer], None], str, str]] = {
    "a page of HTML": (
        lambda web: web.answers.update({"/index.yaml": Answer(body=b"<!doctype html><html>log in</html>")}),
        VERSION,
        "HTML",
    ),
    "no such version": (lambda web: None, "9.9.9", "not in that version"),
    "a chart that is damaged": (
        lambda web: web.answers.update({f"/cilium-{VERSION}.tgz": Answer(body=packed()[:200])}),
        VERSION,
        "",
    ),
    "a login": (
        lambda web: web.answers.update({"/index.yaml": Answer(status=401, body=b"no")}),
        VERSION,
        "wants a login",
    ),
    "a server that fails": (
        lambda web: web.answers.update({"/index.yaml": Answer(status=503, body=b"no")}),
        VERSION,
        "repository fails",
    ),
    "another page of that server": (
        lambda web: web.answers.update({"/index.yaml": Answer(status=404, body=b"no")}),
        VERSION,
        "no chart repository",
    ),
}


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize("what", BROKEN)
def test_a_chart_that_cannot_be_had_is_an_error_in_words(what: str, helm: str, tmp_path: Path) -> None:
    breaks, version, says = BROKEN[what]
    with web_server() as web:
        serve_chart(web)
        breaks(web)
        files = {path: words.replace(VERSION, version) for path, words in policy(web.url).items()}
        with pytest.raises(ToolFailed) as raised:
            rendered(write(tmp_path, files), helm)
    assert says in raised.value.what
    assert raised.value.what.endswith("nothing was changed")
    assert "helm pull" in raised.value.hint
    assert "/tmp/" not in raised.value.what


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize("make", [policy, kustomization], ids=lambda make: make.__name__)
def test_values_that_the_chart_does_not_take_are_an_error_in_words(
    make: Make, helm: str, web: WebServer, tmp_path: Path
) -> None:
    repo = write(tmp_path, make(web.url))
    for file in repo.rglob("values.yaml"):
        file.write_text("replicas: many\n")
    with pytest.raises(ToolFailed, match="does not take these values") as raised:
        rendered(repo, helm)
    assert "replicas" in raised.value.what


def test_a_chart_repository_that_is_away_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="the chart cannot be fetched"):
        rendered(write(tmp_path, policy("http://127.0.0.1:1")), HELMS[0])


def test_a_proxy_is_asked_for_the_chart(web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy_server() as proxy:
        # for a name that only the proxy knows, nobody else could have answered
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        with pytest.raises(ToolFailed):
            rendered(write(tmp_path, policy("http://charts.example")), HELMS[0])
        assert proxy.asked == ["GET http://charts.example/index.yaml"]


def test_helm_4_below_an_old_kustomize_is_refused_before_it_is_run(web: WebServer, tmp_path: Path) -> None:
    def old(tools: Renderers) -> Renderers:
        versions = {"helm": Version.parse("4.2.3"), "kubectl": Version.parse("5.7.1")}
        return Renderers(runner=tools.runner, folder=tools.folder, path=tools.path, versions=versions.get)

    with pytest.raises(ToolFailed, match="cannot run helm v4") as raised:
        rendered(write(tmp_path, kustomization(web.url)), HELMS[1], old)
    assert "helm 3" in raised.value.hint


def test_a_tool_that_is_not_there_is_named(web: WebServer, tmp_path: Path) -> None:
    def without(tools: Renderers) -> Renderers:
        def path(name: str) -> str:
            raise ToolMissing(f"{name} is not installed", hint="talops init")

        return Renderers(runner=tools.runner, folder=tools.folder, path=path, versions=tools.versions)

    with pytest.raises(ToolMissing, match="is not installed"):
        rendered(write(tmp_path, policy(web.url)), HELMS[0], without)


def test_what_is_private_is_gone_afterwards(web: WebServer, tmp_path: Path) -> None:
    with renderers(HELMS[0]) as tools:
        folder = tools.folder
        render(find(write(tmp_path, policy(web.url))), tools, CAN)
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()
    assert tempfile.gettempdir() != str(folder)
