"""`talops upgrade all`, and its alias."""

import typer

from talops import wiring
from talops.cli import acting, options
from talops.cli.app import SETTINGS
from talops.domain.context import Output

app = typer.Typer(help="Upgrade the cluster.", **SETTINGS)
alias = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.callback()
def upgrade() -> None:
    """Upgrade the cluster."""


@app.command("all")
@alias.command("upgrade-all")
def all_nodes(
    context: typer.Context,
    only: options.Only = None,
    skip_node: options.SkipNode = None,
    accept_downtime: options.AcceptDowntime = None,
    with_config: options.WithConfig = False,
    yes: options.Yes = False,
    plan: options.JustPlan = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
) -> None:
    """Take every node to the Talos release of the files, one at a time, each between open gates."""
    wanted = acting.wish(only, skip_node, accept_downtime, with_config=with_config)
    repo = context.obj.repo
    if plan:
        acting.show_plan(wiring.live(context.obj), wanted, repo, json=acting.chosen_output(output) is Output.JSON)
    acting.must_answer(yes=yes, look=f"{wanted.command} --plan" if with_config else "talops plan")
    acting.upgrade_all(wiring.live(context.obj), wanted, repo, yes=yes, output=output, show_commands=show_commands)
