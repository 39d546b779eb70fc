"""Stories of server-side apply: what different managers do to one namespace, request by request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from talops.domain.process import Request

Body = dict[str, Any]
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
LIMIT = timedelta(seconds=20)
SPACE = "SPACE"
"""Stands for the namespace of the story, wherever it is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One request of a story."""

    method: str
    path: str
    body: Body | str = ""
    kind: str = "application/json"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def request(self, namespace: str) -> Request:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return Request(
            template="story",
            method=self.method,
            path=self.path.replace(SPACE, namespace),
            body=text.replace(SPACE, namespace).encode(),
            content_type=self.kind,
            deadline=LIMIT,
        )


def core(plural: str, name: str = "") -> str:
    return f"/api/v1/namespaces/{SPACE}/{plural}" + (f"/{name}" if name else "")


def of_group(group: str, plural: str, name: str = "", *, version: str = "v1", cluster: bool = False) -> str:
    where = f"/apis/{group}/{version}/" + ("" if cluster else f"namespaces/{SPACE}/") + plural
    return where + (f"/{name}" if name else "")


def applied(path: str, body: Body | str, manager: str = "one", *, force: bool = False, dry_run: bool = False) -> Told:
    query = f"?fieldManager={manager}" + ("&force=true" if force else "") + ("&dryRun=All" if dry_run else "")
    return Told(method="PATCH", path=path + query, body=body, kind=APPLY)


def created(path: str, body: Body, manager: str = "creator") -> Told:
    return Told(method="POST", path=f"{path}?fieldManager={manager}", body=body)


def merged(path: str, body: Body, manager: str = "merger") -> Told:
    return Told(method="PATCH", path=f"{path}?fieldManager={manager}", body=body, kind=MERGE)


def patched(path: str, body: Body, manager: str = "helm") -> Told:
    kind = "application/strategic-merge-patch+json"
    return Told(method="PATCH", path=f"{path}?fieldManager={manager}", body=body, kind=kind)


def read(path: str) -> Told:
    return Told(method="GET", path=path)


def config_map(labels: Mapping[str, str] | None = None, **entries: str) -> Body:
    metadata: Body = {"name": "it", "namespace": SPACE, **({"labels": dict(labels)} if labels else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": entries}


def _last_applied(body: Body) -> Body:
    """As `kubectl apply` sends it."""
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(body)}
    return {**body, "metadata": {**body["metadata"], "annotations": annotations}}


def named(kind: str, version: str = "v1", *, cluster: bool = False, **more: Any) -> Body:
    metadata = {"name": SPACE} if cluster else {"name": "it", "namespace": SPACE}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def _container(name: str = "main", **more: Any) -> Body:
    return {"name": name, "image": f"registry.example/{name}:v1", **more}


def workload(kind: str, *containers: Body, **more: Any) -> Body:
    labels = {"app": "it"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": list(containers or (_container(),)), **more}}
    return named(kind, "apps/v1", spec={"selector": {"matchLabels": labels}, "template": template})


AGENT = _container(
    "agent",
    args=["--config-dir=/tmp"],
    env=[{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}, {"name": "A", "value": "1"}],
    ports=[{"containerPort": 4240, "name": "health"}, {"containerPort": 53, "protocol": "UDP", "name": "dns"}],
    livenessProbe={"httpGet": {"host": "127.0.0.1", "path": "/healthz", "port": 9879}, "failureThreshold": 10},
    readinessProbe={"exec": {"command": ["true"]}},
    securityContext={"capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]}},
    volumeMounts=[{"name": "run", "mountPath": "/run"}, {"name": "config", "mountPath": "/tmp"}],
    lifecycle={"preStop": {"exec": {"command": ["stop"]}}},
    resources={"limits": {"cpu": "1", "memory": "1Gi"}},
)
DAEMON = workload(
    "DaemonSet",
    AGENT,
    hostNetwork=True,
    serviceAccountName="agent",
    priorityClassName="system-node-critical",
    tolerations=[{"operator": "Exists"}],
    nodeSelector={"kubernetes.io/os": "linux"},
    initContainers=[_container("config", terminationMessagePolicy="FallbackToLogsOnError")],
    affinity={
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"labelSelector": {"matchLabels": {"app": "it"}}, "topologyKey": "kubernetes.io/hostname"}
            ]
        }
    },
    volumes=[
        {"name": "run", "hostPath": {"path": "/run", "type": "DirectoryOrCreate"}},
        {"name": "modules", "hostPath": {"path": "/lib/modules"}},
        {"name": "config", "configMap": {"name": "it"}},
        {"name": "secret", "secret": {"secretName": "it", "optional": True}},
        {"name": "nothing"},
        {
            "name": "projected",
            "projected": {
                "sources": [
                    {"serviceAccountToken": {"path": "token"}},
                    {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                ]
            },
        },
    ],
)
_MAPS, _IT = core("configmaps"), core("configmaps", "it")
_DEPLOYMENT = of_group("apps", "deployments", "it")
_TWO = workload("Deployment", _container(), _container("side", env=[{"name": "A", "value": "1"}]))
_NO_CONTAINERS: Body = {"metadata": {"labels": {"app": "it"}}, "spec": {"restartPolicy": "Always"}}
_SERVICE = named("Service", spec={"selector": {"app": "it"}, "ports": [{"name": "http", "port": 80}]})
_ROLE = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list"]}
_CHANGES: Body = {
    "spec": {
        "updateStrategy": {"$retainKeys": ["type"], "type": "OnDelete", "rollingUpdate": None},
        "template": {
            "spec": {
                "$setElementOrder/containers": [{"name": "agent"}],
                "$setElementOrder/volumes": [
                    {"name": name} for name in ("run", "modules", "config", "nothing", "projected", "new")
                ],
                "containers": [
                    {
                        "name": "agent",
                        "image": "registry.example/agent:v2",
                        "env": [{"name": "A", "$patch": "delete"}, {"name": "B", "value": "1"}],
                        "ports": [{"containerPort": 53, "protocol": "TCP", "name": "dns-tcp"}],
                        "volumeMounts": [{"mountPath": "/new", "name": "new"}],
                    }
                ],
                "initContainers": [{"name": "more", "image": "registry.example/more:v1"}],
                "volumes": [
                    {
                        "name": "nothing",
                        "$retainKeys": ["name", "hostPath"],
                        "hostPath": {"path": "/nothing"},
                        "emptyDir": None,
                    },
                    {"name": "secret", "$patch": "delete"},
                    {"name": "new", "emptyDir": {}},
                ],
                "tolerations": [{"key": "a", "operator": "Exists"}],
            }
        },
    }
}
_BINDING = named(
    "RoleBinding",
    "rbac.authorization.k8s.io/v1",
    roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "it"},
    subjects=[{"kind": "ServiceAccount", "name": "it"}],
)
_WIDGETS: Body = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"widgets.{SPACE}.example"},
    "spec": {
        "group": f"{SPACE}.example",
        "names": {"kind": "Widget", "plural": "widgets"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                "subresources": {"status": {}},
            }
        ],
    },
}

_ROWS: Body = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"id": {"type": "string"}, "size": {"type": "integer"}},
        "required": ["id"],
    },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["id"],
}
_TEXTS: Body = {"type": "array", "items": {"type": "string"}}
_PAIRS: Body = {"type": "object", "additionalProperties": {"type": "string"}}
_PROPERTIES: Body = {
    "rows": _ROWS,
    "tags": {**_TEXTS, "x-kubernetes-list-type": "set"},
    "plain": _TEXTS,
    "whole": {**_PAIRS, "x-kubernetes-map-type": "atomic"},
    "parts": _PAIRS,
}
POOLS: Body = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "pools.story.example"},
    "spec": {
        "group": "story.example",
        "names": {"kind": "Pool", "plural": "pools", "singular": "pool", "listKind": "PoolList"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "properties": _PROPERTIES}},
                    }
                },
            }
        ],
    },
}
"""A kind of somebody's own, whose schema says how it merges."""
_POOL = of_group("story.example", "pools", "it")


