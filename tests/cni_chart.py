"""A small chart of a CNI that there is not, served over HTTP; and repositories that install it, each in its own way."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from web_server import WebServer

VERSION = "1.2.3"
NAMESPACE = "kube-system"
TEMPLATES = {
    "templates/agent.yaml": """\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: cilium
  namespace: {{ .Release.Namespace }}
  labels: {k8s-app: cilium}
spec:
  selector: {matchLabels: {k8s-app: cilium}}
  template:
    metadata: {labels: {k8s-app: cilium}}
    spec:
      hostNetwork: true
      serviceAccountName: cilium
      tolerations: [{operator: Exists}]
      containers:
        - name: cilium-agent
          image: {{ .Values.image | quote }}
          env: [{name: LEVEL, value: {{ .Values.level | quote }}}]
""",
    "templates/operator.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cilium-operator, namespace: {{ .Release.Namespace }}, labels: {name: cilium-operator}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {name: cilium-operator}}
  template:
    metadata: {labels: {name: cilium-operator}}
    spec:
      hostNetwork: true
      containers: [{name: operator, image: {{ .Values.image | quote }}}]
""",
    "templates/config.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: {{ .Release.Namespace }}}
data:
  level: {{ .Values.level | quote }}
  kubernetes: {{ .Capabilities.KubeVersion.Version | quote }}
  monitors: {{ .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor" | quote }}
---
apiVersion: v1
kind: Secret
metadata: {name: cilium-ca, namespace: {{ .Release.Namespace }}}
{{- $old := lookup "v1" "Secret" .Release.Namespace "cilium-ca" }}
data: {key: {{ if $old }}{{ $old.data.key | quote }}{{ else }}{{ randAlphaNum 24 | b64enc | quote }}{{ end }}}
""",
    "templates/rights.yaml": """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: cilium, namespace: {{ .Release.Namespace }}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: cilium}
rules: [{apiGroups: [""], resources: [nodes], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: cilium}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cilium}
subjects: [{kind: ServiceAccount, name: cilium, namespace: {{ .Release.Namespace }}}]
""",
    "templates/pool.yaml": """\
apiVersion: cni.example/v1
kind: Pool
metadata: {name: default}
spec: {cidr: {{ .Values.cidr | quote }}}
""",
    "templates/hook.yaml": """\
apiVersion: batch/v1
kind: Job
metadata: {name: cilium-certs, namespace: {{ .Release.Namespace }}, annotations: {helm.sh/hook: post-install}}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: certs, image: {{ .Values.image | quote }}}]}
""",
    "templates/tests/test.yaml": """\
apiVersion: v1
kind: Pod
metadata: {name: cilium-test, annotations: {helm.sh/hook: test}}
spec: {restartPolicy: Never, containers: [{name: test, image: {{ .Values.image | quote }}}]}
""",
    "crds/pool.yaml": """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pools.cni.example}
spec:
  group: cni.example
  names: {kind: Pool, plural: pools, singular: pool, listKind: PoolList}
  scope: Cluster
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: {spec: {type: object, properties: {cidr: {type: string}}}}
""",
    "values.yaml": 'image: "example.org/cilium:1.2.3"\nlevel: info\nreplicas: 1\ncidr: 10.0.0.0/24\n',
    "values.schema.json": json.dumps({"properties": {"replicas": {"type": "integer"}}}),
}
VALUES = "level: debug\n"


def packed(name: str = "cilium", version: str = VERSION) -> bytes:
    """As `helm package` makes it."""
    files = {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n", **TEMPLATES}
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        for path, words in files.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(words.encode())
            archive.addfile(entry, io.BytesIO(words.encode()))
    return whole.getvalue()


def serve_chart(web: WebServer, name: str = "cilium") -> None:
    """As a chart repository at the server's root."""
    body = packed(name)
    web.serve(f"/{name}-{VERSION}.tgz", body)
    digest = hashlib.sha256(body).hexdigest()
    entry = {"apiVersion": "v2", "name": name, "version": VERSION, "digest": digest, "urls": [f"{name}-{VERSION}.tgz"]}
    index = {"apiVersion": "v1", "entries": {name: [entry]}, "generated": "2026-01-01T00:00:00Z"}
    web.serve("/index.yaml", json.dumps(index).encode())


def kustomization(url: str) -> Mapping[str, str]:
    """As most have it: kustomizations below one, with values of the Flux app and Helm's metadata."""
    return {
        "talos/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        "resources:\n  - cni\n",
        "talos/cni/kustomization.yaml": f"""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
helmCharts:
  - name: cilium
    repo: {url}
    version: {VERSION}
    releaseName: cilium
    namespace: {NAMESPACE}
    includeCRDs: true
    valuesFile: ../../kubernetes/apps/cilium/values.yaml
commonAnnotations:
  meta.helm.sh/release-name: cilium
  meta.helm.sh/release-namespace: {NAMESPACE}
commonLabels:
  app.kubernetes.io/managed-by: Helm
""",
        "kubernetes/apps/cilium/values.yaml": VALUES,
    }


def helmfile(url: str) -> Mapping[str, str]:
    return {
        "bootstrap/helmfile.yaml": f"""\
repositories:
  - name: cilium
    url: {url}
releases:
  - name: cilium
    namespace: {NAMESPACE}
    chart: cilium/cilium
    version: {VERSION}
    values: [../kubernetes/apps/cilium/values.yaml]
    hooks:
      - events: [postsync]
        command: kubectl
        args: [apply, --kustomize, ../kubernetes/apps/cilium/config]
  - name: coredns
    namespace: {NAMESPACE}
    chart: cilium/coredns
    version: 9.9.9
    needs: [{NAMESPACE}/cilium]
""",
        "kubernetes/apps/cilium/values.yaml": VALUES,
    }


def policy(url: str) -> Mapping[str, str]:
    return {
        "talops.yaml": f"""\
cni:
  charts:
    - chart: cilium
      repo: {url}
      version: {VERSION}
      values: [values.yaml]
""",
        "values.yaml": VALUES,
    }


def helm_release(url: str) -> Mapping[str, str]:
    """Its values from a ConfigMap that kustomize makes, and from variables of Flux."""
    return {
        "kubernetes/apps/cilium/helmrelease.yaml": f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: cilium}}
spec:
  interval: 30m
  chart:
    spec:
      chart: cilium
      version: {VERSION}
      sourceRef: {{kind: HelmRepository, name: cilium, namespace: flux-system}}
  valuesFrom: [{{kind: ConfigMap, name: cilium-values}}]
  values: {{cidr: "${{POOL}}"}}
""",
        "kubernetes/apps/cilium/kustomization.yaml": f"""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {NAMESPACE}
resources: [helmrelease.yaml]
configMapGenerator:
  - name: cilium-values
    files: [values.yaml=./values.yaml]
""",
        "kubernetes/apps/cilium/values.yaml": VALUES,
        "kubernetes/flux/ks.yaml": """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: cilium, namespace: flux-system}
spec:
  path: ./kubernetes/apps/cilium
  postBuild: {substitute: {POOL: 10.9.0.0/16}}
""",
        "kubernetes/flux/repositories.yaml": f"""\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {{name: cilium, namespace: flux-system}}
spec: {{interval: 1h, url: "{url}"}}
""",
    }


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """A repository with these files."""
    for path, words in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(words)
    return folder
