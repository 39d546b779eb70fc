"""`talops doctor`."""

import typer

from talops.cli import acting, options
from talops.cli.app import SETTINGS
from talops.errors import Exit

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.command()
def doctor(context: typer.Context, offline: options.Offline = False, json: options.AsJson = False) -> None:
    """Whether everything is there that talops needs: tools, keys, configs, permissions.

    Exit 0 when nothing is bad, 5 when something is. `--offline` asks no cluster, as in CI.
    """
    from talops.ui.show_doctor import doctor_to_json, show_doctor
    from talops.wiring.doctor import diagnose

    diagnosis = diagnose(context.obj, offline=offline)
    if json:
        acting.echo_json(doctor_to_json(diagnosis))
    else:
        typer.echo(show_doctor(diagnosis, width=acting.width()))
    raise typer.Exit(Exit.DONE if diagnosis.healthy else Exit.FAILED)
