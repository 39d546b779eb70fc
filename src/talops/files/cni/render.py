"""What the tools make of a source. They run twice, so that what comes out differently each time is known."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from talops.domain.cni import MANAGED_BY, Capabilities, Found, KubeObject, Release, Rendered, Shape, Source
from talops.domain.process import Call, End, Result, Runner
from talops.domain.talos import Version
from talops.errors import ToolFailed, ToolMissing
from talops.files.cni.complaints import explained
from talops.files.cni.kustomization import without_label
from talops.files.cni.mirror import mirror
from talops.files.cni.objects import objects_of, rendered
from talops.files.cni.repository import Repository, text
from talops.files.inputs import is_encrypted
from talops.tools.charts import helm_pull, helm_template, helmfile_template, kubectl_kustomize
from talops.tools.pins import write_private
from talops.tools.programs import missing

HELM, KUBECTL, HELMFILE = "helm", "kubectl", "helmfile"
_NEW_KUSTOMIZE = (5, 8)
"""From there on it can do with helm 4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderers:
    """`runner` gives helm homes of our own below `folder`, which is private. `path` finds a program, or raises
    ToolMissing; `versions`: of helm, and of the kustomize inside kubectl, None where it is not known."""

    runner: Runner
    folder: Path
    path: Callable[[str], str]
    versions: Callable[[str], Version | None]


def render(found: Found, renderers: Renderers, can: Capabilities) -> Rendered:
    """Raises ToolMissing and ToolFailed: then nothing is left but the private folder."""
    parts = []
    for number, source in enumerate(found.chosen):
        first, again = _Rendering(source, renderers, can, renderers.folder / str(number)).both()
        parts.append(rendered(first, again, source.releases))
    return Rendered(
        objects=tuple(one for part in parts for one in part.objects),
        hooks=tuple(one for part in parts for one in part.hooks),
        unstable={name: places for part in parts for name, places in part.unstable.items()},
        unowned=tuple(name for part in parts for name in part.unowned),
    )


Objects = tuple[KubeObject, ...]


