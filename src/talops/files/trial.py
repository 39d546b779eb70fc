"""Machine configs generated to be looked at: checked, or compared with others. Writes nothing but private folders."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from talops.config import TALCONFIG
from talops.domain.finding import Finding, Severity
from talops.domain.machineconfig import Comparison, NodeDrift
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.files.client import Client, read_client
from talops.files.current import CLUSTERCONFIG, heed
from talops.files.diff import changes
from talops.files.leavings import TALOSCONFIG
from talops.files.placeholders import with_placeholders
from talops.files.prepare import checked, prepare
from talops.files.redact import Secrets
from talops.files.render import render
from talops.files.stamp import read_stamp
from talops.tools.git import archive
from talops.tools.pins import private_folder
from talops.tools.talhelper import new_secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`configs`, and the `names` of their files, by hostname. `client` is the talosconfig, None where it is none."""

    configs: Mapping[str, str]
    names: Mapping[str, str]
    client: Client | None
    secrets: Secrets
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
        return replace(self, placeholders=new_secrets(self.runner, self.talhelper))


def check(repo: Path, way: Way) -> Trial:
    """Generate and check everything. `repo` is absolute. Raises FilesInvalid, ToolMissing, ToolFailed."""
    warnings = checked(
        repo,
        runner=way.runner,
        environ=way.environ,
        talhelper=way.talhelper,
        without_secrets=bool(way.placeholders),
    )
    made = _made(repo, way, warnings)
    heed(made.warnings, strict=way.strict)
    return made


def against(repo: Path, revision: str, way: Way) -> tuple[Trial, Comparison]:
    """The files as they are, and what is different from those of a revision of git. Raises also UsageError.

    One that cannot be generated is a warning, and as good as empty: else nobody could mend it.
    """
    made = check(repo, way)
    with private_folder(way.environ) as private:
        then = archive(way.runner, repo, revision, private)
        try:
            former = _made(then, way, ()) if (then / TALCONFIG).exists() else _NOTHING
        except FilesInvalid as error:
            former = _NOTHING
            made = replace(made, warnings=(*made.warnings, _broken(revision, then, error)))
    return made, _compared(former, made)


_NOTHING = Trial(configs={}, names={}, client=None, secrets=Secrets())


def _broken(revision: str, then: Path, error: FilesInvalid) -> Finding:
    return Finding(
        rule="revision-broken",
        severity=Severity.WARNING,
        what=f"{revision} cannot be generated, so that every node is shown as new: "
        + error.what.replace(f"{then}/", "").replace(str(then), "it"),
    )


def against_disk(repo: Path, way: Way) -> tuple[Trial, Comparison]:
    """The files as they are, and what `gen config` would change in clusterconfig/."""
    made = check(repo, way)
    place = repo / CLUSTERCONFIG
    stamp = read_stamp(place)
    names = made.names if stamp is None else {**made.names, **stamp.configs}
    former = {hostname: text for hostname, name in names.items() if (text := _text(place / name)) is not None}
    there = Trial(configs=former, names=names, client=read_client(place / TALOSCONFIG), secrets=Secrets())
    return made, _compared(there, made)


def _made(repo: Path, way: Way, warnings: tuple[Finding, ...]) -> Trial:
    with private_folder(way.environ) as private:
        if way.placeholders:
            repo = with_placeholders(repo, private, way.placeholders, runner=way.runner, environ=way.environ)
        prepared = prepare(repo, runner=way.runner, environ=way.environ, warnings=warnings)
        rendered = render(prepared, private / "out", runner=way.runner, talhelper=way.talhelper)
        return Trial(
            configs=rendered.texts(),
            names=rendered.configs,
            client=read_client(rendered.folder / TALOSCONFIG),
            secrets=prepared.secrets,
            warnings=rendered.warnings,
        )


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _compared(before: Trial, after: Trial) -> Comparison:
    secrets = before.secrets.joined(after.secrets)
    both = [hostname for hostname in after.configs if hostname in before.configs]
    drifts = (
        NodeDrift(
            hostname=hostname,
            changes=changes(before.configs[hostname], after.configs[hostname], secrets=secrets),
        )
        for hostname in both
    )
    return Comparison(
        changed=tuple(drift for drift in drifts if drift.changes),
        added=tuple(hostname for hostname in after.configs if hostname not in before.configs),
        removed=tuple(hostname for hostname in before.configs if hostname not in after.configs),
        client=_of_clients(before.client, after.client),
    )


def _of_clients(before: Client | None, after: Client | None) -> tuple[str, ...]:
    """What differs, but for the certificate, which talhelper issues anew each time."""
    if before is None or after is None:
        return () if before is after else ("all of it",)
    parts = (
        ("context", before.context, after.context),
        ("endpoints", before.endpoints, after.endpoints),
        ("nodes", before.nodes, after.nodes),
        ("CA", before.ca, after.ca),
    )
    return tuple(name for name, old, new in parts if old != new)
