"""A CNI is installed by hand on a practice cluster: the real kubectl on the server's side, and both helms."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from builders import desired_cluster
from network_door import PATIENCE, NetworkDoor, Ran, admin, served
from real_tools import real

HELMS = ("3.22.0", "4.2.3")
SPEED = 200.0
_TEMPLATES = {
    "account.yaml": """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
""",
    "config.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
data: {mtu: "{{ .Values.mtu }}"}
""",
    "secret.yaml": """\
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}-ca, namespace: {{ .Release.Namespace }}}
stringData: {ca.crt: none}
""",
    "role.yaml": """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: {{ .Release.Name }}}
rules: [{apiGroups: [""], resources: [nodes, pods], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: {{ .Release.Name }}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{ .Release.Name }}}
subjects: [{kind: ServiceAccount, name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}]
""",
    "service.yaml": """\
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec: {selector: {app: {{ .Release.Name }}}, ports: [{name: metrics, port: 9090}]}
""",
    "agent.yaml": """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec:
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      hostNetwork: true
      tolerations: [{operator: Exists}]
      serviceAccountName: {{ .Release.Name }}
      containers:
        - name: agent
          image: registry.example/agent:v1
          ports: [{containerPort: 9090, name: metrics}]
          env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
          volumeMounts: [{name: plugins, mountPath: /host/opt/cni/bin}]
        - name: sidecar
          image: registry.example/sidecar:v1
      volumes: [{name: plugins, hostPath: {path: /opt/cni/bin}}]
""",
    "operator.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}-operator, namespace: {{ .Release.Namespace }}}
spec:
  replicas: 2
  selector: {matchLabels: {app: {{ .Release.Name }}-operator}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}-operator}}
    spec:
      containers: [{name: operator, image: registry.example/operator:v1}]
""",
    "budget.yaml": """\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: {{ .Release.Name }}-operator, namespace: {{ .Release.Namespace }}}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: {{ .Release.Name }}-operator}}}
