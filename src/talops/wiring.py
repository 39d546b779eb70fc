"""The only place that chooses real or simulated tools, and what the run is told to. No decisions about the cluster."""

import getpass
import os
import secrets
import signal
import socket
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from talops.domain.cluster import Desired, Policy
from talops.domain.context import Context, Output
from talops.domain.event import Event, Noted
from talops.domain.plan import Plan
from talops.domain.process import Kube, Runner
from talops.domain.status import Status
from talops.domain.talos import Version
from talops.errors import Exit, FilesInvalid, UsageError
from talops.observe import Tools, observe

if TYPE_CHECKING:
    from talops.execute.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator asked for on the command line."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    accept_downtime: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A cluster to act on: the real one, or an embedded one, whose time is virtual and whose runs leave no journal."""

    desired: Desired
    policy: Policy
    tools: Tools
    real: bool
    listening: Callable[[], AbstractContextManager[None]]
    """While in it, SIGINT and SIGTERM are requests to the rollout. A command that only reads is ended by them."""


@contextmanager
def live(context: Context) -> Iterator[Stage]:
    """The live cluster, through the external tools, on private copies of talosconfig and kubeconfig.

    Raises ToolMissing, ToolFailed and FilesInvalid.
    """
    from talops.tools.calls import Kubectl, Talosctl
    from talops.tools.clock import RealClock, ended_by_signals
    from talops.tools.kubectl import ProxyKube
    from talops.tools.pins import find_kubeconfig, find_talosconfig, pin_kubeconfig, pin_talosconfig, private_folder
    from talops.tools.runner import ShRunner

    desired, policy = _files(context)
    with ExitStack() as stack:
        stack.enter_context(ended_by_signals())
        folder = stack.enter_context(private_folder())
        runner = ShRunner()
        stack.callback(runner.close)
        source = find_talosconfig(context.talosconfig or "", context.repo)
        talos = pin_talosconfig(runner, Talosctl(context=context.context or ""), source, folder)
        kubectl = Kubectl(kubeconfig=find_kubeconfig(context.kubeconfig or ""), context=context.kube_context or "")
        clock = RealClock(runner)
        kubectl = pin_kubeconfig(runner, kubectl, folder)
        kube = stack.enter_context(ProxyKube(runner, kubectl, folder, unwanted=clock.unheard))
        tools = Tools(runner=runner, kube=kube, clock=clock, talosctl=talos.talosctl)
        yield Stage(desired=desired, policy=policy, tools=tools, real=True, listening=clock.listening)


@contextmanager
def rehearsal(context: Context, *, faults: Sequence[str], start: str | None, seed: int) -> Iterator[Stage]:
    """An embedded cluster built from the operator's own files. Raises FilesInvalid and UsageError."""
    from talops.sim.faults import parse_fault
    from talops.sim.onlooker import listening
    from talops.sim.world import rehearsal as build
    from talops.tools.calls import Talosctl

    desired, policy = _files(context)
    world = build(
        desired,
        start=_version(start) if start else None,
        faults=[parse_fault(fault, desired) for fault in faults],
        seed=seed,
    )
    tools = Tools(runner=world.runner, kube=world.kube, clock=world.clock, talosctl=Talosctl())
    yield Stage(desired=desired, policy=policy, tools=tools, real=False, listening=lambda: listening(world))


def nodes(context: Context) -> Desired:
    """What the files say. Needs no cluster. Raises FilesInvalid."""
    return _desired(context)


def plan(stage: Stage, wish: Wish) -> Plan:
    """What `upgrade all` would do now. Reads the cluster, changes nothing. Raises UsageError for a name of no node."""
    from talops.plan import upgrade_plan
    from talops.plan.names import check_names

    check_names(stage.desired, stage.policy, wish.only, wish.skip)
    policy = replace(stage.policy, accept_downtime=wish.accept_downtime)
    observed = observe(stage.desired, stage.tools, boot_ids=True)
    return upgrade_plan(stage.desired, observed, policy, only=wish.only, skip=wish.skip)


