"""`talops sandbox …`: a practice cluster on loopback, for talosctl, kubectl and talops as they are."""

import sys
from collections.abc import Mapping
from pathlib import Path

import typer

from talops.cli import acting, options
from talops.cli.app import SETTINGS
from talops.domain.sandbox import SandboxStatus
from talops.errors import UsageError
from talops.wiring import sandbox

app = typer.Typer(help="A practice cluster on this machine, for talosctl, kubectl and talops.", **SETTINGS)
TOGETHER = "talops sandbox fault --list"


@app.command()
def up(
    context: typer.Context,
    name: options.SandboxName = "",
    example: options.Example = False,
    start: options.Start = None,
    kubernetes: options.SandboxKubernetes = None,
    speed: options.Speed = 10.0,
    seed: options.Seed = 0,
    fault: options.SandboxFaults = None,
    foreground: options.Foreground = False,
) -> None:
    """Start a practice cluster, built from your files.

    It lives on until `talops sandbox down`, and only this machine can reach it.
    """
    if not example and not sandbox.has_files(context.obj):
        typer.echo("there is no talconfig.yaml here: this is the example cluster")
        example = True
    wish = sandbox.SandboxWish(
        name=name,
        example=example,
        start=start,
        kubernetes=kubernetes,
        speed=speed,
        seed=seed,
        faults=tuple(fault or ()),
        detached=not foreground,
    )
    try:
        with sandbox.up(context.obj, wish) as status:
            _show(status)
            sys.stdout.flush()
    except KeyboardInterrupt:
        # that is how one in the foreground is ended
        if not foreground:
            raise


@app.command()
def status(name: options.SandboxName = "", json: options.AsJson = False) -> None:
    """Its nodes, boot slots and faults, and where its configs are."""
    found = sandbox.status(name)
    if json:
        acting.echo_json(found)
    else:
        _show(found)


@app.command()
def fault(
    faults: options.FaultsToBegin = None, name: options.SandboxName = "", listed: options.ListSandboxFaults = False
) -> None:
    """Break something while it runs.

    NAME happens to the cluster, NAME@NODE to one node.
    """
    if listed:
        acting.echo_faults(sandbox.fault_summaries())
        return
    if not faults:
        raise UsageError("no fault is named", hint=TOGETHER)
    _tell_faults(sandbox.begin(name, faults))


@app.command()
def mend(faults: options.FaultsToEnd = None, name: options.SandboxName = "") -> None:
    """Let faults end, or all of them.

    What they held up goes on.
    """
    _tell_faults(sandbox.mend(name, faults or ()))


@app.command()
def down(name: options.SandboxName = "", every: options.Every = False) -> None:
    """Stop it, and leave nothing of it."""
    ended = sandbox.down(name, every=every)
    for one, lived in ended:
        typer.echo(f"sandbox {one}: " + ("stopped" if lived else "it was dead already; what was left of it is gone"))
    if not ended:
        typer.echo("no sandbox is running" + (f" that is called {name}" if name else ""))


@app.command()
def env(name: options.SandboxName = "", shell: options.Dialect = "sh", unset: options.Unset = False) -> None:
    """Print what makes this shell look at it.

    For a shell to read: eval "$(talops sandbox env)", in fish: talops sandbox env --shell fish | source
    """
    if shell not in {"sh", "bash", "zsh", "fish"}:
        raise UsageError(f"--shell: there is no shell {shell}", hint="it is sh, bash, zsh or fish")
    if unset:
        typer.echo("set -e TALOSCONFIG KUBECONFIG" if shell == "fish" else "unset TALOSCONFIG KUBECONFIG")
    else:
        typer.echo(exports(sandbox.environment(name), fish=shell == "fish"))


def exports(variables: Mapping[str, str], *, fish: bool) -> str:
    """For `eval`, whatever characters there are in a path."""
    return "\n".join(
        f"set -gx {name} {_for_fish(value)}" if fish else f"export {name}={_for_sh(value)}"
        for name, value in variables.items()
    )


def _for_sh(value: str) -> str:
    from shlex import quote

    return quote(value)


def _for_fish(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _tell_faults(status: SandboxStatus) -> None:
    on = status["faults"]
    typer.echo(f"sandbox {status['name']}: " + (f"faults: {', '.join(on)}" if on else "no fault is on"))


def _show(status: SandboxStatus) -> None:
    from talops.ui.show_sandbox import show_sandbox

    try:
        here = str(Path.cwd())
    except OSError:
        # a folder that is gone
        here = ""
    typer.echo(show_sandbox(status, here=here, width=acting.width()))
