"""What the commands share: who reads, who answers a question, and how results are shown."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import typer

from talops import wiring
from talops.domain.cluster import Desired
from talops.domain.context import Output
from talops.domain.machineconfig import ApplyMode
from talops.domain.plan import Plan, goes_down
from talops.domain.words import count
from talops.errors import Exit, UsageError
from talops.wiring import Stage, Wish

NOBODY = "nobody is there to answer: stdin or stdout is no terminal"


def width() -> int:
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 100


def colourful() -> bool:
    """Whether a person at a terminal wants colours."""
    import os

    return sys.stdout.isatty() and not _dumb() and not os.environ.get("NO_COLOR")


def chosen_output(wanted: str | None) -> Output:
    """Raises UsageError for a form that there is not."""
    if wanted is None:
        return Output.LIVE if sys.stdout.isatty() and not _dumb() else Output.PLAIN
    try:
        return Output(wanted)
    except ValueError:
        forms = ", ".join(form.value for form in Output)
        raise UsageError(f"--output: there is no form {wanted}", hint=f"it is one of {forms}") from None


def _dumb() -> bool:
    import os

    return os.environ.get("TERM", "") in {"dumb", ""}


def wish(
    only: list[str] | None, skip: list[str] | None, accept: list[str] | None, *, with_config: bool = False
) -> Wish:
    """Raises UsageError."""
    for what in accept or ():
        if what != "etcd":
            raise UsageError(f"--accept-downtime: {what} is unknown", hint="it takes `etcd`")
    return Wish(
        only=tuple(only or ()),
        skip=tuple(skip or ()),
        accept_downtime=frozenset(accept or ()),
        with_config=with_config,
    )


def must_answer(*, yes: bool, look: str) -> None:
    """Raises UsageError, before anything is looked at, when a question would find nobody. `look`: what only looks."""
    if not yes and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(NOBODY, hint=f"add --yes to go on without asking, or only look: {look}")


def ask(question: str, *, yes: bool) -> bool:
    """A Ctrl-C or the end of input is a no."""
    if yes:
        return True
    with wiring.default_signals():
        try:
            return typer.confirm(question)
        except typer.Abort:
            typer.echo()
            return False


def show_plan(stage: AbstractContextManager[Stage], wanted: Wish, repo: Path, *, json: bool) -> None:
    """Print the plan and end with its exit code."""
    with stage as live, looking(live):
        plan = wiring.plan(live, wanted, repo)
    echo_plan(plan, live.desired, json=json)


def echo_plan(plan: Plan, desired: Desired, *, json: bool) -> None:
    from talops.domain.event_json import plan_to_json
    from talops.ui.show import show_plan as shown

    if json:
        echo_json({"schema": 1, "plan": plan_to_json(plan)})
    else:
        typer.echo(shown(plan, desired, width=width(), colour=colourful()))
    raise typer.Exit(plan_exit(plan))


@contextmanager
def looking(stage: Stage) -> Iterator[None]:
    """A line for the person who waits while a cluster is slow to answer. It is gone when the answer is there."""
    if not stage.real or not sys.stderr.isatty():
        yield
        return
    words = f"looking at {count(len(stage.desired.nodes), 'node')}…"
    typer.echo(f"{words}\r", err=True, nl=False)
    try:
        yield
    finally:
        typer.echo(f"{' ' * len(words)}\r", err=True, nl=False)


def plan_exit(plan: Plan) -> Exit:
    if plan.refusals:
        return Exit.REFUSED
    return Exit.PENDING if plan.steps else Exit.DONE


def show_status(stage: AbstractContextManager[Stage], *, json: bool) -> None:
    """Print the cluster and end with 0 when it is healthy, 4 when not."""
    from talops.ui.show_json import status_to_json
    from talops.ui.show_status import show_status as shown

    with stage as live, looking(live):
        status = wiring.status(live)
    if json:
        echo_json(status_to_json(status))
    else:
        typer.echo(shown(status, width=width()))
    raise typer.Exit(Exit.DONE if status.healthy else Exit.GATE)


def show_health(stage: AbstractContextManager[Stage], *, json: bool) -> None:
    """Print what is wrong and end with 0 when nothing is, 4 when something."""
    from talops.ui.show_health import health_to_json
    from talops.ui.show_health import show_health as shown
    from talops.wiring.health import health

    with stage as live, looking(live):
        found = health(live)
    if json:
        echo_json(health_to_json(found))
    else:
        typer.echo(shown(found, width=width(), colour=colourful()))
    raise typer.Exit(Exit.DONE if found.well else Exit.GATE)


def question(plan: Plan) -> str:
    """What a person is asked about a plan that is on the screen."""
    applies = count(len(plan.applies), "node")
    if plan.upgrades:
        many = "1 node" if len(plan.upgrades) == 1 else f"{len(plan.upgrades)} nodes, one at a time"
        also = f", and give {applies} more a new config" if plan.applies else ""
        return f"Upgrade {many}, to {plan.target}{also}?"
    if all(step.mode is ApplyMode.STAGED for step in plan.applies):
        return f"Stage the config of the files on {applies}, for the next boot?"
    down = sum(map(goes_down, plan.applies))
    how = f"{count(down, 'of them reboots', 'of them reboot')}, one at a time" if down else "none of them reboots"
    return f"Apply the config of the files to {applies} ({how})?"


def upgrade_all(
    stage: AbstractContextManager[Stage],
    wanted: Wish,
    repo: Path,
    *,
    yes: bool,
    output: str | None,
    show_commands: bool,
) -> None:
    """Run the rollout and end with its exit code."""
    form = chosen_output(output)

    def confirm(plan: Plan) -> bool:
        return ask(question(plan), yes=yes)

    with stage as live:
        raise typer.Exit(
            wiring.upgrade_all(live, wanted, repo, confirm=confirm, output=form, show_commands=show_commands)
        )


def rollback(
    stage: AbstractContextManager[Stage],
    hostname: str,
    accept: list[str] | None,
    *,
    yes: bool,
    output: str | None,
    show_commands: bool,
) -> None:
    """Roll one node back and end with the exit code."""
    form = chosen_output(output)
    accepted = wish(None, None, accept).accept_downtime

    def confirm(question: str) -> bool:
        return ask(question, yes=yes)

    with stage as live:
        raise typer.Exit(
            wiring.rollback(
                live,
                hostname,
                accept_downtime=accepted,
                confirm=confirm,
                output=form,
                show_commands=show_commands,
            )
        )


def echo_json(value: object) -> None:
    import json

    typer.echo(json.dumps(value, indent=2))


def echo_faults(summaries: Mapping[str, str]) -> None:
    wide = max(len(name) for name in summaries)
    for name, summary in summaries.items():
        typer.echo(f"{name:<{wide}}  {summary}")
