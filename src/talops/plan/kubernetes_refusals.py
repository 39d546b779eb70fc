"""What speaks against an upgrade of Kubernetes: found before talosctl finds it in the middle. Pure."""

from collections.abc import Iterator, Sequence

from talops.domain.cluster import Desired, DesiredNode, Observed, ObservedNode, Policy
from talops.domain.components import STATIC_PODS, Component, KubernetesNow, NodeComponents, versions_of
from talops.domain.kubernetes import KubeNode
from talops.domain.plan import Refusal
from talops.domain.talos import NOT_ASKED, Role, Unknown, Version
from talops.plan.draft import unreachable, version_of
from talops.plan.paths import RELEASES, kubernetes_objection
from talops.plan.releases import knows, talosctl_for, talosctl_needed

FAIL_CLOSED, PATHS, ONE_CLUSTER = 2, 9, 13
KUBELET_MAY_BE_OLDER = 3
"""Minor releases, than an API server. Source: the version skew policy of Kubernetes."""
_KUBELETS = frozenset(Component) - frozenset(STATIC_PODS)


def of_the_nodes(desired: Desired, now: KubernetesNow) -> Iterator[Refusal]:
    """What is there and cannot be read, and what should be there and is not."""
    for node, runs in zip(desired.nodes, now.nodes, strict=True):
        if not runs.runs:
            what = f"no node in Kubernetes has its address {node.addresses[0]}"
            yield _refuse(ONE_CLUSTER, node.hostname, what, "kubectl get nodes -o wide")
            continue
        yield from _unreadable(node, runs)
        if node.role is Role.CONTROL_PLANE:
            for component in STATIC_PODS:
                if component not in runs.runs:
                    what = f"it runs no pod of {component.value}"
                    hint = f"talosctl -n {node.addresses[0]} get staticpodstatus; kubectl get pods -n kube-system"
                    yield _refuse(FAIL_CLOSED, node.hostname, what, hint, transient=True)
    for pod in now.strays:
        what = f"the pod kube-system/{pod.name} ({pod.version}) is of {pod.node}, which Kubernetes does not have"
        hint = f"talosctl would take its version for the cluster's: kubectl delete pod -n kube-system {pod.name}"
        yield _refuse(FAIL_CLOSED, "", what, hint)


def _unreadable(node: DesiredNode, runs: NodeComponents) -> Iterator[Refusal]:
    for component, version in runs.runs.items():
        if isinstance(version, Unknown):
            what = f"which {component.value} it runs cannot be told: {version.reason}"
            yield _refuse(FAIL_CLOSED, node.hostname, what, "kubectl get pods -n kube-system -o wide", transient=True)


def of_the_versions(
    desired: Desired, observed: Observed, policy: Policy, now: KubernetesNow, target: Version
) -> Iterator[Refusal]:
    """What runs against what is to run, and against each other."""
    yield from _strangers(observed)
    for node in desired.nodes:
        if node.hostname in policy.skip:
            what = "talops.yaml leaves it out, and talosctl takes every node that Kubernetes has"
            yield _refuse(PATHS, node.hostname, what, "take it off `skip` in talops.yaml, and run the command again")
    for runs in now.nodes:
        yield from _newer(runs, target)
        yield from _stale(runs)
    yield from _too_wide(now)


def _strangers(observed: Observed) -> Iterator[Refusal]:
    kubes = observed.kube_nodes if isinstance(observed.kube_nodes, tuple) else ()
    ours = {live.kube.name for live in observed.nodes.values() if isinstance(live.kube, KubeNode)}
    if not ours:
        return
    for kube in kubes:
        if kube.name not in ours:
            what = f"the files do not know the node {kube.name}, and talosctl takes every node that Kubernetes has"
            hint = f"put it into talconfig.yaml, or if it is gone for good: kubectl delete node {kube.name}"
            yield _refuse(ONE_CLUSTER, "", what, hint)


def _newer(runs: NodeComponents, target: Version) -> Iterator[Refusal]:
    newer = {
        component: version
        for component, version in runs.runs.items()
        if isinstance(version, Version) and version > target
    }
    if newer:
        component, version = next(iter(newer.items()))
        also = f", and {len(newer) - 1} more components are newer, too" if len(newer) > 1 else ""
        what = f"{target} would be a downgrade: {component.value} runs {version}{also}"
        hint = f"set kubernetesVersion in talconfig.yaml, or --to, to {version} or newer"
        yield _refuse(PATHS, runs.hostname, what, hint)


