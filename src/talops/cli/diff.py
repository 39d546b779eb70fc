"""`talops diff`."""

import typer

from talops import wiring
from talops.cli import acting, options
from talops.cli.app import SETTINGS
from talops.domain.talos import Unknown
from talops.errors import Exit

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.command()
def diff(context: typer.Context, nodes: options.Nodes = None, json: options.AsJson = False) -> None:
    """What the nodes have against what the files want, without secrets. Exit 0 the same, 3 not, 5 a node not read."""
    from talops.wiring.configs import drifts, named

    only = tuple(nodes or ())
    with wiring.live(context.obj, kube_needed=False) as stage:
        named(stage.desired, only)
        with acting.looking(stage):
            found = drifts(stage, context.obj.repo, only)
    cluster = stage.desired.cluster_name
    if json:
        from talops.ui.show_diff_json import diff_to_json

        acting.echo_json(diff_to_json(found, cluster=cluster))
    else:
        from talops.ui.show_diff import show_diff

        typer.echo(show_diff(found, cluster=cluster, only=only, width=acting.width(), colour=acting.colourful()))
    if any(isinstance(drift.changes, Unknown) for drift in found):
        raise typer.Exit(Exit.FAILED)
    raise typer.Exit(Exit.PENDING if any(drift.drifts for drift in found) else Exit.DONE)
