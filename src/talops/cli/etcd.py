"""`talops etcd …`; it works without Kubernetes."""

import typer

from talops import wiring
from talops.cli import etcd_change, options, seeing
from talops.cli.app import SETTINGS

app = typer.Typer(help="etcd of the cluster: its members, as every control plane sees them.", **SETTINGS)


@app.callback()
def etcd() -> None:
    """etcd of the cluster: its members, as every control plane sees them."""


@app.command()
def status(context: typer.Context, json: options.AsJson = False) -> None:
    """Every member as every control plane sees it, and the quorum. Exit 0 healthy, 4 not, 5 nobody answers."""
    seeing.status(wiring.live(context.obj, kube_asked=False), json=json)


@app.command()
def members(context: typer.Context, json: options.AsJson = False) -> None:
    """Who the members are, on which nodes, and whether they answer. Exit 0 healthy, 4 not, 5 nobody answers."""
    seeing.members(wiring.live(context.obj, kube_asked=False), json=json)


@app.command()
def alarms(
    context: typer.Context,
    disarm: options.Disarm = False,
    yes: options.Yes = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
    json: options.AsJson = False,
) -> None:
    """The alarms that etcd has raised. Exit 0 none, 4 there are some, 5 nobody answers."""
    if disarm:
        etcd_change.disarm(context, yes=yes, show_commands=show_commands, output="json" if json else output)
    seeing.alarms(wiring.live(context.obj, kube_asked=False), json=json)


etcd_change.add_to(app)
