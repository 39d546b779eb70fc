"""The only place that chooses real or simulated tools, and what the run is told to. No decisions about the cluster."""

import getpass
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from talops.domain.cluster import Desired, Policy
from talops.domain.context import Context, Output
from talops.domain.event import Event
from talops.domain.plan import Plan
from talops.domain.process import Kube, Runner
from talops.domain.status import Status
from talops.domain.talos import Version
from talops.errors import Exit, UsageError
from talops.observe import Tools, observe

if TYPE_CHECKING:
    from talops.execute.session import Session


def nodes(context: Context) -> Desired:
    """What the files say. Needs no cluster. Raises FilesInvalid."""
    return _desired(context)


def plan(context: Context, *, only: Sequence[str], skip: Sequence[str], accept_downtime: Sequence[str]) -> Plan:
    """What `upgrade all` would do now. Reads the live cluster, changes nothing."""
    desired, policy = _files(context, accept_downtime)
    with _real_tools(context) as tools:
        return _plan(desired, policy, tools, only, skip)


def status(context: Context) -> Status:
    """The cluster on one screen. Reads the live cluster, changes nothing."""
    from talops.execute.status import cluster_status

    desired, policy = _files(context, ())
    with _real_tools(context) as tools:
        return cluster_status(desired, policy, observe(desired, tools))


def upgrade_all(
    context: Context,
    *,
    only: Sequence[str],
    skip: Sequence[str],
    accept_downtime: Sequence[str],
    confirm: Callable[[Plan], bool],
    output: Output,
    show_commands: bool = False,
) -> Exit:
    """Run the rollout on the live cluster."""
    from talops.execute.rollout import Wish
    from talops.execute.rollout import upgrade_all as roll_out

    desired, policy = _files(context, accept_downtime)
    with _real_tools(context) as tools:
        run = _run_id(tools.clock.wall())
        with _voice(desired, output, show_commands, journal=run) as voice:
            session = _session(voice, tools, desired, policy, run, repaint=output is Output.LIVE)
            wish = Wish(only=tuple(only), skip=tuple(skip))
            return roll_out(session, wish, holder=_holder(run), confirm=confirm, journal=voice.journal)


def rollback(context: Context, hostname: str, *, confirm: Callable[[str], bool], output: Output) -> Exit:
    """Roll one node back on the live cluster."""
    from talops.execute.rollback import roll_back

    desired, policy = _files(context, ())
    _known(desired, hostname)
    with _real_tools(context) as tools:
        run = _run_id(tools.clock.wall())
        with _voice(desired, output, show_commands=False, journal=run) as voice:
            session = _session(voice, tools, desired, policy, run, repaint=output is Output.LIVE)
            return roll_back(session, hostname, holder=_holder(run), confirm=confirm, journal=voice.journal)


def unlock(context: Context, *, confirm: Callable[[str], bool]) -> str:
    """Take the Lease away from a run that is gone. Returns what was done, in words."""
    from talops.execute.lease import take_away

    with _real_tools(context) as tools:
        return take_away(tools, confirm)


