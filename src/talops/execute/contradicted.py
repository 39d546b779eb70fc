"""A new plan that contradicts what was done in this run, or what was agreed to."""

from talops.domain.event import NodeState
from talops.domain.plan import ApplyNode, PlannedStep, UpgradeKubernetes, UpgradeNode
from talops.errors import Exit
from talops.execute.failure import NodeStopped


def undone(step: PlannedStep) -> NodeStopped:
    """What was proven in this run is to be done once more: somebody, or the node itself, has taken it back."""
    hint = f"talosctl -n {step.address} dmesg | less"
    match step:
        case UpgradeNode():
            what = f"{step.hostname} was upgraded in this run and is no longer at the target"
            return NodeStopped(step.hostname, NodeState.ROLLED_BACK, what, hint=hint)
        case ApplyNode():
            what = f"{step.hostname} was given its config in this run and has another one again"
            return NodeStopped(step.hostname, NodeState.NOT_TAKEN, what, hint=hint)
        case UpgradeKubernetes():
            what = f"{step.name} ran everywhere in this run, and does not any more"
            return NodeStopped("", NodeState.BEHIND, what, hint="kubectl get pods -n kube-system -o wide")


def not_agreed(step: ApplyNode, again: str) -> NodeStopped:
    """What was agreed to as live is not rebooted, and neither is what was not in the plan."""
    return NodeStopped(
        step.hostname,
        NodeState.NOT_STARTED,
        f"{step.hostname} needs a reboot for its config, which was not in the plan that was agreed to",
        hint=f"run `{again}` again: it plans anew",
        exit=Exit.REFUSED,
    )
