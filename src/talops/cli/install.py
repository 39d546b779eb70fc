"""`talops install cni`, and its alias."""

import typer

from talops import wiring
from talops.cli import acting, installing, options
from talops.cli.app import SETTINGS
from talops.wiring.installing import CniWish

app = typer.Typer(help="Install what a cluster needs before everything else.", **SETTINGS)
alias = typer.Typer(**{**SETTINGS, "no_args_is_help": False})
ALIASES = {"install-cni": alias}


@app.callback()
def install() -> None:
    """Install what a cluster needs before everything else."""


@app.command("cni")
@alias.command("install-cni")
def cni(
    context: typer.Context,
    source: options.CniFrom = "",
    repair: options.Repair = False,
    yes: options.Yes = False,
    plan: options.JustPlan = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
) -> None:
    """Install the CNI that the repository names: apply what differs, and wait until every node has it."""
    wanted, repo = CniWish(source=source, repair=repair), context.obj.repo
    if plan:
        installing.show_plan(wiring.live(context.obj), wanted, repo, output=output)
    acting.must_answer(yes=yes, look=f"{wanted.command} --plan")
    installing.install(wiring.live(context.obj), wanted, repo, yes=yes, output=output, show_commands=show_commands)
