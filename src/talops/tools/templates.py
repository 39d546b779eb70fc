"""The table of Kubernetes requests that talops may send, and the only way to make a `Request`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from urllib.parse import quote

from talops.domain.process import Request

LEASE_NAMESPACE = "kube-system"
LEASE_NAME = "talops"
_LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{LEASE_NAMESPACE}/leases"
_LEASE = f"{_LEASES}/{LEASE_NAME}"
_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"
INSTALL_CNI = "install cni"
_DEADLINE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTemplate:
    """`path` has the places that a constructor fills in. `only_for`: the one command that makes it, where that is so
    rare, and needs so much, that nobody else shall need the permission."""

    name: str
    method: str
    path: str
    content_type: str = "application/json"
    only_for: str = ""

    @property
    def mutating(self) -> bool:
        return self.method != "GET" and self.name != "access"


REQUEST_TEMPLATES: Mapping[str, RequestTemplate] = MappingProxyType(
    {
        template.name: template
        for template in (
            RequestTemplate(name="api-groups", method="GET", path="/apis"),
            RequestTemplate(name="api-resources", method="GET", path="/apis/{group}/{version}"),
            RequestTemplate(name="nodes", method="GET", path="/api/v1/nodes"),
            RequestTemplate(name="node", method="GET", path="/api/v1/nodes/{name}"),
            RequestTemplate(name="node-patch", method="PATCH", path="/api/v1/nodes/{name}", content_type=_MERGE),
            RequestTemplate(
                name="pods-on-node", method="GET", path="/api/v1/pods?fieldSelector=spec.nodeName%3D{name}"
            ),
            RequestTemplate(name="pods-labelled", method="GET", path="/api/v1/pods?labelSelector={selector}"),
            RequestTemplate(name="pod", method="GET", path="/api/v1/namespaces/{namespace}/pods/{name}"),
            RequestTemplate(
                name="evict", method="POST", path="/api/v1/namespaces/{namespace}/pods/{name}/eviction{query}"
            ),
            RequestTemplate(name="budgets", method="GET", path="/apis/policy/v1/poddisruptionbudgets"),
            RequestTemplate(name="ceph", method="GET", path="/apis/ceph.rook.io/v1/cephclusters"),
            RequestTemplate(name="postgres", method="GET", path="/apis/postgresql.cnpg.io/v1/clusters"),
            RequestTemplate(
                name="postgres-promote",
                method="PATCH",
                path="/apis/postgresql.cnpg.io/v1/namespaces/{namespace}/clusters/{name}/status",
                content_type=_MERGE,
            ),
            RequestTemplate(name="attachments", method="GET", path="/apis/storage.k8s.io/v1/volumeattachments"),
            RequestTemplate(name="lease", method="GET", path=_LEASE),
            RequestTemplate(name="lease-create", method="POST", path=_LEASES),
            RequestTemplate(name="lease-replace", method="PUT", path=_LEASE),
            RequestTemplate(name="lease-delete", method="DELETE", path=_LEASE),
            RequestTemplate(name="daemonsets", method="GET", path="/apis/apps/v1/daemonsets"),
            RequestTemplate(name="tuppr", method="GET", path="/apis/tuppr.home-operations.com/v1alpha1/talosupgrades"),
            RequestTemplate(name="system-upgrade", method="GET", path="/apis/upgrade.cattle.io/v1/plans"),
            RequestTemplate(name="api-core", method="GET", path="/api/v1", only_for=INSTALL_CNI),
            RequestTemplate(name="version", method="GET", path="/version", only_for=INSTALL_CNI),
            RequestTemplate(name="object", method="GET", path="{collection}/{name}", only_for=INSTALL_CNI),
            RequestTemplate(
                name="object-apply",
                method="PATCH",
                path="{collection}/{name}{query}",
                content_type=_APPLY,
                only_for=INSTALL_CNI,
            ),
            RequestTemplate(
                name="helm-releases",
                method="GET",
                path="/apis/helm.toolkit.fluxcd.io/{version}/helmreleases",
                only_for=INSTALL_CNI,
            ),
            RequestTemplate(
                name="release-records",
                method="GET",
                path="/api/v1/namespaces/{namespace}/secrets?labelSelector={selector}",
                only_for=INSTALL_CNI,
            ),
            RequestTemplate(
                name="signing-requests",
                method="GET",
                path="/apis/certificates.k8s.io/v1/certificatesigningrequests",
                only_for=INSTALL_CNI,
            ),
            RequestTemplate(
                name="access", method="POST", path="/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
            ),
        )
    }
)


def make(template_name: str, command: str, body: object = None, /, **places: str) -> Request:
    """Fill a template in. For the constructors of this package only."""
    template = REQUEST_TEMPLATES[template_name]
    whole = {place: places.pop(place, "") for place in ("query", "collection")}
    return Request(
        template=template_name,
        method=template.method,
        path=template.path.format(**whole, **{place: quote(word, safe="") for place, word in places.items()}),
        body=b"" if body is None else json.dumps(body, separators=(",", ":")).encode(),
        content_type=template.content_type,
        command=command,
        deadline=_DEADLINE,
    )
