"""Machine configs generated to be looked at: checked, or compared with others. Writes nothing but private folders."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from talops.domain.finding import Finding
from talops.domain.machineconfig import Change, Comparison, Effect, NodeDrift
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.files.client import Client, read_client
from talops.files.diff import changes
from talops.files.leavings import TALOSCONFIG
from talops.files.placeholders import with_placeholders
from talops.files.prepare import Prepared, checked, heed, prepare
from talops.files.redact import Secrets
from talops.files.render import CLUSTERCONFIG, render
from talops.files.stamp import read_stamp
from talops.tools.git import archive
from talops.tools.pins import private_folder
from talops.tools.talhelper import new_secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`configs` by hostname. `client` is the talosconfig, None when nobody can read it."""

    configs: Mapping[str, str]
    client: Client | None
    secrets: tuple[str, ...]
    """Texts and values that must not be shown."""
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a trial is made. `placeholders`: secrets of no cluster, "" for the real ones."""

    runner: Runner
    environ: Mapping[str, str]
    talhelper: str
    strict: bool = False
    placeholders: str = ""

    def with_placeholders(self) -> "Way":
        """Raises ToolMissing, ToolFailed."""
        secrets = new_secrets(self.runner, self.talhelper)
        return Way(
            runner=self.runner,
            environ=self.environ,
            talhelper=self.talhelper,
            strict=self.strict,
            placeholders=secrets,
        )


def check(repo: Path, way: Way) -> Trial:
    """Generate and check everything. Raises FilesInvalid, ToolMissing, ToolFailed."""
    warnings = checked(repo, runner=way.runner, environ=way.environ)
    made = _made(repo, way, warnings)
    heed(made.warnings, strict=way.strict)
    return made


def against(repo: Path, revision: str, way: Way) -> tuple[Trial, Comparison]:
    """The files as they are, and what is different from those of a revision of git. Raises also UsageError."""
    made = check(repo, way)
    with private_folder(way.environ) as private:
        then = archive(way.runner, repo, revision, private)
        try:
            former = _made(then, way, ())
        except FilesInvalid as error:
            what = error.what.replace(str(then), "it")
            raise FilesInvalid(f"{revision} cannot be generated: {what}", hint=error.hint) from None
    return made, _compared(former, made)


def against_disk(repo: Path, way: Way) -> tuple[Trial, Comparison]:
    """The files as they are, and what `gen config` would change in clusterconfig/."""
    made = check(repo, way)
    place = repo / CLUSTERCONFIG
    stamp = read_stamp(place)
    names = stamp.configs if stamp is not None else made_names(repo, made)
    former = {hostname: text for hostname, name in names.items() if (text := _text(place / name)) is not None}
    there = Trial(configs=former, client=read_client(place / TALOSCONFIG), secrets=tuple(former.values()))
    return made, _compared(there, made)