def status(stage: Stage) -> Status:
    """The cluster on one screen. Reads it, changes nothing."""
    from talops.execute.status import cluster_status

    return cluster_status(stage.desired, stage.policy, observe(stage.desired, stage.tools))


def upgrade_all(
    stage: Stage, wish: Wish, *, confirm: Callable[[Plan], bool], output: Output, show_commands: bool
) -> Exit:
    """Run the rollout. Raises UsageError for a name of no node, before anything is looked at."""
    from talops.execute.rollout import upgrade_all as roll_out

    stage = replace(stage, policy=replace(stage.policy, accept_downtime=wish.accept_downtime))
    with _session(stage, output, show_commands=show_commands) as (session, journal):
        return roll_out(
            session, only=wish.only, skip=wish.skip, holder=_holder(session.run), confirm=confirm, journal=journal
        )


def rollback(
    stage: Stage, hostname: str, *, confirm: Callable[[str], bool], output: Output, show_commands: bool
) -> Exit:
    """Roll one node back. Raises UsageError when there is no such node."""
    from talops.execute.rollback import roll_back
    from talops.plan.names import did_you_mean

    hostnames = [node.hostname for node in stage.desired.nodes]
    if hostname not in hostnames:
        raise UsageError(f"there is no node {hostname} in the files", hint=did_you_mean(hostname, hostnames))
    with _session(stage, output, show_commands=show_commands) as (session, journal):
        return roll_back(session, hostname, holder=_holder(session.run), confirm=confirm, journal=journal)


def unlock(context: Context, *, confirm: Callable[[str], bool]) -> str:
    """Take the Lease away from a run that is gone. Returns what was done, in words."""
    from talops.execute.lease import take_away

    with live(context) as stage:
        return take_away(stage.tools, confirm)


def fault_names() -> Mapping[str, str]:
    """The faults that a rehearsal can switch on, each with its summary."""
    from talops.sim.faults import FAULTS

    return {name: fault.summary for name, fault in FAULTS.items()}


@contextmanager
def default_signals() -> Iterator[None]:
    """While a question is asked, a signal is its answer and not a request to the rollout."""
    from talops.tools.clock import ended_by_signals

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with ended_by_signals():
            yield
    finally:
        signal.signal(signal.SIGINT, before)


def _desired(context: Context) -> Desired:
    from talops.config import load_desired
    from talops.tools.runner import ShRunner

    _must_be_folder(context.repo)
    return load_desired(context.repo, runner=ShRunner(), environ=os.environ)


def _files(context: Context) -> tuple[Desired, Policy]:
    from talops.config import check_policy, load_policy

    _must_be_folder(context.repo)
    policy = load_policy(context.repo)
    desired = _desired(context)
    check_policy(desired, policy, context.repo)
    return desired, policy


def _must_be_folder(repo: Path) -> None:
    hint = "go to the cluster's repository, or name it: talops -C DIR …"
    try:
        folder = stat.S_ISDIR(repo.stat().st_mode)
    except OSError as error:
        raise FilesInvalid(f"the cluster repository {repo}: {error.strerror}", hint=hint) from None
    if not folder:
        raise FilesInvalid(f"the cluster repository {repo} is no folder", hint=hint)


@contextmanager
def _session(stage: Stage, output: Output, *, show_commands: bool) -> Iterator[tuple["Session", str]]:
    """A session whose events go to the screen and to the journal, and the path of that, empty when none is kept."""
    from talops.execute.journal import Journal, journal_path
    from talops.execute.session import Session
    from talops.ui import renderer
    from talops.ui.guarded import Guarded

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


def _holder(run: str) -> str:
    """Who holds the Lease, so that the next person knows whom to ask."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}/{run}"


def _version(text: str) -> Version:
    try:
        return Version.parse(text)
    except ValueError:
        raise UsageError(f"--from: {text} is no Talos version", hint="write it like v1.12.4") from None
