"""`talops plan` and `talops nodes` as plain text. What is longer than a line goes onto indented lines of its own."""

from collections.abc import Iterator

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.machineconfig import ApplyMode, NodeDrift
from talops.domain.plan import Aim, ApplyNode, Carries, Plan, UpgradeKubernetes, UpgradeNode, alike, goes_down
from talops.ui.components import table
from talops.ui.show_diff import blocks, show_changes
from talops.ui.show_json import nodes_to_json, status_to_json
from talops.ui.show_status import show_status
from talops.ui.words import clean, count, folded, names

__all__ = ["nodes_to_json", "show_nodes", "show_plan", "show_status", "status_to_json"]

UNDER = "     "
MODES = {
    ApplyMode.NO_REBOOT: "its config, live",
    ApplyMode.STAGED: "its config, staged for the next boot",
    ApplyMode.REBOOT: "its config, with a reboot",
}


def show_plan(plan: Plan, desired: Desired, *, width: int = 80, colour: bool = False) -> str:
    """What will be done in which order and why, what is left alone, what stands against it, and what that means.

    Image references are never broken, so that they can be copied.
    """
    lines = [f"cluster {desired.cluster_name}: {plan.aim.words(plan.target)}"]
    lines += _components(plan)
    lines += _steps(plan, width)
    lines += _changes(plan, width, colour)
    lines += _kept(plan, width)
    for warning in plan.warnings:
        lines += folded(f"warning: {warning}", width, rest="  ")
    lines += _refusals(plan, width)
    return "\n".join([*lines, "", *folded(_meaning(plan), width)])


def show_nodes(desired: Desired, *, width: int = 80) -> str:
    """The nodes as the files have them."""
    lines = [f"cluster {desired.cluster_name}: {count(len(desired.nodes), 'node')}"]
    for node in desired.nodes:
        lines += ["", *_node(node, width)]
    for warning in desired.warnings:
        lines += folded(f"warning: {warning}", width, rest="  ")
    return "\n".join(lines)


def _node(node: DesiredNode, width: int) -> Iterator[str]:
    yield f"{node.hostname}  {node.role.value}  Talos {node.talos_version}  Kubernetes {node.kubernetes_version}"
    yield from folded(f"addresses: {', '.join(node.addresses)}", width, first="  ", rest="    ")
    yield f"  {clean(str(node.installer))}"
    yield from folded(f"config: {node.config_file}", width, first="  ", rest="    ")


def _steps(plan: Plan, width: int) -> Iterator[str]:
    if plan.steps:
        yield ""
        do = "upgrade" if plan.aim is Aim.UPGRADE else "do"
        verb = f"would {do}, were it not refused" if plan.refusals else f"to {do}, one after the other"
        yield f"{verb} ({len(plan.steps)}):"
    for number, node in enumerate(plan.steps, 1):
        match node:
            case UpgradeNode():
                yield from _upgrade(number, node, width)
            case ApplyNode():
                yield from _apply(number, node, width)
            case UpgradeKubernetes():
                yield from _hop(number, node, width)


def by_talosctl(hop: UpgradeKubernetes) -> str:
    return f"talosctl {hop.talosctl or 'of none'} asks {hop.hostname}"


def _components(plan: Plan) -> Iterator[str]:
    for hop in plan.hops[:1]:
        yield ""
        yield "what runs now:"
        yield from (clean(line) for line in table(hop.nodes))


def _hop(number: int, hop: UpgradeKubernetes, width: int) -> Iterator[str]:
    yield f"{number:>3}. Kubernetes {hop.from_version} to {hop.version}"
    yield from folded(f"why: {'; '.join(hop.why)}", width, first=UNDER, rest=f"{UNDER}  ")
    if hop.talosctl is not None:
        yield f"{UNDER}{by_talosctl(hop)}"
    for warning in hop.warnings:
        yield from folded(f"warning: {warning}", width, first=UNDER, rest=f"{UNDER}  ")


def _apply(number: int, node: ApplyNode, width: int) -> Iterator[str]:
    yield f"{number:>3}. {node.hostname}  {node.role.value}  {MODES[node.mode]}"
    yield from folded(f"why: {'; '.join(node.why)}", width, first=UNDER, rest=f"{UNDER}  ")
    for warning in node.warnings:
        yield from folded(f"warning: {warning}", width, first=UNDER, rest=f"{UNDER}  ")


def _changes(plan: Plan, width: int, colour: bool) -> Iterator[str]:
    """Each once, with the nodes that get it. Redacted where the plan was made."""
    drifts = [NodeDrift(hostname=step.hostname, changes=step.changes) for step in plan.steps if step.changes]
    for block in blocks(drifts):
        yield ""
        yield from folded(f"config of {names(block.hostnames)}:", width, rest="  ")
        yield from show_changes(block.changes, width=width, colour=colour)


def _upgrade(number: int, node: UpgradeNode, width: int) -> Iterator[str]:
    yield f"{number:>3}. {node.hostname}  {node.role.value}  {node.from_version} to {node.version}"
    yield from folded(f"why: {'; '.join(node.why)}", width, first=UNDER, rest=f"{UNDER}  ")
    yield f"{UNDER}{clean(node.image)}"
    for warning in node.warnings:
        yield from folded(f"warning: {warning}", width, first=UNDER, rest=f"{UNDER}  ")


def _kept(plan: Plan, width: int) -> Iterator[str]:
    if plan.kept:
        yield ""
        yield f"left alone ({len(plan.kept)}):"
    for node in plan.kept:
        yield from folded(f"{node.hostname}: {node.why}", width, first=UNDER, rest=f"{UNDER}  ")


def _refusals(plan: Plan, width: int) -> Iterator[str]:
    if plan.refusals:
        yield ""
        yield "REFUSED, for these reasons:"
    for hostnames, refusal in alike(plan.refusals):
        where = f"{names(hostnames)}: " if hostnames else ""
        yield from folded(f"- {where}{refusal.what}", width, first="  ", rest="    ")
        if refusal.hint:
            yield f"    next: {clean(refusal.hint)}"


def _meaning(plan: Plan) -> str:
    if plan.refusals:
        return "Refused: nothing will be done while a reason above stands."
    if not plan.steps:
        return "Nothing to do."
    if plan.hops:
        touched = sum(1 for node in plan.hops[0].nodes if node.behind(plan.target))
        if not touched:
            return "talosctl goes over every component once more, finds nothing to do there, and applies the manifests."
        return (
            f"{count(touched, 'node')} will be taken there, component by component, one node after the other. "
            "No node reboots, and nothing is drained; each kube-apiserver and kubelet restarts."
        )
    down, up = sum(map(goes_down, plan.steps)), sum(not goes_down(step) for step in plan.steps)
    if down:
        words = f"{count(down, 'node')} will reboot, one at a time, each only while every gate is open."
        again = any(step.carries is Carries.AFTER for step in plan.upgrades)
        words += " A config that is applied after an upgrade may take a second reboot." if again else ""
        return f"{words} {count(up, 'more node')} will not." if up else words
    if all(step.mode is ApplyMode.STAGED for step in plan.applies):
        return f"{count(up, 'node')} will not be disturbed: the next boot of each takes its new config."
    return f"{count(up, 'node')} will take a new config, one at a time, and not reboot."
