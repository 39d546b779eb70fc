"""What every plan has in common: who is left out, the order, and what concerns the cluster as a whole. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from talops.domain.cluster import Desired, DesiredNode, Observed, ObservedNode, Policy
from talops.domain.plan import Aim, KeepNode, Plan, PlannedStep, Refusal
from talops.domain.talos import NOT_ASKED, Role, TalosNode, Unknown, Version, most_telling
from talops.plan.forecast import forecast, leftovers
from talops.plan.names import check_names
from talops.plan.order import order
from talops.plan.quorum import FAIL_CLOSED, of_the_cluster

COMMANDS = {
    Aim.UPGRADE: "talops upgrade all",
    Aim.APPLY: "talops apply",
    Aim.UPGRADE_WITH_CONFIG: "talops upgrade all --with-config",
}


BY = {Aim.UPGRADE: "--only", Aim.APPLY: "NODE", Aim.UPGRADE_WITH_CONFIG: "--only"}
"""What names the nodes that a plan is about."""


@dataclass(slots=True)
class Draft:
    """What is found node by node, before the cluster as a whole is looked at."""

    steps: list[PlannedStep] = field(default_factory=list)
    kept: list[KeepNode] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    refused_roles: set[Role] = field(default_factory=set)

    def keep(self, node: DesiredNode, why: str) -> None:
        self.kept.append(KeepNode(hostname=node.hostname, role=node.role, why=why))

    def refuse(self, node: DesiredNode, *refusals: Refusal) -> None:
        self.refusals.extend(refusals)
        self.refused_roles.add(node.role)


DraftNode = Callable[[DesiredNode, ObservedNode, str, Draft], None]
"""Puts a node, seen like that and placed there in the order, into the draft: once, and in one of its lists."""


def make_plan(
    desired: Desired,
    observed: Observed,
    policy: Policy,
    draft_node: DraftNode,
    *,
    aim: Aim,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> Plan:
    """Every node of the files is in exactly one of: a step, a kept node, or the refusals that name it.

    Raises UsageError when `only` or `skip` name nodes that there are not, FilesInvalid when the policy does.
    """
    check_names(desired, policy, only, skip, by=BY[aim])
    draft = Draft()
    wanted = frozenset(only)
    left_out = dict.fromkeys(policy.skip, "skipped by talops.yaml") | dict.fromkeys(skip, "skipped (--skip-node)")
    not_wanted = "not among --only" if aim.upgrades else "not among the nodes that were named"
    for placed in order(desired.nodes, observed, policy):
        node = placed.node
        live = observed.nodes.get(node.hostname) or ObservedNode(hostname=node.hostname, talos=NOT_ASKED)
        why_not = left_out.get(node.hostname) or (not_wanted if wanted and node.hostname not in wanted else "")
        if why_not:
            draft.keep(node, _left_out(node, live, why_not))
        else:
            draft_node(node, live, placed.why, draft)
    command = COMMANDS[aim]
    of_all = of_the_cluster(desired, observed, policy, draft.steps, draft.refusals, draft.refused_roles, command)
    refusals = [*of_all, *draft.refusals]
    ahead = forecast(observed) if draft.steps or refusals else ()
    refused = {refusal.hostname for refusal in refusals}
    return Plan(
        target=desired.talos_version,
        steps=tuple(step for step in draft.steps if step.hostname not in refused),
        kept=tuple(kept for kept in draft.kept if kept.hostname not in refused),
        refusals=together(refusals, desired, observed),
        warnings=(*desired.warnings, *leftovers(observed, command), *ahead),
        aim=aim,
    )


def version_of(live: ObservedNode) -> Version | Unknown:
    return live.talos.version if isinstance(live.talos, TalosNode) else live.talos


def unreachable(node: DesiredNode, gap: Unknown) -> Refusal:
    return Refusal(
        law=FAIL_CLOSED,
        hostname=node.hostname,
        what=f"its Talos API does not say what it runs: {gap.reason}",
        hint=f"talosctl -n {node.addresses[0]} version",
        transient=not gap.forbidden,
    )


def _left_out(node: DesiredNode, live: ObservedNode, why: str) -> str:
    version = version_of(live)
    if isinstance(version, Unknown):
        return f"{why}; what it runs is not known"
    return why if version == node.talos_version else f"{why}; it runs {version}"


def together(refusals: Sequence[Refusal], desired: Desired, observed: Observed) -> tuple[Refusal, ...]:
    """When not a single node answers, that is one thing to say and not one for each node."""
    gaps = [node.talos for node in observed.nodes.values() if isinstance(node.talos, Unknown)]
    if not refusals or not gaps or len(gaps) < len(desired.nodes):
        return tuple(refusals)
    told = most_telling(gaps)
    what = f"none of the {len(desired.nodes)} nodes answers on the Talos API: {told.reason}"
    hint = told.hint or "talosctl config info   # is this the right talosconfig, and is the network up?"
    transient = not any(gap.forbidden for gap in gaps)
    return (Refusal(law=FAIL_CLOSED, hostname="", what=what, hint=hint, transient=transient),)
