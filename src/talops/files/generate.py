"""Machine configs of every node, as talhelper generates them from the repository's files."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from talops.config import load_files
from talops.domain.process import Runner
from talops.files.inputs import inputs_of
from talops.files.render import CLUSTERCONFIG, render
from talops.files.stamp import is_current, read_stamp
from talops.tools.pins import private_folder

TALHELPER = "talhelper"


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
    loaded = load_files(repo, runner=runner, environ=environ)
    inputs = inputs_of(repo, loaded, runner)
    with private_folder(environ) as private:
        rendered = render(repo, loaded, inputs, private, runner=runner, talhelper=talhelper)
        return {hostname: (private / name).read_text(encoding="utf-8") for hostname, name in rendered.configs.items()}
