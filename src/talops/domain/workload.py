"""What runs in a cluster, as far as one waits for it: workloads, their pods, and kubelets without a certificate."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A DaemonSet, Deployment or StatefulSet. `current` is False while its status is of an older spec.

    `wanted` is how many pods there shall be, None while nobody has counted; `updated` are those of the newest spec.
    """

    kind: str
    namespace: str
    name: str
    current: bool
    wanted: int | None
    updated: int
    ready: int
    selector: Mapping[str, str]
    host_network: bool = False

    @property
    def up(self) -> bool:
        return self.current and self.wanted is not None and min(self.updated, self.ready) >= self.wanted

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodState:
    """`node` is empty for a pod that has none. `why` says why it is not Ready, as far as somebody says it."""

    namespace: str
    name: str
    node: str
    ready: bool
    why: str
    labels: Mapping[str, str]

    def of(self, workload: Workload) -> bool:
        selected = workload.selector.items()
        return self.namespace == workload.namespace and bool(selected) and selected <= dict(self.labels).items()


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRequest:
    """A kubelet asks for its serving certificate. `created` is RFC 3339."""

    name: str
    node: str
    created: str
    pending: bool
    denied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HelmRecord:
    """What Helm remembers of the newest revision of a release."""

    namespace: str
    name: str
    revision: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxRelease:
    """A HelmRelease of Flux, and the Helm release that it makes."""

    namespace: str
    name: str
    release: str
    release_namespace: str
    suspended: bool = False
