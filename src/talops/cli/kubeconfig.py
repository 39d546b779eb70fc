"""`talops kubeconfig`."""

from typing import Annotated

import typer

from talops import wiring
from talops.cli import acting, options
from talops.cli.app import SETTINGS

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})
File = Annotated[str, typer.Argument(metavar="[FILE]", help="Where to; `-` prints it. Default: kubectl's own.")]


@app.command()
def kubeconfig(context: typer.Context, file: File = "", force: options.Force = False) -> None:
    """Fetch the kubeconfig of an administrator, and merge it into the one that kubectl uses, or into FILE (0600)."""
    from talops.wiring.kubeconfig import STDOUT, fetched, put

    with wiring.live(context.obj, kube_needed=False) as stage, acting.looking(stage):
        content = fetched(stage)
    if file == STDOUT:
        typer.echo(content, nl=not content.endswith("\n"))
        return
    done = put(content, file, force=force)
    typer.echo(f"{'merged into' if done.changed else 'nothing new for'} {done.path}: context {done.context}")
    here = f"kubectl --kubeconfig {done.path}" if file else "kubectl"
    if done.current == done.context:
        typer.echo(f"next: {here} get nodes")
    else:
        typer.echo(f"next: {here} config use-context {done.context}   # now it is {done.current}")
