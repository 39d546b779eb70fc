"""One run: its session, its screen and its journal."""

import getpass
import os
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from talops.domain.context import Output
from talops.domain.event import Event, Noted
from talops.domain.process import Kube, Runner
from talops.execute.journal import Journal, journal_path
from talops.execute.session import Session
from talops.observe import Tools
from talops.ui import renderer
from talops.ui.guarded import Guarded
from talops.wiring.stages import Stage


@contextmanager
def session_on(stage: Stage, output: Output, *, again: str, show_commands: bool) -> Iterator[tuple[Session, str]]:
    """A session whose events go to the screen and to the journal, and the path of that, empty when none is kept."""
    if output is Output.LIVE and not stage.real:
        from talops.sim.onlooker import ShownClock

        stage = replace(stage, tools=replace(stage.tools, clock=ShownClock(stage.tools.clock)))
    run = _run_id(stage.tools.clock.wall())
    journal = Journal(journal_path(stage.desired.cluster_name, run, os.environ)) if stage.real else None

    def gone(why: str) -> None:
        if journal is not None:
            clock = stage.tools.clock
            journal.write(Noted(at=clock.now(), wall=clock.wall(), text=f"the screen is lost: {why}", warning=True))
            # as if the terminal had gone: nohup asks to go on without one
            os.kill(os.getpid(), signal.SIGHUP)

    screen = Guarded(renderer(output, stage.desired, show_commands=show_commands), gone)

    def emit(event: Event) -> None:
        for heard in journal.write(event) if journal is not None else (event,):
            screen.handle(heard)

    try:
        session = Session(
            tools=_telling(stage.tools, emit) if show_commands else stage.tools,
            desired=stage.desired,
            policy=stage.policy,
            run=run,
            again=again,
            emit=emit,
            tick=screen.tick,
            repaint_every=0.25 if stage.real and output is Output.LIVE else None,
        )
        with stage.listening():
            yield session, str(journal.path) if journal is not None else ""
    finally:
        screen.close()
        if journal is not None:
            journal.close()


def _telling(tools: Tools, emit: Callable[[Event], None]) -> Tools:
    from talops.execute.telling import TellingKube, TellingRunner

    runner: Runner = TellingRunner(tools.runner, tools.clock, emit)
    kube: Kube = TellingKube(tools.kube, tools.clock, emit)
    return replace(tools, runner=runner, kube=kube)


def _run_id(wall: datetime) -> str:
    return f"{wall:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def holder(run: str) -> str:
    """Who holds the Lease, so that the next person knows whom to ask."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}/{run}"
