"""What `apply` and its rehearsal share."""

from contextlib import AbstractContextManager
from pathlib import Path

import typer

from talops.cli import acting
from talops.domain.plan import Plan
from talops.wiring import Stage
from talops.wiring.applying import ApplyWish, plan_apply
from talops.wiring.applying import apply as run


def wish(nodes: list[str] | None, skip: list[str] | None, accept: list[str] | None, *, stage: bool) -> ApplyWish:
    """Raises UsageError."""
    accepted = acting.wish(None, skip, accept)
    return ApplyWish(
        nodes=tuple(nodes or ()), skip=accepted.skip, accept_downtime=accepted.accept_downtime, stage=stage
    )


def show_plan(stage: AbstractContextManager[Stage], wanted: ApplyWish, repo: Path, *, json: bool) -> None:
    """Print what differs and what would be done about it, and end with the exit code."""
    with stage as live, acting.looking(live):
        plan = plan_apply(live, wanted, repo)
    acting.echo_plan(plan, live.desired, json=json)


def apply(
    stage: AbstractContextManager[Stage],
    wanted: ApplyWish,
    repo: Path,
    *,
    yes: bool,
    output: str | None,
    show_commands: bool,
) -> None:
    """Run it and end with its exit code."""
    form = acting.chosen_output(output)

    def confirm(plan: Plan) -> bool:
        return acting.ask(acting.question(plan), yes=yes)

    with stage as live:
        raise typer.Exit(run(live, wanted, repo, confirm=confirm, output=form, show_commands=show_commands))
