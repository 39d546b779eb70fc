"""The plan of an upgrade: which nodes, in which order, with which image, and what speaks against it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from talops.domain.cluster import Desired, DesiredNode, Observed, ObservedNode, Policy
from talops.domain.kubernetes import KubeNode
from talops.domain.plan import KeepNode, Plan, Refusal, UpgradeNode
from talops.domain.talos import NOT_ASKED, Role, TalosNode, Unknown, Version, most_telling
from talops.plan.cordons import stranded
from talops.plan.forecast import forecast, leftovers
from talops.plan.identity import two_clusters
from talops.plan.images import Image, Resolved, image_for, resolved_schematics, short
from talops.plan.names import check_names
from talops.plan.order import order
from talops.plan.paths import kubernetes_objection, path_objection, skips_a_minor

FAIL_CLOSED, QUORUM, PATHS = 2, 4, 9
ACCEPTED = "etcd"
NEW_CALL = Version.parse("v1.13.0")
"""The first release, of node and of talosctl, that upgrades by LifecycleService."""


@dataclass(slots=True)
class Draft:
    """What is found node by node, before the cluster as a whole is looked at."""

    upgrades: list[UpgradeNode] = field(default_factory=list)
    kept: list[KeepNode] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    refused_roles: set[Role] = field(default_factory=set)


def upgrade_plan(
    desired: Desired, observed: Observed, policy: Policy, *, only: Sequence[str] = (), skip: Sequence[str] = ()
) -> Plan:
    """Every node of the files is in exactly one of: an upgrade, a kept node, or the refusals that name it.

    Raises UsageError when `only` or `skip` name nodes that there are not, FilesInvalid when the policy does.
    """
    check_names(desired, policy, only, skip)
    known = resolved_schematics(desired, observed)
    draft = Draft()
    wanted = frozenset(only)
    left_out = dict.fromkeys(policy.skip, "skipped by talops.yaml") | dict.fromkeys(skip, "skipped (--skip-node)")
    for placed in order(desired.nodes, observed, policy):
        node = placed.node
        live = observed.nodes.get(node.hostname) or ObservedNode(hostname=node.hostname, talos=NOT_ASKED)
        why_not = left_out.get(node.hostname) or ("not among --only" if wanted and node.hostname not in wanted else "")
        if why_not:
            draft.kept.append(KeepNode(hostname=node.hostname, role=node.role, why=_left_out(node, live, why_not)))
        else:
            _draft_node(node, live, placed.why, known, draft)
    refusals = [*_of_the_cluster(desired, observed, policy, draft), *draft.refusals]
    ahead = forecast(observed) if draft.upgrades or refusals else ()
    refused = {refusal.hostname for refusal in refusals}
    return Plan(
        target=desired.talos_version,
        upgrades=tuple(step for step in draft.upgrades if step.hostname not in refused),
        kept=tuple(kept for kept in draft.kept if kept.hostname not in refused),
        refusals=_together(refusals, desired, observed),
        warnings=(*desired.warnings, *leftovers(observed), *ahead),
    )


def _left_out(node: DesiredNode, live: ObservedNode, why: str) -> str:
    version = live.talos.version if isinstance(live.talos, TalosNode) else live.talos
    if isinstance(version, Unknown):
        return f"{why}; what it runs is not known"
    return why if version == node.talos_version else f"{why}; it runs {version}"


def _draft_node(node: DesiredNode, live: ObservedNode, place: str, known: Resolved, draft: Draft) -> None:
    version = live.talos.version if isinstance(live.talos, TalosNode) else live.talos
    if isinstance(version, Unknown):
        draft.refusals.append(_unreachable(node, version))
        draft.refused_roles.add(node.role)
        return
    if version == node.talos_version and not node.installer.from_files:
        why = f"runs {version}; the files name no schematic"
        draft.kept.append(KeepNode(hostname=node.hostname, role=node.role, why=why))
        return
    image = image_for(node, live, known)
    if isinstance(image, Image) and isinstance(live.talos, TalosNode) and _at_target(live.talos, version, node, image):
        draft.kept.append(KeepNode(hostname=node.hostname, role=node.role, why=_runs(version, image)))
        return
    refusals = [*_path_refusals(node, live, version), *([image] if isinstance(image, Refusal) else [])]
    draft.refusals.extend(refusals)
    if refusals or isinstance(image, Refusal):
        draft.refused_roles.add(node.role)
        return
    draft.upgrades.append(_step(node, live, version, image, place))


def _at_target(talos: TalosNode, version: Version, node: DesiredNode, image: Image) -> bool:
    """An image without a schematic ID leaves only the version to compare."""
    return version == node.talos_version and image.schematic in {None, talos.schematic}


def _runs(version: Version, image: Image) -> str:
    return f"runs {version} with schematic {short(image.schematic)}" if image.schematic else f"runs {version}"


def _step(node: DesiredNode, live: ObservedNode, version: Version, image: Image, place: str) -> UpgradeNode:
    """A patch may set another machine.install.image than the one that this plan installs. That is only warned about:
    `talosctl upgrade` installs what it is given, and talhelper's own upgrade command ignores the patch, too. Law 9 has
    already judged this image by what the node runs; but the next installation from scratch would use the patch's.
    """
    warnings = [*image.warnings]
    if node.patched_image and node.patched_image != image.reference:
        warnings.append(
            f"a patch sets machine.install.image to {node.patched_image}, which is not what is installed now"
        )
    if skips_a_minor(version, node.talos_version):
        warnings.append(f"skips a minor release between {version} and {node.talos_version}: read its notes, too")
    objection = kubernetes_objection(_kubernetes(node, live), version)
    if objection:
        warnings.append(f"{objection.what}; the upgrade leaves that behind")
    why = [f"{version} to {node.talos_version}"] if version != node.talos_version else []
    return UpgradeNode(
        hostname=node.hostname,
        role=node.role,
        address=node.addresses[0],
        from_version=version,
        version=node.talos_version,
        image=image.reference,
        schematic=image.schematic,
        why=(*why, *image.why, place),
        warnings=tuple(warnings),
    )


def _unreachable(node: DesiredNode, gap: Unknown) -> Refusal:
    return Refusal(
        law=FAIL_CLOSED,
        hostname=node.hostname,
        what=f"its Talos API does not say what it runs: {gap.reason}",
        hint=f"talosctl -n {node.addresses[0]} version",
        transient=not gap.forbidden,
    )


def _path_refusals(node: DesiredNode, live: ObservedNode, version: Version) -> list[Refusal]:
    objections = (
        path_objection(version, node.talos_version),
        kubernetes_objection(_kubernetes(node, live), node.talos_version),
    )
    return [Refusal(law=PATHS, hostname=node.hostname, what=o.what, hint=o.hint) for o in objections if o]


def _kubernetes(node: DesiredNode, live: ObservedNode) -> Version:
    """What the node's kubelet is; what the files say where that cannot be read."""
    if isinstance(live.kube, KubeNode) and live.kube.kubelet_version:
        try:
            return Version.parse(live.kube.kubelet_version)
        except ValueError:
            return node.kubernetes_version
    return node.kubernetes_version


