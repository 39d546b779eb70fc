"""The plan of an upgrade: which nodes, in which order, with which image, and what speaks against it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from talops.domain.cluster import Desired, DesiredNode, Observed, ObservedNode, Policy
from talops.domain.kubernetes import KubeNode
from talops.domain.machineconfig import Pending
from talops.domain.plan import Aim, Carries, Plan, Refusal, UpgradeNode
from talops.domain.talos import TalosNode, Unknown, Version
from talops.plan.apply import NOT_COMPARED, draft_apply, objections
from talops.plan.draft import Draft, make_plan, unreachable, version_of
from talops.plan.images import Image, Resolved, image_for, resolved_schematics, short
from talops.plan.paths import kubernetes_objection, path_objection, skips_a_minor

PATHS = 9


def upgrade_plan(
    desired: Desired,
    observed: Observed,
    policy: Policy,
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    pending: Mapping[str, Pending | Unknown] | None = None,
) -> Plan:
    """Every node of the files is in exactly one of: a step, a kept node, or the refusals that name it.

    `pending` is what lies between each node and its config of the files, by hostname; None leaves configs alone.
    Raises UsageError when `only` or `skip` name nodes that there are not, FilesInvalid when the policy does.
    """
    known = resolved_schematics(desired, observed)

    def draft_node(node: DesiredNode, live: ObservedNode, place: str, draft: Draft) -> None:
        step = _draft_upgrade(node, live, place, known)
        if isinstance(step, str) and pending is not None:
            draft_apply(node, live, place, draft, pending.get(node.hostname, NOT_COMPARED), stage=False, runs=step)
        elif isinstance(step, str):
            draft.keep(node, step)
        elif isinstance(step, UpgradeNode):
            _add(step, node, live, pending, draft)
        else:
            draft.refuse(node, *step)

    aim = Aim.UPGRADE if pending is None else Aim.UPGRADE_WITH_CONFIG
    return make_plan(desired, observed, policy, draft_node, aim=aim, only=only, skip=skip)


def _add(
    step: UpgradeNode,
    node: DesiredNode,
    live: ObservedNode,
    pending: Mapping[str, Pending | Unknown] | None,
    draft: Draft,
) -> None:
    """The step, with what becomes of the node's config."""
    between = pending.get(node.hostname, NOT_COMPARED) if pending is not None else None
    if between is None or (isinstance(between, Pending) and not between.changes and between.on_disk):
        draft.steps.append(step)
        return
    # an older Talos knows fewer kinds of documents: it is the new one that shall take this config
    later = (step.from_version.major, step.from_version.minor) < (step.version.major, step.version.minor)
    refusals = objections(node, live, between, later=later, upgrading=True)
    if refusals or isinstance(between, Unknown):
        draft.refuse(node, *refusals)
        return
    refuses = not isinstance(between.answer, Unknown) and between.answer is not None and bool(between.answer.no)
    carries = Carries.AFTER if refuses and later else Carries.STAGED
    why = f"{carries.value}, which {step.from_version} does not take" if refuses else carries.value
    draft.steps.append(replace(step, carries=carries, changes=between.changes, why=(*step.why, why)))


def _draft_upgrade(
    node: DesiredNode, live: ObservedNode, place: str, known: Resolved
) -> UpgradeNode | str | list[Refusal]:
    """A step; or what it runs, where that is the target; or why it cannot be taken there."""
    version = version_of(live)
    if isinstance(version, Unknown):
        return [unreachable(node, version)]
    if version == node.talos_version and not node.installer.from_files:
        return f"runs {version}; the files name no schematic"
    image = image_for(node, live, known)
    if isinstance(image, Image) and isinstance(live.talos, TalosNode) and _at_target(live.talos, version, node, image):
        return _runs(version, image)
    refusals = [*_path_refusals(node, live, version), *([image] if isinstance(image, Refusal) else [])]
    if refusals or isinstance(image, Refusal):
        return refusals
    return _step(node, live, version, image, place)


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
