"""The commands of `talops etcd` that change it, or save it."""

from typing import Annotated

import typer

from talops import wiring
from talops.cli import acting, options
from talops.cli.etcd_acting import answers, nobody_answers, wish

Member = Annotated[str, typer.Argument(metavar="MEMBER", help="A node, a member's name, its address or its ID.")]
Members = Annotated[list[str] | None, typer.Argument(metavar="[MEMBER]...", help="Default: all, the leader last.")]
File = Annotated[str, typer.Argument(metavar="[FILE]", help="Default: etcd-CLUSTER-TIME.db, in this folder.")]


def snapshot(
    context: typer.Context,
    file: File = "",
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
) -> None:
    """Save etcd into a file that is checked, for you alone, and never over another one."""
    from talops.wiring.changing_etcd import snapshot as run

    wanted = wish("snapshot", *([file] if file else []), snapshot=file, output=output, show_commands=show_commands)
    with wiring.live(context.obj, kube_asked=False) as stage:
        raise typer.Exit(run(stage, wanted))


def remove_member(
    context: typer.Context,
    member: Member,
    snapshot: options.SnapshotFile = "",
    yes: options.Yes = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
) -> None:
    """Take a dead member out of etcd: after a snapshot, and only if quorum is kept."""
    from talops.wiring.changing_etcd import remove_member as run

    acting.must_answer(yes=yes, look="talops etcd status")
    wanted = wish("remove-member", member, snapshot=snapshot, output=output, show_commands=show_commands)
    with wiring.live(context.obj) as stage:
        raise typer.Exit(run(stage, wanted, member, answers(yes=yes)))


def forfeit_leadership(
    context: typer.Context,
    member: Member,
    yes: options.Yes = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
) -> None:
    """Let another member lead etcd."""
    from talops.wiring.changing_etcd import forfeit_leadership as run

    acting.must_answer(yes=yes, look="talops etcd status")
    wanted = wish("forfeit-leadership", member, output=output, show_commands=show_commands)
    with wiring.live(context.obj) as stage:
        raise typer.Exit(run(stage, wanted, member, answers(yes=yes)))


def defrag(
    context: typer.Context,
    members: Members = None,
    accept_downtime: options.AcceptDowntime = None,
    yes: options.Yes = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
) -> None:
    """Give free space of the database back to the disk: one member at a time, the leader last."""
    from talops.wiring.changing_etcd import defragment as run

    acting.must_answer(yes=yes, look="talops etcd status")
    named = tuple(members or ())
    wanted = wish("defrag", *named, accept=accept_downtime, output=output, show_commands=show_commands)
    with wiring.live(context.obj) as stage:
        raise typer.Exit(run(stage, wanted, named, answers(yes=yes)))


def recover(
    context: typer.Context,
    snapshot: options.SnapshotFile = "",
    yes: options.Yes = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
) -> None:
    """Name what is wrong with etcd, say what to type and why, and take a dead member's replacement in."""
    from talops.wiring.changing_etcd import recover as run

    confirm = None if nobody_answers(yes=yes) else answers(yes=yes)
    wanted = wish("recover", snapshot=snapshot, output=output, show_commands=show_commands)
    with wiring.live(context.obj, kube_needed=False) as stage:
        raise typer.Exit(run(stage, wanted, confirm))


def disarm(context: typer.Context, *, yes: bool, show_commands: bool, output: str | None) -> None:
    """`talops etcd alarms --disarm`."""
    from talops.wiring.changing_etcd import disarm as run

    acting.must_answer(yes=yes, look="talops etcd alarms")
    wanted = wish("alarms", "--disarm", output=output, show_commands=show_commands)
    with wiring.live(context.obj) as stage:
        raise typer.Exit(run(stage, wanted, answers(yes=yes)))


def add_to(app: typer.Typer) -> None:
    """Beside the commands that only look."""
    app.command("snapshot")(snapshot)
    app.command("remove-member")(remove_member)
    app.command("forfeit-leadership")(forfeit_leadership)
    app.command("defrag")(defrag)
    app.command("recover")(recover)
