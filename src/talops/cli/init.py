"""`talops init`."""

import sys

import typer

from talops.cli import options
from talops.cli.app import SETTINGS
from talops.cli.starting import start_repository
from talops.errors import UsageError

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.command()
def init(
    context: typer.Context,
    folder: options.NewFolder = None,
    new: options.New = None,
    update: options.Update = False,
    offline: options.Offline = False,
) -> None:
    """Install the external tools that this cluster needs, as talops.lock names them. Needs no root.

    Without talops.lock the versions come from talconfig.yaml and from the nodes, as far as they answer, and it is
    written. Exit 3 when it no longer fits the files, 5 when a tool could not be installed.

    With --new it begins the repository of a new cluster in DIR, or in a folder of that name: files, key and secrets.
    """
    from talops.ui.show_init import Bars, Lines
    from talops.wiring.tools import InitWish, init

    if folder is not None and new is None:
        what = f"{folder}: talops init names a folder only for a new repository"
        raise UsageError(what, hint=f"talops -C {folder} init   # or for a new one: talops init --new NAME {folder}")
    if new is not None and update:
        raise UsageError("--update is for a repository that there is", hint=f"talops init --new {new}")
    with Bars() if sys.stderr.isatty() else Lines() as watcher:
        if new is not None:
            start_repository(context.obj, new, folder, watcher, offline=offline)
            return
        ended = init(context.obj, InitWish(update=update, offline=offline), watcher)
    raise typer.Exit(ended)