def _pool(**spec: Any) -> Body:
    return named("Pool", "story.example/v1", spec=spec)


POOL_STORY = (
    applied(_POOL, _pool(rows=[{"id": "a", "size": 1}, {"id": "b"}], tags=["x"], plain=["p"], parts={"a": "1"})),
    applied(_POOL, _pool(rows=[{"id": "b", "size": 2}, {"id": "c"}], tags=["y"], whole={"a": "1"}), "two"),
    applied(_POOL, _pool(plain=["q"], whole={"b": "2"}, parts={"b": "2"}), "three"),
    applied(_POOL, _pool(plain=["q"], whole={"b": "2"}, parts={"b": "2"}), "three", force=True),
    applied(_POOL, _pool(tags=["x"], rows=[{"id": "b"}])),
    applied(_POOL, _pool(), "two"),
    merged(_POOL, {"spec": {"rows": [{"id": "z", "size": 3}]}}),
    applied(_POOL, _pool(rows=[{"id": "z", "size": 4}]), "two"),
    read(_POOL),
)

STORIES: Mapping[str, tuple[Told, ...]] = {
    "created, the same again, and changed": (
        applied(_IT, config_map({"a": "1"}, x="1", y="1")),
        applied(_IT, config_map({"a": "1"}, x="1", y="1")),
        applied(_IT, config_map({"a": "1"}, x="2", y="1")),
        read(_IT),
    ),
    "what is not applied any more goes": (
        applied(_IT, config_map({"a": "1", "b": "1"}, x="1", y="1")),
        applied(_IT, config_map({"b": "1"}, y="1")),
        applied(_IT, config_map()),
    ),
    "what two have applied stays until both have let it go": (
        applied(_IT, config_map(x="1", y="1")),
        applied(_IT, config_map(y="1", z="1"), "two"),
        applied(_IT, config_map(x="1")),
        applied(_IT, config_map(z="1"), "two"),
    ),
    "one conflict": (
        applied(_IT, config_map(x="1")),
        applied(_IT, config_map(x="2"), "two"),
        applied(_IT, config_map(x="2"), "two", force=True),
        applied(_IT, config_map(x="1")),
    ),
    "conflicts with several": (
        applied(_IT, config_map({"a.b/c": "1"}, x="1")),
        applied(_IT, config_map(y="1"), "two"),
        merged(_IT, {"data": {"z": "1"}}),
        applied(_IT, config_map({"a.b/c": "2"}, x="2", y="2", z="2"), "three"),
    ),
    "kubectl goes over to the server's side": (
        created(_MAPS, _last_applied(config_map(x="1", y="1")), "kubectl-client-side-apply"),
        merged(_IT, {"data": {"y": "2"}}),
        applied(_IT, config_map(x="2"), "talops"),
        applied(_IT, config_map(x="2", y="3"), "kubectl"),
        applied(_IT, config_map(x="2"), "kubectl"),
        read(_IT),
    ),
    "dry runs": (
        applied(_IT, config_map(x="1"), dry_run=True),
        read(_IT),
        applied(_IT, config_map(x="1")),
        applied(_IT, config_map(x="2"), dry_run=True),
        applied(_IT, config_map(x="2"), "two", dry_run=True),
        applied(_IT, config_map(x="2"), "two", force=True, dry_run=True),
        read(_IT),
    ),
    "after a create": (
        created(_MAPS, config_map({"a": "1"}, x="1")),
        applied(_IT, config_map(x="1")),
        applied(_IT, config_map(x="2")),
        applied(_IT, config_map(x="2"), force=True),
        merged(_IT, {"data": {"x": "3", "y": None}, "metadata": {"annotations": {"m": "1"}}}),
        read(_IT),
    ),
    "YAML": (applied(_IT, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: it\ndata:\n  x: 'yes'\n"),),
    "what cannot be applied": (
        Told(method="PATCH", path=_IT, body=config_map(), kind=APPLY),
        applied(_IT, {**config_map(), "apiVersion": "v7"}),
        applied(core("configmaps", "other"), config_map()),
        applied(f"/api/v1/namespaces/nope-{SPACE}/configmaps/it", {**config_map(), "metadata": {"name": "it"}}),
        applied(_IT, {**config_map(), "metadata": {"name": "it", "managedFields": []}}),
        applied(f"{_IT}/status", config_map()),
        applied(core("nopes", "it"), named("Nope")),
    ),
    "a version that is not there any more": (
        applied(_IT, config_map(x="1")),
        applied(_IT, {**config_map(x="2"), "metadata": {"name": "it", "resourceVersion": "1"}}),
    ),
    "rows of lists": (
        applied(_DEPLOYMENT, _TWO),
        applied(_DEPLOYMENT, workload("Deployment", _container("other")), "two"),
        applied(_DEPLOYMENT, workload("Deployment", _container("side", env=[{"name": "B", "value": "1"}]))),
        applied(_DEPLOYMENT, workload("Deployment", _container("main"), _container("other", args=["a"])), "two"),
        applied(_DEPLOYMENT, workload("Deployment"), "two"),
    ),
    "rows that cannot be told apart": (
        applied(_DEPLOYMENT, workload("Deployment", {"image": "registry.example/main:v1"})),
        applied(
            _DEPLOYMENT,
            workload("Deployment", _container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}])),
        ),
        applied(_DEPLOYMENT, workload("Deployment", _container(), _container())),
        applied(_IT, {**config_map(), "metadata": {"name": "it", "finalizers": ["a.b/c", "a.b/c"]}}),
        applied(_DEPLOYMENT, workload("Deployment", {"name": "main"})),
        applied(_DEPLOYMENT, named("Deployment", "apps/v1", spec={**_TWO["spec"], "template": _NO_CONTAINERS})),
    ),
    "ports of two protocols": (
        applied(_DEPLOYMENT, workload("Deployment", _container(ports=[{"containerPort": 53}]))),
        applied(
            _DEPLOYMENT,
            workload("Deployment", _container(ports=[{"containerPort": 53, "protocol": "UDP", "name": "dns"}])),
            "two",
        ),
        applied(_DEPLOYMENT, workload("Deployment", _container(ports=[{"containerPort": 53, "name": "x"}])), "two"),
    ),
    "defaults of what is applied no more": (
        applied(
            _DEPLOYMENT,
            {
                **_TWO,
                "spec": {**_TWO["spec"], "replicas": 2, "strategy": {"rollingUpdate": {"maxSurge": 3}}},
            },
        ),
        applied(_DEPLOYMENT, _TWO),
    ),
    "a Deployment that was created": (
        created(of_group("apps", "deployments"), _TWO, "helm"),
        applied(_DEPLOYMENT, _TWO, "talops"),
        applied(_DEPLOYMENT, workload("Deployment", _container(image="registry.example/main:v2")), "talops"),
        applied(
            _DEPLOYMENT, workload("Deployment", _container(image="registry.example/main:v2")), "talops", force=True
        ),
    ),
    "strategic patches": (
        created(of_group("apps", "daemonsets"), DAEMON, "helm"),
        patched(of_group("apps", "daemonsets", "it"), _CHANGES),
        patched(of_group("apps", "daemonsets", "it"), _CHANGES),
        created(core("services"), _SERVICE, "helm"),
        patched(core("services", "it"), {"spec": {"ports": [{"port": 81, "name": "more"}]}}),
        patched(core("services", "it"), {"spec": {"ports": [{"port": 80, "$patch": "delete"}]}}),
        patched(core("services", "it"), {"metadata": {"finalizers": ["example.com/a", "example.com/b"]}}),
        patched(core("services", "it"), {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}}),
        patched(core("services", "it"), {"metadata": {"finalizers": None}}),
    ),
    "a CNI's DaemonSet": (
        applied(of_group("apps", "daemonsets", "it"), DAEMON),
        applied(of_group("apps", "daemonsets", "it"), DAEMON),
        read(of_group("apps", "daemonsets", "it")),
    ),
    "what cannot be changed": (
        applied(_DEPLOYMENT, _TWO),
        applied(
            _DEPLOYMENT,
            {
                **_TWO,
                "spec": {
                    "selector": {"matchLabels": {"app": "other"}},
                    "template": {"metadata": {"labels": {"app": "other"}}, "spec": _TWO["spec"]["template"]["spec"]},
                },
            },
        ),
        applied(_DEPLOYMENT, {**_TWO, "spec": {**_TWO["spec"], "selector": {"matchLabels": {"app": "other"}}}}),
        created(of_group("rbac.authorization.k8s.io", "rolebindings"), _BINDING, "helm"),
        applied(
            of_group("rbac.authorization.k8s.io", "rolebindings", "it"),
            {**_BINDING, "roleRef": {**_BINDING["roleRef"], "name": "other"}},
            force=True,
        ),
        created(core("secrets"), named("Secret", type="helm.sh/release.v1", data={"release": "YQ=="})),
        applied(core("secrets", "it"), named("Secret", type="Opaque"), force=True),
        created(_MAPS, {**config_map(a="1"), "immutable": True}),
        applied(_IT, config_map(a="2"), force=True),
    ),
    "a Service": (
        applied(core("services", "it"), _SERVICE),
        applied(core("services", "it"), _SERVICE),
        applied(
            core("services", "it"),
            named(
                "Service", spec={"selector": {"b": "1"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
            ),
        ),
    ),
    "a headless Service": (
        applied(
            core("services", "it"),
            named("Service", spec={"clusterIP": "None", "selector": {"app": "it"}, "ports": [{"port": 9964}]}),
        ),
    ),
    "accounts, secrets and rights": (
        applied(core("serviceaccounts", "it"), named("ServiceAccount")),
        applied(core("secrets", "it"), named("Secret", stringData={"a": "b"}, data={"c": "ZA=="})),
        applied(core("secrets", "it"), named("Secret", stringData={"a": "b"}, data={"c": "ZA=="})),
        applied(
            of_group("rbac.authorization.k8s.io", "clusterroles", SPACE, cluster=True),
            named("ClusterRole", "rbac.authorization.k8s.io/v1", cluster=True, rules=[_ROLE]),
        ),
        applied(
            of_group("rbac.authorization.k8s.io", "clusterrolebindings", SPACE, cluster=True),
            named(
                "ClusterRoleBinding",
                "rbac.authorization.k8s.io/v1",
                cluster=True,
                roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": SPACE},
                subjects=[
                    {"kind": "ServiceAccount", "name": "it", "namespace": SPACE},
                    {"kind": "Group", "name": "g"},
                ],
            ),
        ),
        applied(
            of_group("rbac.authorization.k8s.io", "roles", "it"),
            named("Role", "rbac.authorization.k8s.io/v1", rules=[_ROLE]),
        ),
        applied(
            of_group("rbac.authorization.k8s.io", "rolebindings", "it"),
            named(
                "RoleBinding",
                "rbac.authorization.k8s.io/v1",
                roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "it"},
                subjects=[{"kind": "ServiceAccount", "name": "it"}],
            ),
        ),
    ),
    "budgets, classes and webhooks": (
        applied(
            of_group("policy", "poddisruptionbudgets", "it"),
            named(
                "PodDisruptionBudget",
                "policy/v1",
                spec={"maxUnavailable": 1, "selector": {"matchLabels": {"app": "it"}}},
            ),
        ),
        applied(
            of_group("scheduling.k8s.io", "priorityclasses", SPACE, cluster=True),
            named("PriorityClass", "scheduling.k8s.io/v1", cluster=True, value=1000),
        ),
        applied(
            of_group("admissionregistration.k8s.io", "validatingwebhookconfigurations", SPACE, cluster=True),
            named(
                "ValidatingWebhookConfiguration",
                "admissionregistration.k8s.io/v1",
                cluster=True,
                webhooks=[
                    {
                        "name": "a.example.com",
                        "admissionReviewVersions": ["v1"],
                        "sideEffects": "None",
                        "clientConfig": {"service": {"name": "it", "namespace": SPACE}},
                        "rules": [
                            {
                                "apiGroups": ["nope.example"],
                                "apiVersions": ["v1"],
                                "operations": ["CREATE"],
                                "resources": ["nopes"],
                            }
                        ],
                    }
                ],
            ),
        ),
    ),
    "networks and storage": (
        applied(
            of_group("networking.k8s.io", "networkpolicies", "it"),
            named(
                "NetworkPolicy",
                "networking.k8s.io/v1",
                spec={
                    "podSelector": {"matchLabels": {"app": "it"}},
                    "egress": [{"ports": [{"port": 53}]}],
                    "ingress": [{}],
                },
            ),
        ),
        applied(
            of_group("networking.k8s.io", "ingresses", "it"),
            named(
                "Ingress",
                "networking.k8s.io/v1",
                spec={"defaultBackend": {"service": {"name": "it", "port": {"number": 80}}}},
            ),
        ),
        applied(
            of_group("networking.k8s.io", "ingressclasses", SPACE, cluster=True),
            named("IngressClass", "networking.k8s.io/v1", cluster=True, spec={"controller": "example.com/ingress"}),
        ),
        applied(
            of_group("node.k8s.io", "runtimeclasses", SPACE, cluster=True),
            named("RuntimeClass", "node.k8s.io/v1", cluster=True, handler="runc"),
        ),
        applied(
            of_group("storage.k8s.io", "storageclasses", SPACE, cluster=True),
            named("StorageClass", "storage.k8s.io/v1", cluster=True, provisioner="example.com/none"),
        ),
    ),
    "a namespace": (
        applied(f"/api/v1/namespaces/more-{SPACE}", {**named("Namespace"), "metadata": {"name": f"more-{SPACE}"}}),
        applied(f"/api/v1/namespaces/more-{SPACE}", {**named("Namespace"), "metadata": {"name": f"more-{SPACE}"}}),
    ),
    "a definition": (
        applied(
            of_group("apiextensions.k8s.io", "customresourcedefinitions", f"widgets.{SPACE}.example", cluster=True),
            _WIDGETS,
        ),
    ),
    "a field that is null": (
        applied(_IT, {**config_map(x="1"), "metadata": {"name": "it", "labels": None, "annotations": {}}}),
        applied(_IT, {**config_map(x="1"), "metadata": {"name": "it", "labels": None, "annotations": {}}}),
    ),
}
