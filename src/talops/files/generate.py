"""Machine configs of every node in clusterconfig/: right and whole, or as they were before."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from talops.domain.finding import Finding
from talops.domain.generated import Generated
from talops.domain.process import Runner
from talops.files.client import keep_or_renew
from talops.files.current import CLUSTERCONFIG, Wish, heed, nothing_to_do, tell_factory
from talops.files.factory import Schematic
from talops.files.hidden import keep_from_git
from talops.files.leavings import TALOSCONFIG, is_foreign
from talops.files.once import decrypting_once
from talops.files.prepare import Prepared, checked, prepare
from talops.files.render import Rendered, render
from talops.files.schematics import schematics_of
from talops.files.stamp import STAMP, Sources, Stamp, fingerprints, is_current, of_file, read_stamp, stamp_text
from talops.files.swap import GITIGNORE, beside, files_in, locked, place_of, swap_in
from talops.tools.pins import private_folder, write_private
from talops.tools.talhelper import TALHELPER


def generate(
    repo: Path, wish: Wish, *, runner: Runner, environ: Mapping[str, str] = os.environ, talhelper: str = TALHELPER
) -> Generated:
    """Generate all of it, unless nothing has changed.

    Raises FilesInvalid, Refused, Locked, ToolMissing, ToolFailed: then clusterconfig/ is as it was.
    """
    repo = repo.absolute()
    place = place_of(repo / CLUSTERCONFIG)
    runner = decrypting_once(runner, repo)
    warnings = checked(repo, runner=runner, environ=environ, talhelper=talhelper)
    with locked(place):
        if (done := nothing_to_do(repo, wish, environ, talhelper)) is not None:
            # the one that held the lock has done it
            return done
        prepared = prepare(repo, runner=runner, environ=environ, warnings=warnings)
        sources = fingerprints(repo, prepared.inputs.files, prepared.inputs.variables, environ, talhelper)
        with beside(place) as folder:
            rendered = render(prepared, folder, runner=runner, talhelper=talhelper)
            heed(rendered.warnings, strict=wish.strict)
            hushed = keep_from_git(runner, place, folder, (*rendered.configs.values(), TALOSCONFIG, STAMP))
            schematics = schematics_of(prepared.top)
            told = tell_factory(schematics, wish, environ)
            stamp = _stamped(rendered, sources, schematics, _renewal(place, folder, wish))
            return _put_in_place(prepared, rendered, stamp, place, (*hushed, *told))


def _renewal(place: Path, folder: Path, wish: Wish) -> float:
    former = folder / TALOSCONFIG if wish.force else place / TALOSCONFIG
    return keep_or_renew(former, folder / TALOSCONFIG, time.time())


def _stamped(rendered: Rendered, sources: Sources, schematics: tuple[Schematic, ...], renew_after: float) -> Stamp:
    names = (*rendered.configs.values(), TALOSCONFIG, GITIGNORE)
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
    ours = {*stamp.outputs, STAMP, GITIGNORE}
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
    repo = repo.absolute()
    runner = decrypting_once(runner, repo)
    prepared = prepare(
        repo,
        runner=runner,
        environ=environ,
        warnings=checked(repo, runner=runner, environ=environ, talhelper=talhelper),
    )
    with private_folder(environ) as private:
        return render(prepared, private, runner=runner, talhelper=talhelper).texts()
