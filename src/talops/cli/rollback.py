"""`talops rollback NODE`."""

import typer

from talops import wiring
from talops.cli import acting, options
from talops.cli.app import SETTINGS

app = typer.Typer(**SETTINGS)


@app.command()
def rollback(
    context: typer.Context,
    node: options.Node,
    accept_downtime: options.AcceptDowntime = None,
    yes: options.Yes = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
) -> None:
    """Boot a node's previous Talos again, with the same care as an upgrade."""
    acting.must_answer(yes=yes, look="talops status")
    stage = wiring.live(context.obj)
    acting.rollback(stage, node, accept_downtime, yes=yes, output=output, show_commands=show_commands)
