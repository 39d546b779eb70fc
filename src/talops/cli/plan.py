"""`talops plan`."""

import typer

from talops import wiring
from talops.cli import acting, options
from talops.cli.app import SETTINGS

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.command()
def plan(
    context: typer.Context,
    only: options.Only = None,
    skip_node: options.SkipNode = None,
    accept_downtime: options.AcceptDowntime = None,
    json: options.AsJson = False,
) -> None:
    """What `upgrade all` would do now, in which order and why. Exit 3 something to do, 0 nothing, 9 refused."""
    wanted = acting.wish(only, skip_node, accept_downtime)
    acting.show_plan(wiring.live(context.obj), wanted, context.obj.repo, json=json)
