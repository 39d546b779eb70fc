"""The calls that render charts: helm, `kubectl kustomize` and helmfile. They need no cluster."""

from collections.abc import Sequence
from pathlib import Path

from talops.domain.cni import Capabilities, Release
from talops.domain.process import Call, Runner
from talops.domain.talos import Version
from talops.tools import commands
from talops.tools.calls import program_version
from talops.tools.reading import ParseError, load, text


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
    kinds = ("--args", f"--api-versions {','.join(can.kinds)}") if can.kinds else ()
    program = (path, "--file", str(file), "--helm-binary", helm, "--quiet", *selected)
    return _call("helmfile-template", program, ("--kube-version", can.version, *kinds))


def kustomize_version(runner: Runner, kubectl: str) -> Version | None:
    """Of the kustomize that this kubectl has inside; None where it does not say."""
    (result,) = runner.gather((program_version("kubectl", kubectl),))
    try:
        return Version.parse(text(load(result.stdout), "kustomizeVersion"))
    except (ParseError, ValueError):
        return None
