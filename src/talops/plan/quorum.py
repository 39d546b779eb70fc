"""What a plan means for the cluster as a whole: whose quorum it needs, and whether it is one cluster (laws 4, 13)."""

from collections.abc import Collection, Sequence

from talops.domain.cluster import Desired, Observed, Policy
from talops.domain.machineconfig import ApplyMode
from talops.domain.plan import ApplyNode, PlannedStep, Refusal, UpgradeNode, goes_down
from talops.domain.quorum import losses_borne
from talops.domain.talos import NOT_ASKED, Role, Unknown, Version
from talops.plan.cordons import stranded
from talops.plan.identity import two_clusters

FAIL_CLOSED, QUORUM = 2, 4
ACCEPTED = "etcd"
NEW_CALL = Version.parse("v1.13.0")
"""The first release, of node and of talosctl, that upgrades by LifecycleService."""
RESTARTS_ETCD = "cluster.etcd"
"""A change below it restarts etcd, although its node stays up."""


def of_the_cluster(
    desired: Desired,
    observed: Observed,
    policy: Policy,
    steps: Sequence[PlannedStep],
    refusals: Sequence[Refusal],
    refused_roles: Collection[Role],
    command: str,
) -> list[Refusal]:
    """What concerns more than one node. Control planes that no step touches still have to answer: quorum is theirs.

    `refusals` and `refused_roles` are of single nodes, found before. `command` is the one that makes this plan.
    """
    if not steps and not refusals:
        return two_clusters(desired, observed, ())
    down = [step.hostname for step in steps if goes_down(step)]
    found = [*two_clusters(desired, observed, [step.hostname for step in steps]), *stranded(observed, down)]
    if all(_only_stages(step) for step in steps) and not refusals:
        return found
    found += _silent(desired, observed, {refusal.hostname for refusal in refusals})
    planes = any(map(_takes_etcd_down, steps)) or Role.CONTROL_PLANE in refused_roles
    voters = max(_voters(observed), len(desired.control_planes))
    if planes and not losses_borne(voters) and ACCEPTED not in policy.accept_downtime:
        found.append(_no_quorum(voters, command))
    elif voters == 2:
        upgrades = (step for step in steps if isinstance(step, UpgradeNode))
        found += [_refused_by_the_node(step) for step in upgrades if _by_the_old_call(step, observed)][:1]
    return found


def _only_stages(step: PlannedStep) -> bool:
    return isinstance(step, ApplyNode) and step.mode is ApplyMode.STAGED


def _takes_etcd_down(step: PlannedStep) -> bool:
    if step.role is not Role.CONTROL_PLANE or _only_stages(step):
        return False
    return goes_down(step) or any(change.path.startswith(RESTARTS_ETCD) for change in step.changes)


def _silent(desired: Desired, observed: Observed, named: Collection[str]) -> list[Refusal]:
    refusals = []
    for node in desired.control_planes:
        live = observed.nodes.get(node.hostname)
        gap = live.talos if live is not None else NOT_ASKED
        if isinstance(gap, Unknown) and node.hostname not in named:
            what = f"the control plane {node.hostname} does not answer, so quorum cannot be proven: {gap.reason}"
            hint = f"talosctl -n {node.addresses[0]} version"
            refusals.append(Refusal(law=QUORUM, hostname="", what=what, hint=hint, transient=not gap.forbidden))
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


def _no_quorum(voters: int, command: str) -> Refusal:
    many = "one voter" if voters == 1 else f"{voters} voters"
    return Refusal(
        law=QUORUM,
        hostname="",
        what=f"etcd has {many}: while a control plane reboots there is no quorum, and the Kubernetes API is down",
        hint=f"when that outage is acceptable: {command} --accept-downtime etcd",
    )
