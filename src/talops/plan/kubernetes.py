"""The plan of `talops upgrade k8s`: hops of one minor release, and what speaks against each. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from talops.domain.cluster import Desired, Observed, Policy
from talops.domain.components import KubernetesNow, NodeComponents, versions_of
from talops.domain.plan import Aim, KeepNode, Plan, Refusal, UpgradeKubernetes
from talops.domain.talos import Role, Unknown, Version
from talops.domain.words import count
from talops.plan.draft import together
from talops.plan.forecast import leftovers
from talops.plan.identity import two_clusters
from talops.plan.kubernetes_refusals import FAIL_CLOSED, PATHS, of_the_hop, of_the_nodes, of_the_versions, releases
from talops.plan.order import order
from talops.plan.releases import STOPS, hops, talosctl_for

COMMAND = "talops upgrade k8s"
PLANE = Role.CONTROL_PLANE


def kubernetes_plan(
    desired: Desired,
    observed: Observed,
    policy: Policy,
    now: KubernetesNow | Unknown,
    *,
    target: Version,
    talosctls: Sequence[Version] = (),
) -> Plan:
    """Every component on every node to `target`. `talosctls` are those there are beside the one that was observed.

    talosctl takes every node that Kubernetes has: none can be left out. With nothing to do no reason against it counts.
    """
    if isinstance(now, Unknown):
        return _plan(desired, observed, target, (), (), [_unknown(now)])
    kept = [node for node in now.nodes if node.runs and not node.behind(target)]
    unclear = list(of_the_nodes(desired, now))
    way = _way(now, target)
    if isinstance(way, int):
        unclear, way = [*unclear, _no_stop(way, target)], ()
    if not way:
        return _plan(desired, observed, target, (), kept, unclear)
    available = [*talosctls, *([observed.talosctl] if isinstance(observed.talosctl, Version) else [])]
    refusals = [
        *two_clusters(desired, observed, [node.hostname for node in desired.nodes]),
        *unclear,
        *of_the_versions(desired, observed, policy, now, target),
        *(refusal for hop in way for refusal in of_the_hop(hop, desired, observed, available)),
    ]
    steps = tuple(_steps(way, now, desired, observed, policy, available))
    return _plan(desired, observed, target, steps, kept, refusals, _warnings(desired, now))


def _plan(
    desired: Desired,
    observed: Observed,
    target: Version,
    steps: Sequence[UpgradeKubernetes],
    kept: Sequence[NodeComponents],
    refusals: Sequence[Refusal],
    warnings: Iterable[str] = (),
) -> Plan:
    return Plan(
        target=target,
        steps=tuple(steps),
        kept=tuple(KeepNode(hostname=n.hostname, role=n.role, why=f"runs Kubernetes {target}") for n in kept),
        refusals=together(list(dict.fromkeys(refusals)), desired, observed),
        warnings=(*desired.warnings, *leftovers(observed, COMMAND), *warnings),
        aim=Aim.KUBERNETES,
        afterwards=_afterwards(desired, target),
    )


def _afterwards(desired: Desired, target: Version) -> str:
    """Else the next config of the files would want to take it back."""
    if desired.kubernetes_version == target:
        return ""
    return (
        f"The files still say {desired.kubernetes_version}: set kubernetesVersion in talconfig.yaml to {target}, then "
        "`talops gen config`"
    )


def _steps(
    way: Sequence[Version],
    now: KubernetesNow,
    desired: Desired,
    observed: Observed,
    policy: Policy,
    available: Sequence[Version],
) -> Iterator[UpgradeKubernetes]:
    planes = [placed.node for placed in order(desired.nodes, observed, policy) if placed.node.role is PLANE]
    asked, running = planes[0], now.nodes
    for hop in way:
        oldest = min(versions_of(running))
        talosctl = talosctl_for(hop, available, releases(desired, observed))
        yield UpgradeKubernetes(
            hostname=asked.hostname,
            role=asked.role,
            address=asked.addresses[0],
            from_version=oldest,
            version=hop,
            nodes=running,
            last=hop == way[-1],
            talosctl=talosctl,
            why=tuple(_why(hop, way, running)),
        )
        running = tuple(_after(node, hop) for node in running)


def _after(node: NodeComponents, hop: Version) -> NodeComponents:
    return NodeComponents(
        hostname=node.hostname,
        role=node.role,
        address=node.address,
        runs={part: max(version, hop) if isinstance(version, Version) else hop for part, version in node.runs.items()},
    )


def _why(hop: Version, way: Sequence[Version], running: Sequence[NodeComponents]) -> Iterator[str]:
    if hop != way[-1]:
        begun = hop in versions_of(running)
        chosen = "which a part of the cluster already runs" if begun else "the newest of it that talops knows"
        yield f"on the way to {way[-1]}, one minor release at a time: {chosen}"
    many = sum(len(node.behind(hop)) for node in running)
    if not many:
        yield "every component runs it, but the run that took them there did not come to its end: manifests are left"
        return
    nodes = sum(bool(node.behind(hop)) for node in running)
    yield f"{count(many, 'component')} on {count(nodes, 'node')}"


def _warnings(desired: Desired, now: KubernetesNow) -> Iterator[str]:
    if len(desired.control_planes) == 1:
        yield "there is one control plane: the Kubernetes API is away for a moment while its kube-apiserver restarts"
    for repository in now.elsewhere:
        yield (
            f"{repository} is not where talosctl takes that image from: the nodes will pull it from registry.k8s.io "
            "(a mirror is better set in machine.registries)"
        )


def _no_stop(minor: int, target: Version) -> Refusal:
    what = f"the way to {target} leads through v1.{minor}, of which this talops knows no release"
    hint = f"go there first: {COMMAND} --to v1.{minor}.PATCH   # talops knows v1.{min(STOPS)} to v1.{max(STOPS)}"
    return Refusal(law=PATHS, hostname="", what=what, hint=hint)


def _unknown(gap: Unknown) -> Refusal:
    what = f"what Kubernetes runs is not known: {gap.reason}"
    hint = gap.hint or "kubectl get pods -n kube-system -o wide"
    return Refusal(law=FAIL_CLOSED, hostname="", what=what, hint=hint, transient=not gap.forbidden)


def _way(now: KubernetesNow, target: Version) -> tuple[Version, ...] | int:
    """What is to be gone through: the target once more where an earlier run did not come to its end."""
    way = hops(now.nodes, target) if versions_of(now.nodes) else ()
    return way or ((target,) if str(target) in now.unfinished else ())
