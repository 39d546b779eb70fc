"""What the commands that change etcd share with their rehearsals."""

import sys

import typer

from talops import wiring
from talops.cli import acting
from talops.execute.etcd import Confirm
from talops.wiring.changing_etcd import EtcdWish


def wish(
    *words: str,
    snapshot: str = "",
    accept: list[str] | None = None,
    output: str | None,
    show_commands: bool,
) -> EtcdWish:
    """Raises UsageError."""
    return EtcdWish(
        words=words,
        snapshot=snapshot,
        accept_downtime=acting.wish(None, None, accept).accept_downtime,
        output=acting.chosen_output(output),
        show_commands=show_commands,
    )


def nobody_answers(*, yes: bool) -> bool:
    return not yes and not (sys.stdin.isatty() and sys.stdout.isatty())


def answers(*, yes: bool) -> Confirm:
    """What cannot be undone is agreed to by typing its name; all else by y. A Ctrl-C or the end of input is a no."""

    def confirm(question: str, name: str) -> bool:
        if not name:
            return acting.ask(question, yes=yes)
        if yes:
            return True
        with wiring.default_signals():
            try:
                typed: str = typer.prompt(f"{question} Type {name} to do it", default="", show_default=False)
            except typer.Abort:
                typer.echo()
                return False
        return typed.strip() == name

    return confirm
