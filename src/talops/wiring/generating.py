"""`talops gen config` with the real tools, and which they are for `validate`, too: no cluster is asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from talops.domain.generated import Generated, Shown
from talops.domain.process import Runner

if TYPE_CHECKING:
    from talops.toolbox.find import Programs


def programs_of(repo: Path) -> tuple["Programs", str]:
    """The tools of the repository, and which talhelper it is."""
    import os

    from talops.toolbox.find import programs
    from talops.wiring.stages import talhelper_of

    found = programs(repo, os.environ)
    return found, talhelper_of(found)


@contextmanager
def running(found: "Programs") -> Iterator[Runner]:
    """Ended by signals as by errors, so that nothing private is left behind."""
    from talops.tools.clock import ended_by_signals
    from talops.wiring.stages import tool_runner

    with ended_by_signals():
        runner = tool_runner(found)
        try:
            yield runner
        finally:
            runner.close()


def generate(repo: Path, *, strict: bool, offline: bool, force: bool) -> Generated:
    """Raises FilesInvalid, Refused, Locked, ToolMissing, ToolFailed; then nothing has changed."""
    from talops.files.current import Wish, nothing_to_do

    wish = Wish(strict=strict, offline=offline, force=force)
    found, talhelper = programs_of(repo)
    done = nothing_to_do(repo, wish, found.environ, talhelper)
    if done is not None:
        return done
    from talops.files.generate import generate as generate_configs

    with running(found) as runner:
        return generate_configs(repo, wish, runner=runner, environ=found.environ, talhelper=talhelper)


def show(repo: Path, *, strict: bool, placeholders: bool, revision: str, compare: bool) -> Shown:
    """Generate and check, to be looked at; compared with `revision`, or with what is there. Writes nothing.

    Raises FilesInvalid, UsageError, ToolMissing, ToolFailed.
    """
    from talops.files.once import decrypting_once
    from talops.files.trial import Way, against, against_disk, check

    repo = repo.absolute()
    found, talhelper = programs_of(repo)
    with running(found) as tools:
        runner = decrypting_once(tools, repo)
        way = Way(runner=runner, environ=found.environ, talhelper=talhelper, strict=strict)
        way = way.with_placeholders() if placeholders else way
        if not revision and not compare:
            made = check(repo, way)
            return Shown(nodes=len(made.configs), warnings=made.warnings)
        made, compared = against(repo, revision, way) if revision else against_disk(repo, way)
        return Shown(nodes=len(made.configs), warnings=made.warnings, comparison=compared)