class _Rendering:
    """Of one source, in a folder of its own."""

    def __init__(self, source: Source, renderers: Renderers, can: Capabilities, folder: Path) -> None:
        self._source, self._renderers, self._can, self._folder = source, renderers, can, folder
        folder.mkdir()

    def both(self) -> tuple[Objects, Objects]:
        match self._source.shape:
            case Shape.MANIFEST:
                found = objects_of((self._source.root / self._source.path).read_text("utf-8"), self._source.path)
                return found, found
            case Shape.KUSTOMIZATION:
                return self._kustomized()
            case Shape.HELMFILE:
                return self._by_helmfile()
            case _:
                return self._templated()

    def _kustomized(self) -> tuple[Objects, Objects]:
        helm, kubectl = self._renderers.path(HELM), self._renderers.path(KUBECTL)
        self._refuse_old_kustomize(helm)
        copy = self._folder / "repository"
        mirror(self._source.root, copy)
        self._without_label(copy)
        call = kubectl_kustomize(kubectl, (copy / self._source.path).parent, helm, self._can)
        first = self._run([call])
        # the second run finds the charts that the first has fetched
        again, bare = self._run([call]), definitions_beside(copy)
        return self._objects(first, bare), self._objects(again, bare)

    def _without_label(self, copy: Path) -> None:
        """Helm's label is put on the objects later, and on nothing else."""
        repository = Repository(self._source.root)
        folder = (self._source.root / self._source.path).parent
        for path, fields in without_label(repository, folder, MANAGED_BY):
            place = copy / path.resolve().relative_to(self._source.root.resolve())
            place.unlink()
            # JSON is YAML
            place.write_text(json.dumps(fields))

    def _refuse_old_kustomize(self, helm: str) -> None:
        helms, kustomize = self._renderers.versions(HELM), self._renderers.versions(KUBECTL)
        if helms is None or kustomize is None or helms.major < 4:
            return
        if (kustomize.major, kustomize.minor) < _NEW_KUSTOMIZE:
            raise ToolFailed(
                f"kubectl's kustomize {kustomize} cannot run helm {helms} ({helm}): it asks for `helm version -c`, "
                "which helm 4 refuses",
                hint="a kubectl of 1.36 or newer, or helm 3: in talops.yaml `tools: {helm: {version: 3.22.0}}`, "
                "then talops init --update",
            )

    def _by_helmfile(self) -> tuple[Objects, Objects]:
        helm, helmfile = self._renderers.path(HELM), self._helmfile()
        file = self._source.root / self._source.path
        call = helmfile_template(helmfile, file, helm, self._source.releases, self._can)
        return self._objects(self._run([call])), self._objects(self._run([call]))

    def _helmfile(self) -> str:
        """The user's own: talops does not install one."""
        try:
            return self._renderers.path(HELMFILE)
        except ToolMissing as error:
            hint = "install it (https://helmfile.readthedocs.io), or take another source: --from PATH"
            raise ToolMissing(f"{self._source.path} needs helmfile: {error.what}", hint=hint) from None

    def _templated(self) -> tuple[Objects, Objects]:
        """All charts are fetched, side by side, and then all are rendered, each twice."""
        helm = self._renderers.path(HELM)
        charts = self._pulled(helm)
        calls = [
            helm_template(helm, release, chart, self._values(number, release), self._can)
            for number, (release, chart) in enumerate(zip(self._source.releases, charts, strict=True))
        ]
        texts = self._run([*calls, *calls])
        return self._objects(texts[: len(calls)]), self._objects(texts[len(calls) :])

    def _pulled(self, helm: str) -> list[Path]:
        places = [self._folder / f"chart-{number}" for number in range(len(self._source.releases))]
        for release in self._source.releases:
            if release.has_login:
                raise ToolFailed(
                    f"{self._source.path}: the URL of {release.origin} holds a login, which helm would show to "
                    "everybody on this machine",
                    hint="take the login out of the URL, and give helm a registry's: helm registry login HOST",
                )
        far = [(one, place) for one, place in zip(self._source.releases, places, strict=True) if not _is_here(one)]
        self._run([helm_pull(helm, release, place) for release, place in far])
        return [
            Path(release.chart) if _is_here(release) else _only_folder(place, release)
            for release, place in zip(self._source.releases, places, strict=True)
        ]

    def _values(self, number: int, release: Release) -> list[Path]:
        files = []
        for count, words in enumerate(release.values):
            if is_encrypted(words):
                what = f"{self._source.path}: values of {release} are encrypted with sops, which helm does not read"
                raise ToolFailed(what, hint="keep secrets out of the values of a CNI, or take a helmfile: --from PATH")
            files.append(self._folder / f"values-{number}-{count}.yaml")
            write_private(files[-1], words.encode())
        return files

    def _run(self, calls: Sequence[Call]) -> list[str]:
        """What each printed. Raises ToolFailed and ToolMissing."""
        results = self._renderers.runner.gather(calls)
        for call, result in zip(calls, results, strict=True):
            if not result.ok:
                raise self._failed(call, result)
        return [result.stdout.decode("utf-8", "replace") for result in results]

    def _failed(self, call: Call, result: Result) -> ToolMissing | ToolFailed:
        name = call.template.partition("-")[0]
        if result.end is End.NOT_FOUND:
            return missing(name, result)
        what, hint = explained(call, result, str(self._renderers.folder))
        return ToolFailed(f"{self._source.path}: {what}; nothing was changed", hint=hint)

    def _objects(self, texts: Sequence[str], bare: Collection[str] = ()) -> Objects:
        by = {Shape.KUSTOMIZATION: "kubectl kustomize", Shape.HELMFILE: HELMFILE}.get(self._source.shape, HELM)
        return tuple(one for words in texts for one in objects_of(words, by, bare))


def definitions_beside(copy: Path) -> frozenset[str]:
    """Names of the definitions in the `crds` folders of the charts below: kustomize does not say where it has one."""
    repository = Repository(copy)
    files = [file for folder in copy.rglob("crds") if "charts" in folder.parts for file in folder.rglob("*.y*ml")]
    found = (text(fields, "metadata", "name") for file in files for fields in repository.documents(file))
    return frozenset(filter(None, found))


def _is_here(release: Release) -> bool:
    return not release.repo and not release.chart.startswith("oci://")


def _only_folder(place: Path, release: Release) -> Path:
    """Where the chart was unpacked to."""
    folders = [one for one in place.iterdir() if one.is_dir()] if place.is_dir() else []
    if len(folders) != 1:
        raise ToolFailed(f"helm pull left no chart of {release}", hint=f"by hand: helm pull --untar {release.chart}")
    return folders[0]
