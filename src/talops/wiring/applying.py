"""The configs of the files on their way to nodes: `talops apply`, and `upgrade all --with-config`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from talops.domain.context import Output
from talops.domain.plan import Plan
from talops.errors import Exit
from talops.observe import observe
from talops.wiring.stages import Stage, generated

if TYPE_CHECKING:
    from talops.execute.configs import Configs


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyWish:
    """What the operator asked for on the command line. `nodes` empty means all."""

    nodes: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    accept_downtime: frozenset[str] = frozenset()
    stage: bool = False

    @property
    def command(self) -> str:
        """What to type for the same wish once more."""
        words = ["talops apply", *self.nodes, *(["--stage"] if self.stage else [])]
        words += ["--skip-node", *self.skip] if self.skip else []
        words += ["--accept-downtime", *sorted(self.accept_downtime)] if self.accept_downtime else []
        return " ".join(words)


@contextmanager
def configs_of(stage: Stage, repo: Path) -> "Iterator[Configs]":
    """The configs of the files, in a private folder that is gone at the end.

    Raises FilesInvalid, ToolMissing and ToolFailed.
    """
    from talops.execute.configs import Configs
    from talops.files.redact import Secrets
    from talops.tools.pins import private_folder

    texts = generated(repo)
    secrets = Secrets.among(stage.secret).and_of(*texts.values())
    with private_folder() as folder:
        yield Configs(texts=texts, folder=folder, secrets=secrets)


def plan_apply(stage: Stage, wish: ApplyWish, repo: Path) -> Plan:
    """What `apply` would do now. Reads the cluster, changes nothing.

    Raises UsageError for a name of no node, FilesInvalid, ToolMissing, ToolFailed and Unreachable.
    """
    from talops.execute.reach import refuse_silence
    from talops.plan import apply_plan
    from talops.plan.names import check_names, chosen

    check_names(stage.desired, stage.policy, wish.nodes, wish.skip, by="NODE")
    policy = replace(stage.policy, accept_downtime=wish.accept_downtime)
    with configs_of(stage, repo) as configs:
        observed = observe(stage.desired, stage.tools, boot_ids=True)
        refuse_silence(observed)
        touched = chosen(stage.desired, policy, wish.nodes, wish.skip)
        pending = configs.pending(stage.desired, observed, stage.tools, touched)
    return apply_plan(stage.desired, observed, policy, pending, only=wish.nodes, skip=wish.skip, stage=wish.stage)


def apply(
    stage: Stage,
    wish: ApplyWish,
    repo: Path,
    *,
    confirm: Callable[[Plan], bool],
    output: Output,
    show_commands: bool,
) -> Exit:
    """Run it. Raises UsageError for a name of no node, and FilesInvalid, before anything is looked at."""
    from talops.execute.runs import apply_configs
    from talops.plan.names import check_names
    from talops.wiring.sessions import holder, session_on

    check_names(stage.desired, stage.policy, wish.nodes, wish.skip, by="NODE")
    stage = replace(stage, policy=replace(stage.policy, accept_downtime=wish.accept_downtime))
    with (
        configs_of(stage, repo) as configs,
        session_on(stage, output, again=wish.command, show_commands=show_commands) as (session, journal),
    ):
        return apply_configs(
            session,
            configs,
            nodes=wish.nodes,
            skip=wish.skip,
            stage=wish.stage,
            holder=holder(session.run),
            confirm=confirm,
            journal=journal,
        )
