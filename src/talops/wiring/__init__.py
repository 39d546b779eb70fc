"""The only place that chooses real or simulated tools, and what the run is told to. No decisions about the cluster."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from talops.domain.cluster import Desired
from talops.domain.context import Context, Output
from talops.domain.plan import Plan
from talops.domain.status import Status
from talops.errors import Exit, UsageError
from talops.wiring.stages import Stage, desired_of, live, rehearsal

if TYPE_CHECKING:
    from talops.execute.configs import Configs

__all__ = [
    "Stage",
    "Wish",
    "default_signals",
    "fault_names",
    "live",
    "nodes",
    "plan",
    "rehearsal",
    "rollback",
    "status",
    "unlock",
    "upgrade_all",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator asked for on the command line."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    accept_downtime: frozenset[str] = frozenset()
    with_config: bool = False

    @property
    def command(self) -> str:
        """What to type for the same wish once more."""
        words = ["talops upgrade all", *(["--with-config"] if self.with_config else [])]
        for option, names in (("--only", self.only), ("--skip-node", self.skip), ("--accept-downtime", self.accepts)):
            words += [option, *names] if names else []
        return " ".join(words)

    @property
    def accepts(self) -> tuple[str, ...]:
        return tuple(sorted(self.accept_downtime))


def nodes(context: Context) -> Desired:
    """What the files say. Needs no cluster. Raises FilesInvalid."""
    return desired_of(context)


def plan(stage: Stage, wish: Wish, repo: Path) -> Plan:
    """What `upgrade all` would do now. Reads the cluster, changes nothing.

    Raises UsageError for a name of no node, and Unreachable; with configs FilesInvalid, ToolMissing and ToolFailed.
    """
    from talops.execute.reach import refuse_silence
    from talops.observe import observe
    from talops.plan import upgrade_plan
    from talops.plan.names import check_names, chosen

    check_names(stage.desired, stage.policy, wish.only, wish.skip)
    policy = replace(stage.policy, accept_downtime=wish.accept_downtime)
    with _configs(stage, wish, repo) as configs:
        observed = observe(stage.desired, stage.tools, boot_ids=True)
        refuse_silence(observed)
        touched = chosen(stage.desired, policy, wish.only, wish.skip)
        pending = None if configs is None else configs.pending(stage.desired, observed, stage.tools, touched)
    return upgrade_plan(stage.desired, observed, policy, only=wish.only, skip=wish.skip, pending=pending)


def _configs(stage: Stage, wish: Wish, repo: Path) -> "AbstractContextManager[Configs | None]":
    from talops.wiring.applying import configs_of

    return configs_of(stage, repo) if wish.with_config else nullcontext()


def status(stage: Stage) -> Status:
    """The cluster on one screen. Reads it, changes nothing."""
    from talops.execute.status import cluster_status
    from talops.observe import observe

    return cluster_status(stage.desired, stage.policy, observe(stage.desired, stage.tools))


def upgrade_all(
    stage: Stage, wish: Wish, repo: Path, *, confirm: Callable[[Plan], bool], output: Output, show_commands: bool
) -> Exit:
    """Run the rollout. Raises UsageError for a name of no node, before anything is looked at."""
    from talops.execute.runs import upgrade_all as roll_out
    from talops.wiring.sessions import holder, session_on

    stage = replace(stage, policy=replace(stage.policy, accept_downtime=wish.accept_downtime))
    with (
        _configs(stage, wish, repo) as configs,
        session_on(stage, output, again=wish.command, show_commands=show_commands) as (session, journal),
    ):
        return roll_out(
            session,
            only=wish.only,
            skip=wish.skip,
            holder=holder(session.run),
            confirm=confirm,
            configs=configs,
            journal=journal,
        )


def rollback(
    stage: Stage,
    hostname: str,
    *,
    accept_downtime: frozenset[str],
    confirm: Callable[[str], bool],
    output: Output,
    show_commands: bool,
) -> Exit:
    """Roll one node back. Raises UsageError when there is no such node."""
    from talops.execute.rollback import roll_back
    from talops.plan.names import did_you_mean
    from talops.wiring.sessions import holder, session_on

    hostnames = [node.hostname for node in stage.desired.nodes]
    if hostname not in hostnames:
        raise UsageError(f"there is no node {hostname} in the files", hint=did_you_mean(hostname, hostnames))
    stage = replace(stage, policy=replace(stage.policy, accept_downtime=accept_downtime))
    again = f"talops rollback {hostname}"
    with session_on(stage, output, again=again, show_commands=show_commands) as (session, journal):
        return roll_back(session, hostname, holder=holder(session.run), confirm=confirm, journal=journal)


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
