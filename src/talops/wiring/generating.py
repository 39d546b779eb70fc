"""`talops gen config` with the real tools: no cluster is asked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from talops.domain.generated import Generated, Shown
from talops.domain.process import Runner


@contextmanager
def _tools() -> Iterator[Runner]:
    """Ended by signals as by errors, so that nothing private is left behind."""
    from talops.tools.clock import ended_by_signals
    from talops.tools.runner import ShRunner

    with ended_by_signals():
        runner = ShRunner()
        try:
            yield runner
        finally:
            runner.close()


def generate(repo: Path, *, strict: bool, offline: bool, force: bool) -> Generated:
    """Raises FilesInvalid, Refused, Locked, ToolMissing, ToolFailed; then nothing has changed."""
    from talops.files.current import Wish, nothing_to_do
    from talops.tools.talhelper import TALHELPER

    wish = Wish(strict=strict, offline=offline, force=force)
    done = nothing_to_do(repo, wish, os.environ, TALHELPER)
    if done is not None:
        return done
    from talops.files.generate import generate as generate_configs

    with _tools() as runner:
        return generate_configs(repo, wish, runner=runner, environ=os.environ)


def show(repo: Path, *, strict: bool, placeholders: bool, revision: str, compare: bool) -> Shown:
    """Generate and check, to be looked at; compared with `revision`, or with what is there. Writes nothing.

    Raises FilesInvalid, UsageError, ToolMissing, ToolFailed.
    """
    from talops.files.trial import Way, against, against_disk, check
    from talops.tools.talhelper import TALHELPER

    with _tools() as runner:
        way = Way(runner=runner, environ=os.environ, talhelper=TALHELPER, strict=strict)
        way = way.with_placeholders() if placeholders else way
        if not revision and not compare:
            made = check(repo, way)
            return Shown(nodes=len(made.configs), warnings=made.warnings)
        made, found = against(repo, revision, way) if revision else against_disk(repo, way)
        return Shown(nodes=len(made.configs), warnings=made.warnings, comparison=found)
