"""`talops services`."""

import typer

from talops import wiring
from talops.cli import options, seeing
from talops.cli.app import SETTINGS

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.command()
def services(context: typer.Context, nodes: options.Nodes = None, json: options.AsJson = False) -> None:
    """The services of nodes, as Talos runs them. Exit 0 all are well, 4 some are not, 5 no node answers."""
    seeing.services(wiring.live(context.obj, kube_asked=False), nodes or [], json=json)
