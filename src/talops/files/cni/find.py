"""Which of the ways that are in the repository is taken: what bootstraps a cluster before Flux wins (Shape's order)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from talops.config import load_charts
from talops.domain.cni import Charts, Found, Release, Shape, Source
from talops.errors import FilesInvalid, UsageError
from talops.files.cni import helmfile, helmrelease, kustomization, manifest, talosown
from talops.files.cni.known import is_network, network
from talops.files.cni.repository import KUSTOMIZATIONS, Repository, root_of

TALCONFIG = "talconfig.yaml"
EXAMPLE = """\
for example, in talops.yaml:
  cni:
    charts:
      - chart: cilium
        repo: https://helm.cilium.io
        version: 1.18.0
        namespace: kube-system
        values: [cilium-values.yaml]"""


class TalosOwn(Exception):
    """Talos installs a CNI by itself, so there is nothing to install. The text says which, and how that is known."""


def find(repo: Path, *, path: str = "") -> Found:
    """`path`: what --from names; it decides. Raises FilesInvalid, UsageError, and TalosOwn."""
    repository = Repository(root_of(repo))
    own = talosown.says(repository, repo)
    charts = load_charts(repo)
    named = path or charts.source
    chosen: tuple[Source, ...]
    others: tuple[Source, ...] = ()
    if named:
        chosen = (_named(repository, repo, named, by="--from" if path else "cni.from of talops.yaml"),)
    else:
        near = _nearest(repository, repo)
        chosen, others = _preferred([source for source in _all(repository, repo, charts) if near(source)])
    if not chosen:
        raise _nothing(repository, repo, own)
    _must_do(chosen, others)
    chosen = _with_known_releases(chosen, (*others, *helmrelease.helm_releases(repository)) if named else others)
    networks = [name for source in chosen for name in source.networks if is_network(name)]
    twice = [f"two CNIs would be installed: {' and '.join(networks)}"] if len(set(networks)) > 1 else []
    twice += [own.warning(networks)] if networks and own.installs else []
    return Found(chosen=chosen, others=others, warnings=tuple(twice))


def _all(repository: Repository, repo: Path, charts: Charts) -> Iterator[Source]:
    yield from _of_policy(repository, repo, charts)
    yield from kustomization.kustomizations(repository)
    yield from helmfile.helmfiles(repository)
    yield from helmrelease.helm_releases(repository)
    yield from manifest.manifests(repository)


def _nearest(repository: Repository, repo: Path) -> Callable[[Source], bool]:
    """Whether a source is of this cluster, where the repository has several: no other talconfig.yaml is nearer."""
    repo = repo.absolute()
    others = [path.parent for path in repository.files if path.name == TALCONFIG and path.parent != repo]

    def near(source: Source) -> bool:
        place = repository.root / source.path
        return all(_shared(place, other) <= _shared(place, repo) for other in others)

    return near


def _shared(one: Path, other: Path) -> int:
    """How many folders two paths have in common, from the root on."""
    pairs = zip(one.parts, other.parts, strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))


def _preferred(found: Sequence[Source]) -> tuple[tuple[Source, ...], tuple[Source, ...]]:
    """The first that brings a CNI; and for approvers, where it has none, the first of its shape that brings one."""
    order = list(Shape)
    ranked = sorted(found, key=lambda source: (bool(source.trouble), order.index(source.shape), source.path))
    network_ = next((source for source in ranked if any(map(is_network, source.networks))), None)
    if network_ is None:
        return (), tuple(ranked)
    chosen = [network_]
    if all(map(is_network, network_.networks)):
        chosen += [s for s in ranked if s is not network_ and s.shape is network_.shape and _only_approves(s)][:1]
    return tuple(chosen), tuple(source for source in ranked if source not in chosen)


def _only_approves(source: Source) -> bool:
    return bool(source.networks) and not any(map(is_network, source.networks)) and not source.trouble


def _of_policy(repository: Repository, repo: Path, charts: Charts) -> Iterator[Source]:
    if charts.releases:
        networks = (network(release.chart, release.name) or release.name for release in charts.releases)
        path = repository.shown(repo.absolute() / "talops.yaml")
        yield Source(
            shape=Shape.POLICY,
            root=repository.root,
            path=path,
            networks=tuple(dict.fromkeys(networks)),
            releases=charts.releases,
        )


def _named(repository: Repository, repo: Path, path: str, *, by: str) -> Source:
    """`by`: who names it. Raises UsageError."""
    place = _place(repo, path, by)
    if place.is_dir():
        return _of_folder(repository, place, path, by)
    if place.name in KUSTOMIZATIONS:
        return kustomization.source(repository, place.parent)
    if helmfile.is_helmfile(place):
        return helmfile.source(repository, place)
    releases = list(helmrelease.sources_in(repository, place))
    if releases:
        wanted = [source for source in releases if source.networks]
        return (wanted or releases)[0]
    documents = repository.documents(place)
    if documents and all("kind" in fields and "apiVersion" in fields for fields in documents):
        return manifest.source(repository, place)
    raise UsageError(
        f"{by}: {path} is no kustomization, helmfile, HelmRelease or manifest",
        hint="values alone do not say of which chart: name it in talops.yaml under `cni.charts`, with values: "
        f"[{path}]",
    )


def _place(repo: Path, path: str, by: str) -> Path:
    """From here, or from the repository."""
    for place in (Path(path), repo / path, root_of(repo) / path):
        if place.exists():
            return place.absolute()
    raise UsageError(f"{by}: there is no {path}", hint="name a file, or a folder with a kustomization.yaml")


def _of_folder(repository: Repository, place: Path, path: str, by: str) -> Source:
    if (place / "Chart.yaml").exists():
        name = place.resolve().name
        release = Release(name=name, namespace="kube-system", chart=str(place))
        return Source(
            shape=Shape.CHART, root=repository.root, path=repository.shown(place), networks=(name,), releases=(release,)
        )
    if repository.kustomization(place) is not None:
        return kustomization.source(repository, place)
    inside = [file for file in sorted(place.iterdir()) if helmfile.is_helmfile(file)]
    inside = [file for file in inside if helmfile.source(repository, file).networks] or inside
    if inside:
        return helmfile.source(repository, inside[0])
    raise UsageError(f"{by}: {path} has no kustomization, chart or helmfile", hint="name the file itself")


def _must_do(chosen: Sequence[Source], others: Sequence[Source]) -> None:
    for source in chosen:
        if source.trouble:
            other = f"--from {others[0].path}" if others else "--from PATH"
            raise FilesInvalid(source.trouble, where=source.path, hint=f"mend it, or take another: {other}")


def _with_known_releases(chosen: Sequence[Source], others: Sequence[Source]) -> tuple[Source, ...]:
    """A manifest does not say of which release it is: a HelmRelease of the same CNI does."""
    known = {name: release for source in others for name in source.networks for release in source.releases}
    return tuple(
        replace(source, releases=tuple(known[name] for name in source.networks if name in known))
        if source.shape is Shape.MANIFEST
        else source
        for source in chosen
    )


def _nothing(repository: Repository, repo: Path, own: talosown.TalosSays) -> Exception:
    applied = talosown.applies_manifests(repository)
    if applied:
        return TalosOwn(f"Talos applies it by itself, from the manifests that {applied} gives it")
    if own.installs:
        return TalosOwn(own.what)
    return FilesInvalid(
        f"nothing in {root_of(repo)} says how its CNI is installed: no kustomization with helmCharts, helmfile, "
        "HelmRelease or manifest of one that talops knows",
        hint=f"name it: talops install cni --from PATH; or say it, {EXAMPLE}",
    )
