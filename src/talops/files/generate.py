"""Machine configs of every node in clusterconfig/: right and whole, or as they were before."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from talops.domain.finding import Finding, Severity
from talops.domain.process import Runner
from talops.files.client import keep_or_renew
from talops.files.factory import Schematic, tell
from talops.files.hidden import keep_from_git
from talops.files.leavings import TALOSCONFIG, is_foreign
from talops.files.prepare import Prepared, Rejected, checked, prepare
from talops.files.render import CLUSTERCONFIG, Rendered, render
from talops.files.schematics import schematics_of
from talops.files.stamp import STAMP, Sources, Stamp, fingerprints, is_current, of_file, read_stamp, stamp_text
from talops.files.swap import GITIGNORE, beside, files_in, locked, place_of, swap_in
from talops.tools.pins import private_folder, write_private

TALHELPER = "talhelper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`strict`: a warning is an error. `offline`: the Image Factory is not told. `force`: nothing is kept."""

    strict: bool = False
    offline: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """`changed` is False when nothing had to be done. `removed` are files of no node, which were there before."""

    nodes: int
    changed: bool
    removed: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()


def generate(
    repo: Path, wish: Wish, *, runner: Runner, environ: Mapping[str, str] = os.environ, talhelper: str = TALHELPER
) -> Generated:
    """Generate what is not current. Raises FilesInvalid, Locked, ToolMissing, ToolFailed: then nothing has changed."""
    place = place_of(repo / CLUSTERCONFIG)
    if not wish.force and (done := _nothing_to_do(repo, place, wish, environ, talhelper)) is not None:
        return done
    warnings = checked(repo, runner=runner, environ=environ)
    with locked(place):
        if not wish.force and (done := _nothing_to_do(repo, place, wish, environ, talhelper)) is not None:
            # the one that held the lock has done it
            return done
        prepared = prepare(repo, runner=runner, environ=environ, warnings=warnings)
        sources = fingerprints(repo, prepared.inputs.files, prepared.inputs.variables, environ, talhelper)
        with beside(place) as folder:
            rendered = render(prepared, folder, runner=runner, talhelper=talhelper)
            _heed(rendered.warnings, wish)
            hushed = keep_from_git(runner, place, folder, (*rendered.configs.values(), TALOSCONFIG, STAMP))
            schematics = schematics_of(prepared.top)
            told = _told(schematics, wish, environ)
            stamp = _stamped(rendered, sources, schematics, _renewal(place, folder, wish))
            return _put_in_place(prepared, rendered, stamp, place, (*hushed, *told))


def _nothing_to_do(repo: Path, place: Path, wish: Wish, environ: Mapping[str, str], talhelper: str) -> Generated | None:
    """What was warned of the last time is still so, and is said again."""
    stamp = read_stamp(place)
    if stamp is None or not is_current(stamp, place, repo, environ, talhelper, time.time()):
        return None
    _heed(stamp.warnings, wish)
    told = _told(stamp.schematics, wish, environ)
    return Generated(nodes=len(stamp.configs), changed=False, warnings=(*stamp.warnings, *told))


def _heed(warnings: tuple[Finding, ...], wish: Wish) -> None:
    """Raises Rejected where a warning is an error."""
    if wish.strict and warnings:
        raise Rejected(tuple(replace(warning, severity=Severity.ERROR) for warning in warnings))


def _told(schematics: tuple[Schematic, ...], wish: Wish, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """Raises Rejected when the Image Factory refuses one."""
    findings = () if wish.offline else tell(schematics, environ)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise Rejected(findings)
    return findings


def _renewal(place: Path, folder: Path, wish: Wish) -> float:
    former = folder / TALOSCONFIG if wish.force else place / TALOSCONFIG
    return keep_or_renew(former, folder / TALOSCONFIG, time.time())


def _stamped(rendered: Rendered, sources: Sources, schematics: tuple[Schematic, ...], renew_after: float) -> Stamp:
    names = (*rendered.configs.values(), TALOSCONFIG)
    return Stamp(
        sources=sources,
        configs=rendered.configs,
        outputs={name: of_file(rendered.folder / name) for name in names},
        renew_after=renew_after,
        warnings=rendered.warnings,
        schematics=schematics,
    )


def _put_in_place(
    prepared: Prepared, rendered: Rendered, stamp: Stamp, place: Path, told: tuple[Finding, ...]
) -> Generated:
    write_private(rendered.folder / STAMP, stamp_text(stamp))
    foreign = is_foreign(place, prepared.loaded.desired.cluster_name)
    ours = {os.path.normpath(name) for name in stamp.outputs} | {STAMP, GITIGNORE}
    removed = tuple(sorted(name for name in files_in(place) if name not in ours and not foreign(name)))
    swap_in(rendered.folder, place, foreign)
    return Generated(nodes=len(rendered.configs), changed=True, removed=removed, warnings=(*rendered.warnings, *told))


def desired_configs(
    repo: Path, *, runner: Runner, environ: Mapping[str, str] = os.environ, talhelper: str = TALHELPER
) -> Mapping[str, str]:
    """The machine config of each node, by hostname: from clusterconfig/ while it is current, else rendered anew.

    Writes nothing but a private folder that is gone again. Raises FilesInvalid, ToolMissing, ToolFailed.
    """
    folder = repo / CLUSTERCONFIG
    stamp = read_stamp(folder)
    if stamp is not None and is_current(stamp, folder, repo, environ, talhelper, time.time()):
        return {hostname: (folder / name).read_text(encoding="utf-8") for hostname, name in stamp.configs.items()}
    prepared = prepare(repo, runner=runner, environ=environ, warnings=checked(repo, runner=runner, environ=environ))
    with private_folder(environ) as private:
        return render(prepared, private, runner=runner, talhelper=talhelper).texts()
