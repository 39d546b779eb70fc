"""What Kubernetes itself consists of, on each node, and in which release it runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from talops.domain.talos import Role, Unknown, Version


class Component(StrEnum):
    """In the order in which they are upgraded. The value is what its image, its pods and talosctl call it."""

    API_SERVER = "kube-apiserver"
    CONTROLLER_MANAGER = "kube-controller-manager"
    SCHEDULER = "kube-scheduler"
    PROXY = "kube-proxy"
    KUBELET = "kubelet"

    @property
    def short(self) -> str:
        """For the head of a column."""
        return _SHORT[self]


_SHORT = {
    Component.API_SERVER: "apiserver",
    Component.CONTROLLER_MANAGER: "manager",
    Component.SCHEDULER: "scheduler",
    Component.PROXY: "proxy",
    Component.KUBELET: "kubelet",
}
STATIC_PODS = (Component.API_SERVER, Component.CONTROLLER_MANAGER, Component.SCHEDULER)
"""Those of every control plane, and of no worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentPod:
    """A pod of kube-system that is a component. `version` is the tag of its image."""

    component: Component
    name: str
    node: str
    """Of Kubernetes."""
    version: Version | Unknown
    repository: str
    """Of its image: everything before the tag."""
    mirror: bool
    """Of a static pod: what the kubelet tells the API about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeComponents:
    """What one node of the files runs. A component that is missing does not run there.

    Of several pods of a component, an old one that is still there counts: talosctl counts it, too.
    """

    hostname: str
    role: Role
    address: str
    runs: Mapping[Component, Version | Unknown]

    def behind(self, target: Version) -> tuple[Component, ...]:
        """Those that do not run this very release."""
        return tuple(component for component, version in self.runs.items() if version != target)


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesNow:
    """Every node of the files with what it runs. `strays` are pods on nodes that Kubernetes does not have."""

    nodes: tuple[NodeComponents, ...]
    strays: tuple[ComponentPod, ...] = ()
    elsewhere: tuple[str, ...] = ()
    """Repositories of images that are not those which talosctl puts into the configs."""
    unfinished: tuple[str, ...] = ()
    """Releases to which an upgrade has begun and not come to its end: its manifests come last."""

    def behind(self, target: Version) -> tuple[NodeComponents, ...]:
        return tuple(node for node in self.nodes if node.behind(target))


def versions_of(nodes: Iterable[NodeComponents], *, besides: frozenset[Component] = frozenset()) -> list[Version]:
    """Every known version that runs, of all components but these."""
    return [
        version
        for node in nodes
        for component, version in node.runs.items()
        if isinstance(version, Version) and component not in besides
    ]


def spoken(nodes: Iterable[NodeComponents]) -> str:
    """`kube-apiserver v1.35.4 on cp-1, cp-2 and v1.35.2 on cp-3; kube-scheduler, kubelet v1.35.2 everywhere`."""
    found = list(nodes)
    alike: dict[str, list[str]] = {}
    for component in Component:
        if words := _where(component, found):
            alike.setdefault(words, []).append(component.value)
    return "; ".join(f"{', '.join(components)} {words}" for words, components in alike.items())


def _where(component: Component, nodes: list[NodeComponents]) -> str:
    hosts: dict[str, list[str]] = {}
    for node in nodes:
        if component in node.runs:
            version = node.runs[component]
            hosts.setdefault(str(version) if isinstance(version, Version) else "unknown", []).append(node.hostname)
    if len(hosts) == 1:
        return f"{next(iter(hosts))} everywhere"
    return " and ".join(f"{version} on {_some(names)}" for version, names in sorted(hosts.items()))


def _some(names: list[str], most: int = 6) -> str:
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])} and {len(names) - most} more"
