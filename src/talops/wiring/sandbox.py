"""The practice cluster: which files it is built from, and the process that lives on."""

import os
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from talops.domain.context import Context
from talops.domain.sandbox import Orders, SandboxStatus
from talops.domain.talos import Version
from talops.errors import ToolFailed, Unreachable, UsageError
from talops.tools import sandbox
from talops.tools.clock import ended_by_signals
from talops.tools.places import Place, place, places, taken
from talops.wiring.stages import desired_of, generated_configs, version_of

FASTEST = 1000.0
UP = "talops sandbox up"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxWish:
    """`name` is empty for the cluster's own; `example`: whatever files there may be."""

    name: str = ""
    example: bool = False
    start: str | None = None
    kubernetes: str | None = None
    speed: float = 10.0
    seed: int = 0
    faults: tuple[str, ...] = ()
    detached: bool = True


@contextmanager
def up(context: Context, wish: SandboxWish) -> Iterator[SandboxStatus]:
    """Start one. One that is not detached lives until the end of the block, or until somebody stops it before.

    Raises UsageError, FilesInvalid, Locked and ToolFailed.
    """
    if not 0 < wish.speed <= FASTEST:
        raise UsageError(f"--speed: {wish.speed:g} is not between 0 and {FASTEST:g}", hint=f"{UP} --speed 10")
    start = version_of(wish.start) if wish.start else None
    kubernetes = _kubernetes(wish.kubernetes) if wish.kubernetes else None
    desired = None if wish.example else desired_of(context)
    where = place(wish.name or (desired.cluster_name if desired is not None else "example"), os.environ)
    with ended_by_signals(), taken(where) as lock:
        if desired is None:
            context = replace(context, repo=_example(where.folder))
            desired = desired_of(context)
        orders = Orders(
            name=where.name,
            desired=desired,
            repository=str(context.repo.absolute()),
            start=start,
            kubernetes=kubernetes,
            speed=wish.speed,
            seed=wish.seed,
            faults=wish.faults,
            configs=generated_configs(context, desired),
        )
        with sandbox.started(where, lock, pickle.dumps(orders), detached=wish.detached) as process:
            yield _status(sandbox.ask(where, "status"))
            if not wish.detached and process.wait():
                raise ToolFailed("the sandbox died; the lines above say of what")


def _kubernetes(text: str) -> Version:
    try:
        return Version.parse(text)
    except ValueError:
        raise UsageError(f"--kubernetes: {text} is no Kubernetes release", hint="write it like v1.35.4") from None


def has_files(context: Context) -> bool:
    """Whether there is a cluster in the repository. One that was named must have one."""
    return context.repo != Path() or os.path.lexists(context.repo / "talconfig.yaml")


def _example(folder: Path) -> Path:
    from talops.sim.network.example import TALCONFIG

    (folder / "talconfig.yaml").write_text(TALCONFIG)
    return folder


def status(name: str) -> SandboxStatus:
    """Of a living one. Raises UsageError and Unreachable."""
    return _status(sandbox.ask(living(name), "status"))


def begin(name: str, faults: Sequence[str]) -> SandboxStatus:
    """Let faults begin. Raises UsageError and Unreachable, as the rest of these do."""
    return _status(sandbox.ask(living(name), "fault", faults))


def mend(name: str, faults: Sequence[str]) -> SandboxStatus:
    """Let faults end, or all of them when none is named."""
    return _status(sandbox.ask(living(name), "mend", faults))


def environment(name: str) -> Mapping[str, str]:
    """What makes talosctl, kubectl and talops look at it."""
    where = living(name)
    return {"TALOSCONFIG": str(where.talosconfig), "KUBECONFIG": str(where.kubeconfig)}


def down(name: str, *, every: bool) -> Sequence[tuple[str, bool]]:
    """End it, or every one: the names of those that there were, and whether each had been alive."""
    there = places(os.environ)
    if not every:
        there = [one for one in there if one.name == name] if name else _chosen(there)
    return [(one.name, sandbox.stop(one)) for one in there]


def fault_summaries() -> Mapping[str, str]:
    """Every fault of a sandbox, those of a rehearsal first."""
    from talops.sim.faults import SANDBOX_FAULTS

    return {name: kind.summary for name, kind in SANDBOX_FAULTS.items()}


def living(name: str) -> Place:
    """The one that is meant, if it lives. Without a name it is the only one that there is."""
    there = places(os.environ)
    found = [one for one in there if one.name == name] if name else _chosen(there)
    if not found:
        others = f"; there is {', '.join(one.name for one in there)}" if there else ""
        called = f" called {name}" if name else ""
        raise Unreachable(f"no sandbox{called} is running{others}", hint=UP)
    (where,) = found
    if not where.lives:
        said = where.last_words()
        raise Unreachable(
            f"the sandbox {where.name} is dead: it was killed, it crashed, or the machine was restarted"
            + (f"; the end of its log:\n{said}" if said else ""),
            hint=f"{UP} starts it anew; talops sandbox down --name {where.name} throws away what is left of it",
        )
    return where


def _chosen(there: Sequence[Place]) -> Sequence[Place]:
    """The only one, or the only one that lives."""
    alive = [one for one in there if one.lives] if len(there) > 1 else there
    if len(alive) > 1:
        names = ", ".join(one.name for one in alive)
        raise UsageError(f"there are {len(alive)} sandboxes: {names}", hint=f"name one: --name {alive[0].name}")
    return alive or there[:1]


def _status(answer: object) -> SandboxStatus:
    """As the process put it together."""
    return cast(SandboxStatus, answer)
