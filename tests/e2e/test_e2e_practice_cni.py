"""`talops install cni` on a practice cluster without a network: the real helm, kubectl and talosctl.

One cluster for one story: it begins without a network, and what is wrong is mended on the way.
"""

import json
import signal
from collections.abc import Iterator

import pytest
from live_talops import ran, started
from practice import Practice, practice

from cni_chart import TEMPLATES, written
from real_tools import real

TALOS = "v1.13.2"
LONGEST = 60.0
APPROVER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: kubelet-csr-approver, namespace: {{ .Release.Namespace }}}
spec:
  selector: {matchLabels: {name: approver}}
  template:
    metadata: {labels: {name: approver}}
    spec: {hostNetwork: true, tolerations: [{operator: Exists}], containers: [{name: a, image: "example.org/a:1"}]}
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Practice]:
    with practice("--fault", "cni-missing", start=TALOS, target=TALOS, workers=1) as found:
        (found.root / "bin" / "helm").symlink_to(real("helm", "4.2.3"))
        chart = {"Chart.yaml": "apiVersion: v2\nname: cilium\nversion: 1.2.3\n", **TEMPLATES}
        written(found.repo / "charts" / "cilium", {**chart, "templates/approver.yaml": APPROVER})
        with (found.repo / "talops.yaml").open("a") as policy:
            policy.write("cni: {charts: [{chart: ./charts/cilium}]}\n")
        with (found.repo / "talconfig.yaml").open("a") as files:
            files.write("cniConfig: {name: none}\n")
        yield found


def install(place: Practice, *words: str) -> tuple[int, str]:
    return ran(place, "install", "cni", *words, patience=LONGEST)


def ready(place: Practice) -> set[str]:
    done = place.ran_tool("kubectl", "get", "nodes", "-o", "json")
    conditions = {
        node["metadata"]["name"]: condition["status"]
        for node in json.loads(done.stdout)["items"]
        for condition in node["status"]["conditions"]
        if condition["type"] == "Ready"
    }
    return {name for name, status in conditions.items() if status == "True"}


def test_a_new_cluster_gets_its_network(place: Practice) -> None:
    assert ready(place) == set()
    code, planned = install(place, "--plan")
    assert code == 3, planned
    assert "10 objects are to be applied." in planned
    assert ready(place) == set()
    code, printed = install(place, "--yes")
    assert code == 0, printed
    assert "cilium is up on 4 nodes: 10 objects added." in printed
    assert ready(place) == {"cp-1", "cp-2", "cp-3", "w-1"}
    code, printed = install(place, "--yes")
    assert (code, "Nothing to do: cilium is up on 4 nodes" in printed) == (0, True), printed
    assert place.traces() == []


def test_helm_takes_it_over_without_a_change(place: Practice) -> None:
    before = place.ran_tool("kubectl", "get", "daemonset,deployment", "-n", "kube-system", "-o", "yaml").stdout
    chart = str(place.repo / "charts" / "cilium")
    done = place.ran_tool("helm", "upgrade", "--install", "cilium", chart, "-n", "kube-system", "--no-hooks")
    assert done.returncode == 0, done.stderr
    after = place.ran_tool("kubectl", "get", "daemonset,deployment", "-n", "kube-system", "-o", "yaml").stdout
    assert [line for line in before.splitlines() if "generation" in line] == [
        line for line in after.splitlines() if "generation" in line
    ]
    code, printed = install(place, "--plan")
    assert code == 0, printed


def test_what_helm_keeps_is_left_to_helm(place: Practice) -> None:
    (place.repo / "charts" / "cilium" / "values.yaml").write_text(TEMPLATES["values.yaml"].replace("info", "debug"))
    code, printed = install(place, "--yes")
    assert code == 9, printed
    assert "Helm keeps the release kube-system/cilium (revision 1, deployed), and it is healthy" in printed
    code, printed = install(place, "--yes", "--repair")
    assert code == 0, printed


def test_an_image_that_cannot_be_pulled_is_named_while_it_waits_and_ctrl_c_ends_it(place: Practice) -> None:
    place.begin("cni-image-missing@w-1")
    values = TEMPLATES["values.yaml"].replace("cilium:1.2.3", "cilium:1.2.4")
    (place.repo / "charts" / "cilium" / "values.yaml").write_text(values)
    with started(place, "install", "cni", "--yes", "--repair") as talops:
        talops.wait_for("ImagePullBackOff: example.org/cilium:1.2.4")
        talops.send(signal.SIGINT)
        assert talops.end(LONGEST) == 8
    assert "What is applied stays; the next run goes on." in talops.printed
    place.mend("cni-image-missing@w-1")
    code, printed = install(place, "--yes", "--repair")
    assert code == 0, printed
    assert place.traces() == []