""",
}
_DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pools.small.example}
spec:
  group: small.example
  names: {kind: Pool, plural: pools, singular: pool, listKind: PoolList}
  scope: Cluster
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


class Bench:
    """A practice cluster without a CNI, a small chart, and the real tools."""

    def __init__(self, door: NetworkDoor, home: Path) -> None:
        self.door, self.home = door, home
        self.chart = home / "chart"
        self._environment = admin(door, home).environment
        for folder in (self.chart / "templates", self.chart / "crds"):
            folder.mkdir(parents=True)
        (self.chart / "Chart.yaml").write_text("apiVersion: v2\nname: small\nversion: 1.0.0\n")
        (self.chart / "values.yaml").write_text("mtu: 1500\n")
        (self.chart / "crds" / "pools.yaml").write_text(_DEFINITION)
        for name, text in _TEMPLATES.items():
            (self.chart / "templates" / name).write_text(text)

    def ran(self, program: Path, *words: str, **more: str) -> Ran:
        done = subprocess.run(
            [str(program), *words],
            env={**self._environment, "HELM_CACHE_HOME": str(self.home / "helm"), **more},
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
            check=False,
        )
        return Ran(exit=done.returncode, out=done.stdout, err=done.stderr)

    def ok(self, program: Path, *words: str, **more: str) -> str:
        ran = self.ran(program, *words, **more)
        assert ran.exit == 0, f"{program.name} {' '.join(words)}: {ran.err}{ran.out}"
        return ran.out

    def kubectl(self, *words: str, **more: str) -> str:
        return self.ok(real("kubectl"), *words, **more)

    def rendered(self, name: str) -> Path:
        path = self.home / f"{name}.yaml"
        path.write_text(
            self.ok(real("helm", HELMS[0]), "template", name, str(self.chart), "-n", "kube-system", "--include-crds")
        )
        return path

    def versions(self, name: str) -> Mapping[str, tuple[str, int]]:
        """Each object that this release has, with what changes when somebody changes it."""
        asked = "serviceaccounts,configmaps,secrets,services,daemonsets,deployments,poddisruptionbudgets"
        found = json.loads(self.kubectl("get", asked, "-n", "kube-system", "-o", "json"))["items"]
        ours = [one["metadata"] | {"kind": one["kind"]} for one in found if one["metadata"]["name"].startswith(name)]
        return {f"{one['kind']}/{one['name']}": (one["uid"], one.get("generation", 0)) for one in ours}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with served(desired_cluster(1, 2), faults=["cni-missing"], speed=SPEED) as door:
        yield Bench(door, tmp_path_factory.mktemp("bench"))


def test_kubectl_applies_on_the_servers_side_and_then_there_is_no_difference(bench: Bench) -> None:
    path = str(bench.rendered("by-hand"))
    first = bench.kubectl("apply", "--server-side", "-f", path)
    assert "daemonset.apps/by-hand serverside-applied" in first
    before = bench.versions("by-hand")
    assert bench.ran(real("kubectl"), "diff", "--server-side", "-f", path).out == ""
    bench.kubectl("apply", "--server-side", "-f", path)
    assert bench.versions("by-hand") == before
    bench.kubectl("rollout", "status", "-n", "kube-system", "daemonset/by-hand", "--timeout=15s")
    bench.kubectl("wait", "nodes", "--all", "--for=condition=Ready", "--timeout=15s")
    bench.kubectl("rollout", "status", "-n", "kube-system", "deployment/by-hand-operator", "--timeout=15s")


def test_kubectl_names_what_another_manager_owns(bench: Bench) -> None:
    path = bench.home / "mine.yaml"
    path.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine, namespace: default}\ndata: {a: '1'}\n")
    bench.kubectl("apply", "--server-side", "--field-manager=one", "-f", str(path))
    path.write_text(path.read_text().replace("'1'", "'2'"))
    ran = bench.ran(real("kubectl"), "apply", "--server-side", "--field-manager=two", "-f", str(path))
    assert ran.exit == 1
    assert 'conflict with "one": .data.a' in ran.err
    assert '+  a: "2"' in bench.ran(real("kubectl"), "diff", "--server-side", "--force-conflicts", "-f", str(path)).out
    bench.kubectl("apply", "--server-side", "--field-manager=two", "--force-conflicts", "-f", str(path))


def test_a_person_approves_the_certificate_that_a_kubelet_asks_for(bench: Bench) -> None:
    rows = [line.split() for line in bench.kubectl("get", "csr", "--no-headers").splitlines()]
    assert {(row[2], row[4], row[5]) for row in rows} == {("kubernetes.io/kubelet-serving", "<none>", "Pending")}
    assert {row[3] for row in rows} == {"system:node:cp-1", "system:node:w-1", "system:node:w-2"}
    bench.kubectl("certificate", "approve", rows[0][0])
    bench.kubectl("wait", f"csr/{rows[0][0]}", "--for=jsonpath={.status.certificate}", "--timeout=15s")
    assert bench.kubectl("get", "csr", rows[0][0], "--no-headers").split()[5] == "Approved,Issued"


@pytest.mark.parametrize("version", HELMS)
def test_helm_installs_and_a_second_time_changes_nothing(bench: Bench, version: str) -> None:
    helm, name = real("helm", version), f"small-{version[0]}"
    install = ("upgrade", "--install", name, str(bench.chart), "-n", "kube-system", "--wait", "--timeout", "20s")
    assert "STATUS: deployed" in bench.ok(helm, *install)
    before = bench.versions(name)
    assert f"DaemonSet/{name}" in before
    assert "REVISION: 2" in bench.ok(helm, *install)
    assert bench.versions(name) == before
    bench.ok(helm, *install, "--set", "mtu=9000")
    assert bench.kubectl("get", "configmap", name, "-n", "kube-system", "-o", "jsonpath={.data.mtu}") == "9000"
    assert [
        one["revision"] for one in json.loads(bench.ok(helm, "history", name, "-n", "kube-system", "-o", "json"))
    ] == [1, 2, 3]
    bench.ok(helm, "uninstall", name, "-n", "kube-system", "--wait")
    assert f"DaemonSet/{name}" not in bench.versions(name)
