"""The store of external tools: who is asked what the cluster needs, and what `talops init` works with."""

import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from talops.config import load_desired, load_tools
from talops.domain.cluster import Desired
from talops.domain.context import Context
from talops.domain.talos import Unknown, Version
from talops.domain.tool import ToolSettings, Watcher
from talops.errors import Exit, FilesInvalid, TalopsError, UsageError
from talops.toolbox import initialise
from talops.toolbox.find import Programs, programs
from talops.toolbox.initialise import Cluster
from talops.toolbox.lock import Lock, NewerLock, read_lock
from talops.toolbox.provide import Provider
from talops.toolbox.store import Store
from talops.tools.sops import with_own_key
from talops.wiring.stages import tool_runner

MIRROR = "TALOPS_MIRROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitWish:
    """`update`: write the lock anew. `offline`: download nothing, and say what is missing."""

    update: bool = False
    offline: bool = False


def init(context: Context, wish: InitWish, watcher: Watcher) -> Exit:
    """Install the tools of the repository. Raises TalopsError for what stands in the way."""
    from talops.config.files import must_be_folder

    must_be_folder(context.repo)
    if wish.offline and wish.update:
        raise UsageError("--update asks for checksums, and --offline asks nobody", hint="leave one of them out")
    lock = _lock(context, wish, watcher)
    settings = load_tools(context.repo)
    if wish.offline:
        return initialise.offline(lock, programs(context.repo, os.environ), watcher)
    cluster = Cluster(
        desired=lambda found: load_desired(context.repo, runner=tool_runner(found), environ=os.environ),
        running=lambda found, desired: _running(context, found, desired, watcher),
    )
    if lock is not None and not wish.update:
        found = programs(context.repo, os.environ)
        if initialise.complete(lock, found):
            return initialise.fits(lock, cluster, settings, found, watcher)
    with ExitStack() as stack:
        brings = provider(stack, context.repo, lock, settings, watcher)
        if lock is None or wish.update:
            return initialise.anew(brings, context.repo, cluster, settings)
        return initialise.from_lock(brings, lock, cluster, settings)


def _lock(context: Context, wish: InitWish, watcher: Watcher) -> Lock | None:
    try:
        return read_lock(context.repo)
    except NewerLock:
        raise
    except FilesInvalid as error:
        if not wish.update:
            raise
        watcher.said(f"{error.what}: it is written from nothing, and what it held is not compared")
        return None


def _mirror(settings: ToolSettings) -> str:
    """The environment goes before the file. Raises UsageError."""
    named = os.environ.get(MIRROR, "")
    if named and not re.match(r"https?://[^/\s]", named):
        raise UsageError(f"{MIRROR} is no URL", hint=f"export {MIRROR}=https://host/path")
    return named or settings.mirror


def provider(stack: ExitStack, repo: Path, lock: Lock | None, settings: ToolSettings, watcher: Watcher) -> Provider:
    """It has the store for itself until the end of the stack."""
    from talops.tools.clock import ended_by_signals
    from talops.tools.runner import ShRunner
    from talops.tools.web import Web

    stack.enter_context(ended_by_signals())
    store = Store.of(os.environ)
    waits = f"another talops init is at work in {store.root}: waiting for it"
    stack.enter_context(store.taken(lambda: watcher.said(waits)))
    runner = ShRunner()
    stack.callback(runner.close)
    return Provider(
        web=stack.enter_context(Web(os.environ)),
        store=store,
        runner=runner,
        watcher=watcher,
        folder=stack.enter_context(store.partial()),
        mirror=_mirror(settings),
        environ=with_own_key(repo, os.environ),
        before=lock,
    )


def _running(context: Context, found: Programs, desired: Desired, watcher: Watcher) -> Sequence[Version]:
    """The Talos of every node that answers. A cluster that is not there, or not yet, is no failure."""
    from talops.tools.calls import Talosctl
    from talops.tools.pins import find_talosconfig, pin_talosconfig, private_folder
    from talops.tools.talosctl import versions

    runner = tool_runner(found)
    try:
        with private_folder() as folder:
            source = find_talosconfig(context.talosconfig or "", context.repo)
            pinned = pin_talosconfig(runner, Talosctl(context=context.context or ""), source, folder)
            nodes = tuple(node.addresses[0] for node in desired.nodes)
            (result,) = runner.gather((pinned.talosctl.version(nodes),))
            answers = versions(result.stdout)
            told = () if isinstance(answers, Unknown) else answers.values()
            running = [answer.version for answer in told if isinstance(answer.version, Version)]
            if not running:
                watcher.said("no node says which Talos it runs: only the talosctl of the files is taken")
            return running
    except TalopsError as error:
        watcher.said(f"the nodes are not asked which Talos they run: {error.what}")
        return ()
    finally:
        runner.close()
