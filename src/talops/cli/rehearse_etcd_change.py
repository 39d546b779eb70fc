"""`talops rehearse etcd …`: the commands that change it, on an embedded cluster. Nothing is asked."""

from contextlib import AbstractContextManager

import typer

from talops import wiring
from talops.cli import options
from talops.cli.etcd_acting import answers, wish
from talops.cli.etcd_change import File, Member, Members
from talops.wiring import Stage


def snapshot(
    context: typer.Context,
    file: File = "",
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `etcd snapshot`: the file is made, checked, and gone at the end."""
    from talops.wiring.changing_etcd import snapshot as run

    wanted = wish("snapshot", *([file] if file else []), snapshot=file, output=output, show_commands=show_commands)
    with wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed, at_target=True) as stage:
        raise typer.Exit(run(stage, wanted))


def remove_member(
    context: typer.Context,
    member: Member,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `etcd remove-member`."""
    from talops.wiring.changing_etcd import remove_member as run

    wanted = wish("remove-member", member, output=output, show_commands=show_commands)
    with wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed, at_target=True) as stage:
        raise typer.Exit(run(stage, wanted, member, answers(yes=True)))


def forfeit_leadership(
    context: typer.Context,
    member: Member,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `etcd forfeit-leadership`."""
    from talops.wiring.changing_etcd import forfeit_leadership as run

    wanted = wish("forfeit-leadership", member, output=output, show_commands=show_commands)
    with wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed, at_target=True) as stage:
        raise typer.Exit(run(stage, wanted, member, answers(yes=True)))


def defrag(
    context: typer.Context,
    members: Members = None,
    accept_downtime: options.AcceptDowntime = None,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `etcd defrag`."""
    from talops.wiring.changing_etcd import defragment as run

    named = tuple(members or ())
    wanted = wish("defrag", *named, accept=accept_downtime, output=output, show_commands=show_commands)
    with wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed, at_target=True) as stage:
        raise typer.Exit(run(stage, wanted, named, answers(yes=True)))


def recover(
    context: typer.Context,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `etcd recover`: with `--fault control-plane-replaced@NODE` the whole story."""
    from talops.wiring.changing_etcd import recover as run

    wanted = wish("recover", output=output, show_commands=show_commands)
    with wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed, at_target=True) as stage:
        raise typer.Exit(run(stage, wanted, answers(yes=True)))


def disarm(stage: AbstractContextManager[Stage], *, show_commands: bool, output: str | None) -> None:
    """`talops rehearse etcd alarms --disarm`."""
    from talops.wiring.changing_etcd import disarm as run

    wanted = wish("alarms", "--disarm", output=output, show_commands=show_commands)
    with stage as found:
        raise typer.Exit(run(found, wanted, answers(yes=True)))


def add_to(app: typer.Typer) -> None:
    """Beside the rehearsals of the commands that only look."""
    app.command("snapshot")(snapshot)
    app.command("remove-member")(remove_member)
    app.command("forfeit-leadership")(forfeit_leadership)
    app.command("defrag")(defrag)
    app.command("recover")(recover)