def _of_the_cluster(desired: Desired, observed: Observed, policy: Policy, draft: Draft) -> list[Refusal]:
    """What concerns more than one node. Control planes that no step touches still have to answer: quorum is theirs."""
    if not draft.upgrades and not draft.refusals:
        return two_clusters(desired, observed, ())
    touched = [step.hostname for step in draft.upgrades]
    refusals = [*two_clusters(desired, observed, touched), *stranded(observed, touched)]
    named = {refusal.hostname for refusal in draft.refusals}
    for node in desired.control_planes:
        live = observed.nodes.get(node.hostname)
        gap = live.talos if live is not None else NOT_ASKED
        if isinstance(gap, Unknown) and node.hostname not in named:
            what = f"the control plane {node.hostname} does not answer, so quorum cannot be proven: {gap.reason}"
            hint = f"talosctl -n {node.addresses[0]} version"
            refusals.append(Refusal(law=QUORUM, hostname="", what=what, hint=hint, transient=not gap.forbidden))
    planes = (
        any(step.role is Role.CONTROL_PLANE for step in draft.upgrades) or Role.CONTROL_PLANE in draft.refused_roles
    )
    voters = max(_voters(observed), len(desired.control_planes))
    if planes and voters <= 2 and ACCEPTED not in policy.accept_downtime:
        refusals.append(_no_quorum(voters))
    elif voters == 2:
        refusals += [_refused_by_the_node(step) for step in draft.upgrades if _by_the_old_call(step, observed)][:1]
    return refusals


def _by_the_old_call(step: UpgradeNode, observed: Observed) -> bool:
    """The node looks at etcd itself, and refuses with two members; the new call does not (facts, talos.md 3.1)."""
    old = step.from_version < NEW_CALL or (isinstance(observed.talosctl, Version) and observed.talosctl < NEW_CALL)
    return old and step.role is Role.CONTROL_PLANE


def _refused_by_the_node(step: UpgradeNode) -> Refusal:
    return Refusal(
        law=QUORUM,
        hostname=step.hostname,
        what=f"etcd has 2 voters, and Talos {step.from_version} itself refuses to upgrade one of two",
        hint="add a third control plane first, or force it, which talops does not do: "
        f"talosctl -n {step.address} upgrade --image {step.image} --force",
    )


def _voters(observed: Observed) -> int:
    """The most that any control plane sees. Fewer than the files have is a member lost, which is the gate's matter."""
    counts = (sum(not m.learner for m in view.members) for view in observed.etcd if isinstance(view.members, tuple))
    return max(counts, default=0)


def _no_quorum(voters: int) -> Refusal:
    many = "one voter" if voters == 1 else f"{voters} voters"
    return Refusal(
        law=QUORUM,
        hostname="",
        what=f"etcd has {many}: while a control plane reboots there is no quorum, and the Kubernetes API is down",
        hint="when that outage is acceptable: talops upgrade all --accept-downtime etcd",
    )


def _together(refusals: Sequence[Refusal], desired: Desired, observed: Observed) -> tuple[Refusal, ...]:
    """When not a single node answers, that is one thing to say and not one for each node."""
    gaps = [node.talos for node in observed.nodes.values() if isinstance(node.talos, Unknown)]
    if not refusals or not gaps or len(gaps) < len(desired.nodes):
        return tuple(refusals)
    told = most_telling(gaps)
    what = f"none of the {len(desired.nodes)} nodes answers on the Talos API: {told.reason}"
    hint = told.hint or "talosctl config info   # is this the right talosconfig, and is the network up?"
    transient = not any(gap.forbidden for gap in gaps)
    return (Refusal(law=FAIL_CLOSED, hostname="", what=what, hint=hint, transient=transient),)
