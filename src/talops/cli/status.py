"""`talops status`."""

import typer

from talops import wiring
from talops.cli import acting, options
from talops.cli.app import SETTINGS

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.command()
def status(context: typer.Context, json: options.AsJson = False) -> None:
    """The live cluster on one screen: nodes, versions, etcd, gates, who holds the Lease. Exit 0 healthy, 4 not."""
    acting.show_status(wiring.live(context.obj), json=json)
