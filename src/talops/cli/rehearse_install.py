"""`talops rehearse install …`."""

import typer

from talops import wiring
from talops.cli import installing, options
from talops.cli.app import SETTINGS
from talops.wiring.installing import CniWish

app = typer.Typer(help="Install on the embedded cluster.", **SETTINGS)


@app.callback()
def install() -> None:
    """Install on the embedded cluster."""


@app.command("cni")
def cni(
    context: typer.Context,
    source: options.CniFrom = "",
    repair: options.Repair = False,
    plan: options.JustPlan = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
    fault: options.Faults = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `install cni`: on an embedded cluster without a CNI, with what the real tools render."""
    wanted, repo = CniWish(source=source, repair=repair), context.obj.repo
    stage = wiring.rehearsal(context.obj, faults=fault or (), start=None, seed=seed, at_target=True, cni=False)
    if plan:
        installing.show_plan(stage, wanted, repo, output=output)
    installing.install(stage, wanted, repo, yes=True, output=output, show_commands=show_commands)
