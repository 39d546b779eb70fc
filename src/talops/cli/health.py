"""`talops health`."""

import typer

from talops import wiring
from talops.cli import acting, options
from talops.cli.app import SETTINGS

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.command()
def health(context: typer.Context, json: options.AsJson = False) -> None:
    """What is wrong with the cluster, worst first, each with the next command. Exit 0 nothing is, 4 something."""
    acting.show_health(wiring.live(context.obj, kube_needed=False), json=json)
