"""What `install cni` and its rehearsal share."""

from contextlib import AbstractContextManager
from pathlib import Path

import typer

from talops.cli import acting
from talops.domain.cni import CniPlan, Found
from talops.domain.context import Output
from talops.domain.words import count
from talops.errors import Exit
from talops.files.cni.find import TalosOwn
from talops.wiring import Stage
from talops.wiring.installing import CniWish, found_in, install_cni, plan_cni


def look_first(repo: Path, wanted: CniWish) -> Found:
    """What is wrong with the files is said before a cluster is asked; ends where there is nothing to install."""
    try:
        return found_in(repo, wanted)
    except TalosOwn as own:
        typer.echo(f"Nothing to install: {own}.")
        raise typer.Exit from None


def show_plan(stage: AbstractContextManager[Stage], wanted: CniWish, repo: Path, *, output: str | None) -> None:
    """Print what would be changed, and end with the exit code."""
    form = acting.chosen_output(output)
    found = look_first(repo, wanted)
    with stage as live, acting.looking(live):
        plan = plan_cni(live, wanted, found, repo)
    if form is Output.JSON:
        from talops.domain.cni_json import cni_plan_to_json

        acting.echo_json(cni_plan_to_json(plan))
    else:
        from talops.ui.show_cni import show_cni_plan

        typer.echo(show_cni_plan(plan, live.desired.cluster_name, width=acting.width()))
    raise typer.Exit(plan_exit(plan))


def plan_exit(plan: CniPlan) -> Exit:
    if plan.refusals:
        return Exit.REFUSED
    return Exit.PENDING if plan.pending or plan.lacks else Exit.DONE


def install(
    stage: AbstractContextManager[Stage],
    wanted: CniWish,
    repo: Path,
    *,
    yes: bool,
    output: str | None,
    show_commands: bool,
) -> None:
    """Run it and end with its exit code."""
    form = acting.chosen_output(output)
    found = look_first(repo, wanted)

    def confirm(plan: CniPlan) -> bool:
        return acting.ask(f"Apply {count(len(plan.pending), 'object')}?", yes=yes)

    with stage as live:
        raise typer.Exit(
            install_cni(live, wanted, found, repo, confirm=confirm, output=form, show_commands=show_commands)
        )
