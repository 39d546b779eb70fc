"""The root command. Subcommands are listed from the table and imported when they are run."""

from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from talops import __version__
from talops.cli import options
from talops.cli.table import below
from talops.domain.context import Context

SETTINGS: dict[str, Any] = {
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "add_completion": False,
    "no_args_is_help": True,
    "context_settings": {"help_option_names": ["--help", "-h"]},
}
"""For every typer.Typer of talops. Any: they are the keyword arguments of another library."""


class LazyGroup(TyperGroup):
    """Knows its commands by name and help; the module of one is imported when it is called."""

    def __init__(self, **attrs: Any) -> None:  # passed through
        super().__init__(**attrs)
        for name, entry in below(()).items():
            self.commands[name] = TyperCommand(name, help=entry.help, hidden=entry.hidden)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # typer's click is private
        name, stub, rest = super().resolve_command(ctx, args)
        if stub is None or name is None:
            return name, stub, rest
        module = import_module(f"talops.cli.{below(())[name].module}")
        found = typer.main.get_command(getattr(module, "ALIASES", {}).get(name, module.app))
        found.name = name
        return name, found, rest


root = typer.Typer(cls=LazyGroup, **{**SETTINGS, "invoke_without_command": True})


@root.callback(epilog="The global options may stand after the command, too.")
def main(
    context: typer.Context,
    repo: options.Repo = ".",
    talosconfig: options.Talosconfig = None,
    kubeconfig: options.Kubeconfig = None,
    talos_context: options.TalosContext = None,
    kube_context: options.KubeContext = None,
    version: options.Version = False,
    show_completion: options.ShowCompletion = None,
    install_completion: options.InstallCompletion = None,
) -> None:
    """Safe day-2 operations for Kubernetes on Talos Linux."""
    if version:
        typer.echo(f"talops {__version__}")
        raise typer.Exit
    if show_completion or install_completion:
        from talops.cli import shells

        typer.echo(shells.script(show_completion) if show_completion else shells.install(install_completion or ""))
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.fail("Missing command.")
    context.obj = Context(
        repo=Path(repo),
        talosconfig=talosconfig,
        kubeconfig=kubeconfig,
        context=talos_context,
        kube_context=kube_context,
    )


def command() -> Any:  # typer's click is private
    """The command to run."""
    return typer.main.get_command(root)
