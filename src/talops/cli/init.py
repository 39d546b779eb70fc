"""`talops init`."""

import sys

import typer

from talops.cli import options
from talops.cli.app import SETTINGS

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.command()
def init(context: typer.Context, update: options.Update = False, offline: options.Offline = False) -> None:
    """Install the external tools that this cluster needs, as talops.lock names them. Needs no root.

    Without talops.lock the versions come from talconfig.yaml and from the nodes, as far as they answer, and it is
    written. Exit 3 when it no longer fits the files, 5 when a tool could not be installed.
    """
    from talops.ui.show_init import Bars, Lines
    from talops.wiring.tools import InitWish, init

    with Bars() if sys.stderr.isatty() else Lines() as watcher:
        ended = init(context.obj, InitWish(update=update, offline=offline), watcher)
    raise typer.Exit(ended)
