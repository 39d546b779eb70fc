"""What `upgrade k8s` and its rehearsal share."""

from contextlib import AbstractContextManager

import typer

from talops.cli import acting
from talops.domain.plan import Plan
from talops.domain.words import count
from talops.wiring import Stage
from talops.wiring.upgrading_kubernetes import KubernetesWish, plan_kubernetes, upgrade_kubernetes


def show_plan(stage: AbstractContextManager[Stage], wish: KubernetesWish, *, json: bool) -> None:
    """Print what runs, the hops and what forbids them, and end with the exit code."""
    with stage as live, acting.looking(live):
        plan = plan_kubernetes(live, wish)
    acting.echo_plan(plan, live.desired, json=json)


def upgrade(
    stage: AbstractContextManager[Stage], wish: KubernetesWish, *, yes: bool, output: str | None, show_commands: bool
) -> None:
    """Run it and end with its exit code."""
    form = acting.chosen_output(output)

    def confirm(plan: Plan) -> bool:
        return acting.ask(question(plan), yes=yes)

    with stage as live:
        raise typer.Exit(upgrade_kubernetes(live, wish, confirm=confirm, output=form, show_commands=show_commands))


def question(plan: Plan) -> str:
    """What a person is asked about a plan that is on the screen."""
    first, *more = plan.hops
    if not any(node.behind(plan.target) for node in first.nodes):
        return f"Finish the upgrade to Kubernetes {plan.target}?"
    nodes = count(sum(1 for node in first.nodes if node.behind(plan.target)), "node")
    by_way = f", by way of {', '.join(str(hop.version) for hop in plan.hops[:-1])}" if more else ""
    return f"Upgrade Kubernetes from {first.from_version} to {plan.target} on {nodes}{by_way}?"