def _stale(runs: NodeComponents) -> Iterator[Refusal]:
    """A kubelet is upgraded after every API server: one that is newer than the pod beside it tells an old tale."""
    kubelet = runs.runs.get(Component.KUBELET)
    for component in STATIC_PODS:
        version = runs.runs.get(component)
        if isinstance(kubelet, Version) and isinstance(version, Version) and version.minor < kubelet.minor:
            what = (
                f"its {component.value} is said to be {version}, and its kubelet is {kubelet}: most likely the API "
                "shows an old pod, whose version talosctl would go by"
            )
            yield _refuse(PATHS, runs.hostname, what, f"talosctl -n {runs.address} service kubelet restart")
            return


def _too_wide(now: KubernetesNow) -> Iterator[Refusal]:
    planes = versions_of(now.nodes, besides=_KUBELETS)
    every = versions_of(now.nodes)
    if not planes:
        return
    if max(planes).minor - min(planes).minor > 1:
        what = (
            f"the control plane runs {min(planes)} and {max(planes)}: more than one minor release apart, which "
            "Kubernetes does not support, and talosctl would take a part of it back"
        )
        hint = "kubectl get pods -n kube-system -o wide   # bring the oldest on by hand: its image in the config"
        yield _refuse(PATHS, "", what, hint)
    elif max(planes).minor - min(every).minor > KUBELET_MAY_BE_OLDER:
        what = f"{min(every)} runs beside {max(planes)}: more than {KUBELET_MAY_BE_OLDER} minor releases apart"
        yield _refuse(PATHS, "", what, "kubectl get nodes   # bring that kubelet on first: its image in the config")


def of_the_hop(hop: Version, desired: Desired, observed: Observed, talosctls: Sequence[Version]) -> Iterator[Refusal]:
    """Whether each node's Talos runs it, and whether a talosctl can take the cluster there."""
    for node in desired.nodes:
        live = observed.nodes.get(node.hostname) or ObservedNode(hostname=node.hostname, talos=NOT_ASKED)
        talos = version_of(live)
        if isinstance(talos, Unknown):
            yield unreachable(node, talos)
        else:
            yield from _unsupported(hop, node, talos)
    if talosctl_for(hop, talosctls, releases(desired, observed)) is None:
        yield _unknown_to(hop, desired, observed, talosctls)


def releases(desired: Desired, observed: Observed) -> list[Version]:
    """The Talos of every node that tells it."""
    found = (observed.nodes.get(node.hostname) for node in desired.nodes)
    return [version for live in found if live is not None and isinstance(version := version_of(live), Version)]


def _unsupported(hop: Version, node: DesiredNode, talos: Version) -> Iterator[Refusal]:
    release = RELEASES.get(talos.minor) if talos.major == 1 else None
    if release is None:
        what = f"this talops does not know which Kubernetes Talos {talos} runs"
        yield _refuse(PATHS, node.hostname, what, "get a newer talops")
        return
    objection = kubernetes_objection(hop, talos)
    if objection is None:
        return
    newest = f"v1.{release.kubernetes[1]}"
    hint = f"set kubernetesVersion to a release up to {newest}, or upgrade Talos first: talops upgrade all"
    if (hop.major, hop.minor) < (1, release.kubernetes[0]):
        hint = f"Talos {talos} runs no Kubernetes so old: set kubernetesVersion to v1.{release.kubernetes[0]} or newer"
    yield _refuse(PATHS, node.hostname, objection.what, hint)


def _unknown_to(hop: Version, desired: Desired, observed: Observed, talosctls: Sequence[Version]) -> Refusal:
    if not talosctls:
        gap = observed.talosctl
        why = gap.reason if isinstance(gap, Unknown) else ""
        what = f"whether talosctl knows Kubernetes {hop} is not known: {why}"
        return _refuse(FAIL_CLOSED, "", what, "talosctl version --client", transient=True)
    talos = releases(desired, observed)
    needed = talosctl_needed(hop, talos)
    if needed is None:
        what = f"this talops knows no talosctl that takes a cluster to Kubernetes {hop}"
        return _refuse(PATHS, "", what, "get a newer talops")
    newest = max(talosctls)
    lacks = [] if knows(newest, hop) else [f"Kubernetes {hop}"]
    lacks += [f"Talos {max(talos)}"] if talos and newest.minor < max(talos).minor else []
    what = f"talosctl {newest} does not know {' nor '.join(lacks)}: it takes talosctl v1.{needed} or newer"
    hint = "talops init --update   # gets the talosctl of every release that a node runs; or install a newer one"
    return _refuse(PATHS, "", what, hint)


def _refuse(law: int, hostname: str, what: str, hint: str, *, transient: bool = False) -> Refusal:
    return Refusal(law=law, hostname=hostname, what=what, hint=hint, transient=transient)
