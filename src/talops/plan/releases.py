"""Releases of Kubernetes: by which of them the way leads, and which talosctl can take it. Pure.

talosctl takes a cluster to any patch of the same minor release, or of the next one. Where the files want more than
that, a stop on the way has to be chosen without asking any network: what a part of the cluster already runs of that
minor release, because an earlier run had begun to go there; else the newest patch that was known when this talops was
made. Never its first one: the cluster may hold fixes that came later. Whoever wants another stop makes it a goal of
its own, with `talops upgrade k8s --to`.
"""

from collections.abc import Iterable, Mapping, Sequence

from talops.domain.components import STATIC_PODS, Component, NodeComponents, versions_of
from talops.domain.talos import Version
from talops.plan.paths import MAJOR, Minor

STOPS: Mapping[Minor, Version] = {
    version.minor: version
    for version in map(
        Version.parse,
        ("v1.29.6", "v1.30.14", "v1.31.14", "v1.32.13", "v1.33.13", "v1.34.4", "v1.35.4", "v1.36.3", "v1.37.2"),
    )
}
"""A patch of each minor release that exists. Source: the versions of the module k8s.io/kubernetes."""
TALOSCTL_KNOWS: Mapping[Minor, Minor] = {6: 29, 7: 30, 8: 31, 9: 32, 10: 33, 11: 34, 12: 35, 13: 36, 14: 37}
"""The newest minor release of Kubernetes for each of talosctl (facts, talos.md 2.9)."""
_WITH_KUBELETS = frozenset(Component) - frozenset(STATIC_PODS)


def hops(nodes: Sequence[NodeComponents], target: Version) -> tuple[Version, ...] | Minor:
    """The releases to go through, `target` last; none when everything runs it. A minor where no stop is known of it.

    One minor on from the oldest that runs; a kubelet that was left far behind is no reason to take the control plane
    back, since it may be up to three minors older.
    """
    running = versions_of(nodes)
    planes = versions_of(nodes, besides=_WITH_KUBELETS) or running
    way: list[Version] = []
    while any(version != target for version in running):
        minor = min(target.minor, max(min(running).minor + 1, min(planes).minor))
        if min(running).minor == target.minor or minor == target.minor:
            return (*way, target)
        there = [version for version in running if version.minor == minor]
        stop = max(there) if there else STOPS.get(minor)
        if stop is None:
            return minor
        way.append(stop)
        running, planes = [max(one, stop) for one in running], [max(one, stop) for one in planes]
    return tuple(way)


def knows(talosctl: Version, kubernetes: Version) -> bool:
    """Whether this talosctl takes a cluster to that release. Fails closed for one that the table does not have."""
    return talosctl.major == MAJOR and kubernetes.minor <= TALOSCTL_KNOWS.get(talosctl.minor, 0)


def talosctl_for(hop: Version, available: Iterable[Version], nodes: Sequence[Version]) -> Version | None:
    """The one of the newest node's release where it knows the way, else the nearest newer one that does.

    One that is older than a node's Talos refuses at once: it does not know which Kubernetes that runs (seen with
    talosctl 1.12.0 and Talos 1.13).
    """
    oldest = max((node.minor for node in nodes), default=0)
    fitting = [version for version in available if knows(version, hop) and version.minor >= oldest]
    nearest = min((version.minor for version in fitting), default=0)
    return max((version for version in fitting if version.minor == nearest), default=None)


def talosctl_needed(hop: Version, nodes: Sequence[Version]) -> Minor | None:
    """The oldest minor release of talosctl that would do; None when the table has none."""
    newest = max((node.minor for node in nodes), default=0)
    return min((m for m, last in TALOSCTL_KNOWS.items() if last >= hop.minor and m >= newest), default=None)
