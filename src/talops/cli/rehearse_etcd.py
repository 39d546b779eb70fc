"""`talops rehearse etcd …`."""

import typer

from talops import wiring
from talops.cli import options, rehearse_etcd_change, seeing
from talops.cli.app import SETTINGS

app = typer.Typer(help="etcd of the embedded cluster.", **SETTINGS)


@app.callback()
def etcd() -> None:
    """etcd of the embedded cluster."""


@app.command()
def status(
    context: typer.Context,
    json: options.AsJson = False,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `etcd status`."""
    seeing.status(wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed), json=json)


@app.command()
def members(
    context: typer.Context,
    json: options.AsJson = False,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `etcd members`."""
    seeing.members(wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed), json=json)


@app.command()
def alarms(
    context: typer.Context,
    disarm: options.Disarm = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
    json: options.AsJson = False,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `etcd alarms`, and with `--disarm` to disarm them."""
    if disarm:
        form = "json" if json else output
        stage = wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed, at_target=True)
        rehearse_etcd_change.disarm(stage, show_commands=show_commands, output=form)
    seeing.alarms(wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed), json=json)


rehearse_etcd_change.add_to(app)