def fault_names() -> Mapping[str, str]:
    """The faults that a rehearsal can switch on, each with its summary."""
    from talops.sim.faults import FAULTS

    return {name: fault.summary for name, fault in FAULTS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """An embedded cluster built from the operator's own files, with tools that act on it."""

    desired: Desired
    policy: Policy
    tools: Tools


def rehearsal(context: Context, *, faults: Sequence[str], start: str | None, seed: int) -> Rehearsal:
    """Build the embedded cluster. Raises FilesInvalid and UsageError."""
    from talops.sim.faults import parse_fault
    from talops.sim.world import rehearsal as build
    from talops.tools.calls import Talosctl

    desired, policy = _files(context, ())
    world = build(
        desired,
        start=_version(start) if start else None,
        faults=[parse_fault(fault, desired) for fault in faults],
        seed=seed,
    )
    tools = Tools(runner=world.runner, kube=world.kube, clock=world.clock, talosctl=Talosctl())
    return Rehearsal(desired=desired, policy=policy, tools=tools)


def rehearse_upgrade_all(
    rehearsed: Rehearsal,
    *,
    only: Sequence[str],
    skip: Sequence[str],
    accept_downtime: Sequence[str],
    confirm: Callable[[Plan], bool],
    output: Output,
    show_commands: bool,
) -> Exit:
    """`upgrade all`, on the embedded cluster. Its journal is not kept: nothing happened."""
    from talops.execute.rollout import Wish
    from talops.execute.rollout import upgrade_all as roll_out

    policy = replace(rehearsed.policy, accept_downtime=frozenset(accept_downtime))
    run = _run_id(rehearsed.tools.clock.wall())
    with _voice(rehearsed.desired, output, show_commands, journal="") as voice:
        session = _session(voice, rehearsed.tools, rehearsed.desired, policy, run, repaint=False)
        wish = Wish(only=tuple(only), skip=tuple(skip))
        return roll_out(session, wish, holder=_holder(run), confirm=confirm)


def rehearse_plan(
    rehearsed: Rehearsal, *, only: Sequence[str], skip: Sequence[str], accept_downtime: Sequence[str]
) -> Plan:
    policy = replace(rehearsed.policy, accept_downtime=frozenset(accept_downtime))
    return _plan(rehearsed.desired, policy, rehearsed.tools, only, skip)


def rehearse_status(rehearsed: Rehearsal) -> Status:
    from talops.execute.status import cluster_status

    return cluster_status(rehearsed.desired, rehearsed.policy, observe(rehearsed.desired, rehearsed.tools))


def rehearse_rollback(
    rehearsed: Rehearsal, hostname: str, *, confirm: Callable[[str], bool], output: Output, show_commands: bool
) -> Exit:
    from talops.execute.rollback import roll_back

    _known(rehearsed.desired, hostname)
    run = _run_id(rehearsed.tools.clock.wall())
    with _voice(rehearsed.desired, output, show_commands, journal="") as voice:
        session = _session(voice, rehearsed.tools, rehearsed.desired, rehearsed.policy, run, repaint=False)
        return roll_back(session, hostname, holder=_holder(run), confirm=confirm)


def _plan(desired: Desired, policy: Policy, tools: Tools, only: Sequence[str], skip: Sequence[str]) -> Plan:
    from talops.plan import upgrade_plan

    observed = observe(desired, tools, boot_ids=True)
    return upgrade_plan(desired, observed, policy, only=only, skip=skip)


def _desired(context: Context) -> Desired:
    from talops.config import load_desired
    from talops.tools.runner import ShRunner

    return load_desired(context.repo, runner=ShRunner(), environ=os.environ)


def _files(context: Context, accept_downtime: Sequence[str]) -> tuple[Desired, Policy]:
    from talops.config import check_policy, load_policy

    policy = load_policy(context.repo)
    desired = _desired(context)
    check_policy(desired, policy, context.repo)
    return desired, replace(policy, accept_downtime=frozenset(accept_downtime))


@contextmanager
def _real_tools(context: Context) -> Iterator[Tools]:
    """The external tools, on private copies of talosconfig and kubeconfig.

    Raises ToolMissing, ToolFailed and FilesInvalid.
    """
    from talops.tools.calls import Kubectl, Talosctl
    from talops.tools.clock import RealClock
    from talops.tools.kubectl import ProxyKube
    from talops.tools.pins import find_talosconfig, pin_kubeconfig, pin_talosconfig, private_folder
    from talops.tools.runner import ShRunner

    with ExitStack() as stack:
        folder = stack.enter_context(private_folder())
        runner = ShRunner()
        stack.callback(runner.close)
        source = find_talosconfig(context.talosconfig or "", context.repo)
        talos = pin_talosconfig(runner, Talosctl(context=context.context or ""), source, folder)
        kubectl = Kubectl(kubeconfig=context.kubeconfig or "", context=context.kube_context or "")
        kube = stack.enter_context(ProxyKube(runner, pin_kubeconfig(runner, kubectl, folder), folder))
        clock = RealClock(runner)
        stack.enter_context(clock.listening())
        yield Tools(runner=runner, kube=kube, clock=clock, talosctl=talos.talosctl)


@dataclass(slots=True, kw_only=True)
class _Voice:
    """Where events go: the screen and the journal."""

    emit: Callable[[Event], None]
    tick: Callable[[float], None]
    show_commands: bool
    journal: str


@contextmanager
def _voice(desired: Desired, output: Output, show_commands: bool, *, journal: str) -> Iterator[_Voice]:
    """`journal` is the run id under which one is kept, empty for none."""
    from talops.domain.event import Noted
    from talops.execute.journal import Journal, journal_path
    from talops.ui import renderer

    screen = renderer(output, desired, show_commands=show_commands)
    kept = Journal(journal_path(desired.cluster_name, journal, os.environ)) if journal else None

    def emit(event: Event) -> None:
        if kept is not None and not kept.problem:
            kept.write(event)
            if kept.problem:
                screen.handle(Noted(at=event.at, wall=event.wall, text=kept.problem, warning=True))
        screen.handle(event)

    try:
        yield _Voice(emit=emit, tick=screen.tick, show_commands=show_commands, journal=str(kept.path) if kept else "")
    finally:
        screen.close()
        if kept is not None:
            kept.close()


def _session(voice: _Voice, tools: Tools, desired: Desired, policy: Policy, run: str, *, repaint: bool) -> "Session":
    from talops.execute.session import Session

    runner: Runner = tools.runner
    kube: Kube = tools.kube
    if voice.show_commands:
        from talops.execute.telling import TellingKube, TellingRunner

        runner = TellingRunner(runner, tools.clock, voice.emit)
        kube = TellingKube(kube, tools.clock, voice.emit)
    return Session(
        tools=replace(tools, runner=runner, kube=kube),
        desired=desired,
        policy=policy,
        run=run,
        emit=voice.emit,
        tick=voice.tick,
        repaint_every=0.25 if repaint else None,
    )


def _run_id(wall: datetime) -> str:
    return f"{wall:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def _holder(run: str) -> str:
    """Who holds the Lease, so that the next person knows whom to ask."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}/{run}"


def _known(desired: Desired, hostname: str) -> None:
    from difflib import get_close_matches

    names = [node.hostname for node in desired.nodes]
    if hostname not in names:
        close = get_close_matches(hostname, names, n=1)
        raise UsageError(
            f"there is no node {hostname} in talconfig.yaml",
            hint=f"did you mean {close[0]}?" if close else f"it has {', '.join(names[:10])}",
        )


def _version(text: str) -> Version:
    try:
        return Version.parse(text)
    except ValueError:
        raise UsageError(f"--from: {text} is no Talos version", hint="write it like v1.12.4") from None
