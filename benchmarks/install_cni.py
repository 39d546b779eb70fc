"""`talops install cni --plan` on a practice cluster that has its CNI: how long a look takes, rendering included."""

import time
from pathlib import Path

from benchmarks.practice import Practice, practice
from benchmarks.rollout import REPO

RUNS = 5
AGENT = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec:
  selector: {matchLabels: {k8s-app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {k8s-app: {{ .Release.Name }}}}
    spec:
      hostNetwork: true
      tolerations: [{operator: Exists}]
      containers: [{name: agent, image: "example.org/agent:1"}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kubelet-csr-approver, namespace: {{ .Release.Namespace }}}
spec:
  selector: {matchLabels: {name: approver}}
  template:
    metadata: {labels: {name: approver}}
    spec: {hostNetwork: true, tolerations: [{operator: Exists}], containers: [{name: a, image: "example.org/a:1"}]}
"""
SETTINGS = """\
{{- range $number := until 60 }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ $.Release.Name }}-{{ $number }}", namespace: {{ $.Release.Namespace }}}
data:
{{- range $key := until 100 }}
  key-{{ $key }}: "value {{ $key }} of {{ $number }}"
{{- end }}
{{- end }}
"""
"""As many objects as a large CNI has, and more fields."""


def rows() -> list[tuple[str, float, float, str]]:
    """(what, measured, limit, unit): the median."""
    with practice(REPO, "--fault", "cni-missing", "--speed", "50") as sandbox:
        _chart(sandbox.repo)
        sandbox.ran("install", "cni", "--yes")
        taken = sorted(_seconds(sandbox) for _ in range(RUNS))
    return [("install cni --plan: 62 objects on an installed cluster", taken[RUNS // 2], 5, "s")]


def _chart(repo: Path) -> None:
    chart = repo / "charts" / "cilium"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: cilium\nversion: 1.0.0\n")
    (chart / "templates" / "agent.yaml").write_text(AGENT)
    (chart / "templates" / "settings.yaml").write_text(SETTINGS)
    (repo / "talops.yaml").write_text("cni: {charts: [{chart: ./charts/cilium}]}\n")


def _seconds(sandbox: Practice) -> float:
    began = time.perf_counter()
    sandbox.ran("install", "cni", "--plan")
    return time.perf_counter() - began
