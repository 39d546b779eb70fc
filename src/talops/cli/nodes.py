"""`talops nodes`."""

import typer

from talops import wiring
from talops.cli import acting, options
from talops.cli.app import SETTINGS

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.command()
def nodes(context: typer.Context, json: options.AsJson = False) -> None:
    """What the files say about each node; needs no cluster."""
    from talops.ui.show import show_nodes
    from talops.ui.show_json import nodes_to_json

    desired = wiring.nodes(context.obj)
    if json:
        acting.echo_json(nodes_to_json(desired))
    else:
        typer.echo(show_nodes(desired, width=acting.width()))
