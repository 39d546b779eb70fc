"""The plan of `talops apply`: which nodes take the config of the files, how, and what speaks against it. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence

from talops.domain.cluster import Desired, DesiredNode, Observed, ObservedNode, Policy
from talops.domain.kubernetes import KubeNode
from talops.domain.machineconfig import ApplyMode, Change, Effect, Pending
from talops.domain.plan import Aim, ApplyNode, Plan, Refusal
from talops.domain.talos import TalosNode, Unknown
from talops.domain.words import count
from talops.plan.draft import Draft, make_plan, unreachable, version_of

FAIL_CLOSED, PATHS = 2, 9
NOT_COMPARED = Unknown("its config was not compared")
KUBERNETES_IMAGES = frozenset(
    {
        "machine.kubelet.image",
        "cluster.apiServer.image",
        "cluster.controllerManager.image",
        "cluster.scheduler.image",
        "cluster.proxy.image",
    }
)
INSTALL_IMAGE = "machine.install.image"


def apply_plan(
    desired: Desired,
    observed: Observed,
    policy: Policy,
    pending: Mapping[str, Pending | Unknown],
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    stage: bool = False,
) -> Plan:
    """Every node of the files is in exactly one of: a step, a kept node, or the refusals that name it.

    `pending` is what lies between each node and its config of the files, by hostname. `stage`: only for the next boot.
    Raises UsageError when `only` or `skip` name nodes that there are not, FilesInvalid when the policy does.
    """

    def draft_node(node: DesiredNode, live: ObservedNode, place: str, draft: Draft) -> None:
        between = pending.get(node.hostname, NOT_COMPARED)
        draft_apply(node, live, place, draft, between, stage=stage, runs="its config is that of the files")

    return make_plan(desired, observed, policy, draft_node, aim=Aim.APPLY, only=only, skip=skip)


def draft_apply(
    node: DesiredNode,
    live: ObservedNode,
    place: str,
    draft: Draft,
    between: Pending | Unknown,
    *,
    stage: bool,
    runs: str,
) -> None:
    """Put the node into the draft. `runs`: what is said of it when nothing is to do."""
    version = version_of(live)
    if isinstance(version, Unknown):
        draft.refuse(node, unreachable(node, version))
        return
    refusals = objections(node, live, between)
    if refusals or isinstance(between, Unknown):
        draft.refuse(node, *refusals)
    elif not between.changes and between.on_disk:
        draft.keep(node, runs)
    elif stage and between.on_disk:
        draft.keep(node, "the config of the files is staged already: its next boot takes it")
    else:
        draft.steps.append(_step(node, live, place, between, stage=stage))


def objections(
    node: DesiredNode, live: ObservedNode, between: Pending | Unknown, *, later: bool = False, upgrading: bool = False
) -> list[Refusal]:
    """Why the node must not, or cannot, take the config. Unknown is always one.

    `upgrading`: it is to be taken to another Talos, too. `later`: what it refuses now it may take after that.
    """
    if isinstance(between, Unknown):
        what = f"how its config differs from the files is not known: {between.reason}"
        hint = f"talosctl -n {node.addresses[0]} get machineconfig   # needs the role os:admin"
        return [_refuse(FAIL_CLOSED, node, what, between.hint or hint, transient=not between.forbidden)]
    found = [*_cannot_change(node, between), *_kubernetes(node, live, between, upgrading)]
    answer = between.answer
    if isinstance(answer, Unknown):
        what = f"whether it would take the config is not known: {answer.reason}"
        hint = f"talosctl -n {node.addresses[0]} version"
        found.append(_refuse(FAIL_CLOSED, node, what, hint, transient=not answer.forbidden))
    elif answer is not None and answer.no and not later and not found:
        found.append(_refuse(FAIL_CLOSED, node, f"it does not take this config: {answer.no}", _hint(node, live)))
    return found


def _hint(node: DesiredNode, live: ObservedNode) -> str:
    if isinstance(live.talos, TalosNode) and live.talos.version != node.talos_version:
        return f"it runs Talos {live.talos.version}, the config is for {node.talos_version}: " + (
            f"talops upgrade all --with-config --only {node.hostname}"
        )
    return f"correct {node.where or 'talconfig.yaml'}, then `talops gen config` and `talops diff {node.hostname}`"


def _cannot_change(node: DesiredNode, between: Pending) -> Iterator[Refusal]:
    for change in between.changes:
        if change.effect is Effect.NEVER:
            what = f"{_path(change)} cannot be changed on a running node{f': {change.why}' if change.why else ''}"
            hint = f"correct it in {node.where or 'talconfig.yaml'}, or install the node anew"
            yield _refuse(FAIL_CLOSED, node, what, hint)


def _kubernetes(node: DesiredNode, live: ObservedNode, between: Pending, upgrading: bool) -> Iterator[Refusal]:
    """Another version of Kubernetes is no matter of one node: the order among components and nodes is."""
    runs = live.kube.kubelet_version if isinstance(live.kube, KubeNode) else ""
    moved = [
        (change, tag)
        for change in between.changes
        if change.path in KUBERNETES_IMAGES and (tag := _tag(change.after)) and tag != (_tag(change.before) or runs)
    ]
    if moved:
        change, tag = moved[0]
        now = _tag(change.before) or runs or "another version"
        what = f"the config takes Kubernetes from {now} to {tag}, which is not for `apply` to do node by node"
        to = "" if tag == str(node.kubernetes_version) else f" --to {tag}"
        hint = f"talops upgrade k8s{to}   # or set kubernetesVersion to what runs"
        if upgrading:
            hint = f"talops upgrade all   # without --with-config; and then: {hint.partition('   #')[0]}"
        yield _refuse(PATHS, node, what, hint)


def _tag(value: str | None) -> str:
    """Of an image reference as compact JSON, empty where there is none."""
    try:
        reference = json.loads(value) if value is not None else ""
    except ValueError:
        return ""
    name = str(reference).partition("@")[0].rpartition("/")[2]
    return name.partition(":")[2]


def _step(node: DesiredNode, live: ObservedNode, place: str, between: Pending, *, stage: bool) -> ApplyNode:
    mode, why = _mode(between, stage=stage)
    return ApplyNode(
        hostname=node.hostname,
        role=node.role,
        address=node.addresses[0],
        mode=mode,
        changes=between.changes,
        why=(why, place),
        warnings=tuple(_warnings(node, live, between, mode)),
    )


def _mode(between: Pending, *, stage: bool) -> tuple[ApplyMode, str]:
    """The node itself says whether it takes the config without a reboot."""
    if stage:
        return ApplyMode.STAGED, "its next boot takes it"
    if not between.changes:
        return ApplyMode.NO_REBOOT, "it runs with this config already, and its next boot would take another"
    many = count(len(between.changes), "change")
    if between.answer is not None and not isinstance(between.answer, Unknown) and between.answer.effect is Effect.LIVE:
        return ApplyMode.NO_REBOOT, f"{many}, applied live"
    rebooting = [change for change in between.changes if change.effect is Effect.REBOOT]
    because = f": {_path(rebooting[0])}" if rebooting else ""
    staged = "; staged already" if between.on_disk else ""
    return ApplyMode.REBOOT, f"{many}; it takes a reboot{because}{staged}"


def _warnings(node: DesiredNode, live: ObservedNode, between: Pending, mode: ApplyMode) -> Iterator[str]:
    version = version_of(live)
    if version != node.talos_version:
        yield f"it runs Talos {version}, the config is for {node.talos_version}"
    if any(change.path == INSTALL_IMAGE for change in between.changes):
        yield f"{INSTALL_IMAGE} is only noted for the next installation; `talops upgrade all` installs it"
    asks_more = [change for change in between.changes if change.effect is Effect.REBOOT]
    if mode is ApplyMode.NO_REBOOT and asks_more:
        yield f"the node takes it live, but {_path(asks_more[0])} may only work after its next boot"


def _path(change: Change) -> str:
    if change.document == "v1alpha1":
        return change.path or "the config"
    return f"{change.document}: {change.path}" if change.path else change.document


def _refuse(law: int, node: DesiredNode, what: str, hint: str, *, transient: bool = False) -> Refusal:
    return Refusal(law=law, hostname=node.hostname, what=what, hint=hint, transient=transient)
