"""The kinds that an API server has by itself, and those of Rook, CloudNativePG and Flux."""

from collections.abc import Mapping
from types import MappingProxyType

from talops.sim.kube.objects import CRUD, Object, Resource, Subresource

_CREATE = ("create",)
_ONE_BY_ONE = tuple(verb for verb in CRUD if verb != "deletecollection")


def _core(
    plural: str,
    kind: str,
    *short: str,
    namespaced: bool = True,
    status: bool = False,
    categories: tuple[str, ...] = (),
    verbs: tuple[str, ...] = CRUD,
    below: tuple[Subresource, ...] = (),
) -> Resource:
    return Resource(
        group="",
        version="v1",
        plural=plural,
        kind=kind,
        namespaced=namespaced,
        status=status,
        short=short,
        categories=categories,
        verbs=verbs,
        below=below,
    )


def _built_in(
    group: str,
    plural: str,
    kind: str,
    *short: str,
    namespaced: bool = True,
    status: bool = False,
    categories: tuple[str, ...] = (),
    verbs: tuple[str, ...] = CRUD,
    below: tuple[Subresource, ...] = (),
) -> Resource:
    return Resource(
        group=group,
        version="v1",
        plural=plural,
        kind=kind,
        namespaced=namespaced,
        status=status,
        short=short,
        categories=categories,
        verbs=verbs,
        below=below,
    )


_ALL = ("all",)
_BELOW_PODS = (
    Subresource(name="eviction", kind="Eviction", verbs=_CREATE, group="policy", version="v1"),
    Subresource(name="exec", kind="PodExecOptions", verbs=("create", "get")),
    Subresource(name="log", kind="Pod", verbs=("get",)),
)
_BELOW_REQUESTS = (Subresource(name="approval", kind="CertificateSigningRequest", verbs=("get", "patch", "update")),)
_REVIEWS, _RBAC, _ADMISSION = "authorization.k8s.io", "rbac.authorization.k8s.io", "admissionregistration.k8s.io"
_EXTENSIONS = ("api-extensions",)
BUILT_IN = (
    _core("nodes", "Node", "no", namespaced=False, status=True),
    _core("pods", "Pod", "po", status=True, categories=_ALL, below=_BELOW_PODS),
    _core("namespaces", "Namespace", "ns", namespaced=False, status=True, verbs=_ONE_BY_ONE),
    _core("configmaps", "ConfigMap", "cm"),
    _core("events", "Event", "ev"),
    _core("limitranges", "LimitRange", "limits"),
    _core("persistentvolumeclaims", "PersistentVolumeClaim", "pvc", status=True),
    _core("persistentvolumes", "PersistentVolume", "pv", namespaced=False, status=True),
    _core("resourcequotas", "ResourceQuota", "quota", status=True),
    _core("secrets", "Secret"),
    _core("serviceaccounts", "ServiceAccount", "sa"),
    _core("services", "Service", "svc", status=True, categories=_ALL),
    _built_in("apps", "deployments", "Deployment", "deploy", status=True, categories=_ALL),
    _built_in("apps", "daemonsets", "DaemonSet", "ds", status=True, categories=_ALL),
    _built_in("apps", "replicasets", "ReplicaSet", "rs", status=True, categories=_ALL),
    _built_in("apps", "statefulsets", "StatefulSet", "sts", status=True, categories=_ALL),
    _built_in("batch", "cronjobs", "CronJob", "cj", status=True, categories=_ALL),
    _built_in("batch", "jobs", "Job", status=True, categories=_ALL),
    _built_in("policy", "poddisruptionbudgets", "PodDisruptionBudget", "pdb", status=True),
    _built_in("coordination.k8s.io", "leases", "Lease"),
    _built_in("storage.k8s.io", "volumeattachments", "VolumeAttachment", namespaced=False, status=True),
    _built_in("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview", namespaced=False, verbs=_CREATE),
    _built_in(_REVIEWS, "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False, verbs=_CREATE),
    _built_in(_REVIEWS, "selfsubjectrulesreviews", "SelfSubjectRulesReview", namespaced=False, verbs=_CREATE),
    _built_in(
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        "crd",
        "crds",
        namespaced=False,
        status=True,
        categories=_EXTENSIONS,
    ),
    _built_in(_RBAC, "clusterroles", "ClusterRole", namespaced=False),
    _built_in(_RBAC, "clusterrolebindings", "ClusterRoleBinding", namespaced=False),
    _built_in(_RBAC, "roles", "Role"),
    _built_in(_RBAC, "rolebindings", "RoleBinding"),
    _built_in("networking.k8s.io", "networkpolicies", "NetworkPolicy", "netpol"),
    _built_in("networking.k8s.io", "ingresses", "Ingress", "ing", status=True),
    _built_in("networking.k8s.io", "ingressclasses", "IngressClass", namespaced=False),
    _built_in("node.k8s.io", "runtimeclasses", "RuntimeClass", namespaced=False),
    _built_in("storage.k8s.io", "storageclasses", "StorageClass", "sc", namespaced=False),
    _built_in("scheduling.k8s.io", "priorityclasses", "PriorityClass", "pc", namespaced=False),
    _built_in(
        _ADMISSION,
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        namespaced=False,
        categories=_EXTENSIONS,
    ),
    _built_in(
        _ADMISSION,
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        namespaced=False,
        categories=_EXTENSIONS,
    ),
    _built_in(
        "certificates.k8s.io",
        "certificatesigningrequests",
        "CertificateSigningRequest",
        "csr",
        namespaced=False,
        status=True,
        below=_BELOW_REQUESTS,
    ),
)
UNCOUNTED = frozenset(
    {
        *("nodes", "namespaces", "configmaps", "events", "persistentvolumeclaims", "persistentvolumes"),
        *("resourcequotas", "secrets", "serviceaccounts", "services", "leases", "volumeattachments"),
        *("clusterroles", "clusterrolebindings", "roles", "rolebindings", "certificatesigningrequests"),
        *("runtimeclasses", "storageclasses"),
    }
)
"""Plurals of the kinds whose metadata has no generation."""
FIRST_STATUS: Mapping[str, Object] = MappingProxyType(
    {
        "poddisruptionbudgets": {
            "disruptionsAllowed": 0,
            "currentHealthy": 0,
            "desiredHealthy": 0,
            "expectedPods": 0,
        }
    }
)
"""What a new object's status says before its controller has seen it."""
CEPH_CLUSTERS = Resource(
    group="ceph.rook.io",
    version="v1",
    plural="cephclusters",
    kind="CephCluster",
    custom=True,
    status=True,
    short=("ceph",),
)
POSTGRES_CLUSTERS = Resource(
    group="postgresql.cnpg.io", version="v1", plural="clusters", kind="Cluster", custom=True, status=True
)
HELM_RELEASES = Resource(
    group="helm.toolkit.fluxcd.io",
    version="v2",
    plural="helmreleases",
    kind="HelmRelease",
    custom=True,
    status=True,
    short=("hr",),
)
