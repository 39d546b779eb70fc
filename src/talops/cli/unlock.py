"""`talops unlock`."""

import typer

from talops import wiring
from talops.cli import acting, options
from talops.cli.app import SETTINGS

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.command()
def unlock(context: typer.Context, yes: options.Yes = False) -> None:
    """Take the Lease away from a run that is gone. Only when you know that it is."""
    acting.must_answer(yes=yes, look="talops status")
    typer.echo(wiring.unlock(context.obj, confirm=lambda question: acting.ask(question, yes=yes)))
