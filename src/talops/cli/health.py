"""`talops health`."""

import typer

from talops import wiring
from talops.cli import acting, options
from talops.cli.app import SETTINGS
from talops.errors import Exit

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.command()
def health(context: typer.Context, json: options.AsJson = False) -> None:
    """What is wrong with the cluster, worst first, each with the next command. Exit 0 nothing is, 4 something."""
    from talops.ui.show_health import health_to_json, show_health
    from talops.wiring.health import health as looked_at

    with wiring.live(context.obj, kube_needed=False) as stage, acting.looking(stage):
        found = looked_at(stage)
    if json:
        acting.echo_json(health_to_json(found))
    else:
        typer.echo(show_health(found, width=acting.width(), colour=acting.colourful()))
    raise typer.Exit(Exit.DONE if found.well else Exit.GATE)
