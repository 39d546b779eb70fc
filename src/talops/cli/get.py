"""`talops get …`."""

import typer

from talops import wiring
from talops.cli import acting, options
from talops.cli.app import SETTINGS

app = typer.Typer(help="What a node has, as text.", **SETTINGS)


@app.callback()
def get() -> None:
    """What a node has, as text."""


@app.command("machineconfig")
@app.command("mc", hidden=True)
def machineconfig(context: typer.Context, node: options.Node, show_secrets: options.ShowSecrets = False) -> None:
    """The machine config that a node runs with, as YAML; without its secrets, unless asked for."""
    from talops.wiring.configs import machine_config

    with wiring.live(context.obj, kube_needed=False) as stage, acting.looking(stage):
        held = machine_config(stage, node, show_secrets=show_secrets)
    if held.active is not None:
        typer.echo(held.active.text, nl=not held.active.text.endswith("\n"))
    if held.staged:
        typer.echo(f"talops: another config is staged on {node}: it applies at its next boot", err=True)
        typer.echo(f"  next: talops diff {node}", err=True)
