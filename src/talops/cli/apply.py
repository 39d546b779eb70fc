"""`talops apply`."""

import typer

from talops import wiring
from talops.cli import acting, applying, options
from talops.cli.app import SETTINGS
from talops.domain.context import Output

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.command()
def apply(
    context: typer.Context,
    nodes: options.Nodes = None,
    skip_node: options.SkipNode = None,
    accept_downtime: options.AcceptDowntime = None,
    stage: options.StageOnly = False,
    yes: options.Yes = False,
    plan: options.JustPlan = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
) -> None:
    """Give nodes the config of the files, one at a time: live where Talos takes it so, else drained and rebooted."""
    wanted = applying.wish(nodes, skip_node, accept_downtime, stage=stage)
    live = wiring.live(context.obj)
    if plan:
        json = acting.chosen_output(output) is Output.JSON
        applying.show_plan(live, wanted, context.obj.repo, json=json)
    acting.must_answer(yes=yes, look=f"{wanted.command} --plan")
    applying.apply(live, wanted, context.obj.repo, yes=yes, output=output, show_commands=show_commands)
