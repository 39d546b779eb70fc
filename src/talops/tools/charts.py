"""The calls that render charts: helm, `kubectl kustomize` and helmfile. They need no cluster."""

from collections.abc import Sequence
from pathlib import Path

from talops.domain.cni import Capabilities, Release
from talops.domain.process import Call
from talops.tools import commands


def _call(name: str, program: tuple[str, ...], words: Sequence[str]) -> Call:
    template = commands.TEMPLATES[name]
    return Call(template=name, argv=(*program, *template.command, *words), deadline=template.deadline)


def helm_pull(path: str, release: Release, folder: Path) -> Call:
    """The chart, unpacked below this folder."""
    repo = ("--repo", release.repo) if release.repo else ()
    version = ("--version", release.version) if release.version else ()
    return _call("helm-pull", (path,), (release.chart, *repo, *version, "--untardir", str(folder)))


def helm_template(path: str, release: Release, chart: Path, values: Sequence[Path], can: Capabilities) -> Call:
    """`chart` is a folder; `values` are files, each over the one before."""
    files = [word for file in values for word in ("--values", str(file))]
    kinds = ("--api-versions", ",".join(can.kinds)) if can.kinds else ()
    words = (release.name, str(chart), "--namespace", release.namespace, "--kube-version", can.version)
    return _call("helm-template", (path,), (*words, *kinds, *files))


def kubectl_kustomize(path: str, folder: Path, helm: str, can: Capabilities) -> Call:
    """It fetches the charts into the folders of their kustomizations: give it a copy."""
    kinds = ("--helm-api-versions", ",".join(can.kinds)) if can.kinds else ()
    words = ("--helm-command", helm, "--helm-kube-version", can.version, *kinds, str(folder))
    return _call("kubectl-kustomize", (path,), words)


def helmfile_template(path: str, file: Path, helm: str, releases: Sequence[Release], can: Capabilities) -> Call:
    """Only of these releases, and not of those that they need: a CNI needs none."""
    selected = [word for one in releases for word in ("--selector", f"name={one.name},namespace={one.namespace}")]
    # its own list, one word each: a comma would be part of it
    kinds = [word for kind in can.kinds for word in ("--api-versions", kind)]
    program = (path, "--file", str(file), "--helm-binary", helm, "--quiet", *selected)
    return _call("helmfile-template", program, ("--kube-version", can.version, *kinds))
