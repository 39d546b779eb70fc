"""A kustomization with Helm charts, possibly below others that only put such together."""

from collections.abc import Iterator
from pathlib import Path

from talops.domain.cni import MANAGED_BY, RELEASE_NAME, RELEASE_NAMESPACE, Release, Shape, Source
from talops.files.cni.known import network
from talops.files.cni.repository import KUSTOMIZATIONS, Fields, Repository, table, tables, text, texts

Paths = dict[Path, Fields]


def kustomizations(repository: Repository) -> Iterator[Source]:
    """The topmost that bring nothing but a CNI and what belongs to it."""
    own = {folder: fields for folder, fields in _with_charts(repository) if _networks(_releases(fields))}
    tops = [folder for folder in own if not _parents(repository, folder, own)]
    parents = {parent for folder in own for parent in _parents(repository, folder, own)}
    for folder in sorted({*tops, *parents}):
        if not _parents(repository, folder, own):
            yield source(repository, folder)


def source(repository: Repository, folder: Path) -> Source:
    """Whatever is in this folder's kustomization."""
    releases = tuple(_below(repository, folder, set()))
    found = repository.kustomization(folder)
    path = repository.shown(found[0] if found else folder)
    trouble = "" if found else "it has no kustomization that can be read"
    return Source(
        shape=Shape.KUSTOMIZATION,
        root=repository.root,
        path=path,
        networks=_networks(releases),
        releases=releases,
        notes=tuple(_selecting(repository, folder)),
        trouble=trouble,
    )


def _selecting(repository: Repository, folder: Path) -> Iterator[str]:
    """Labels of its own that go into selectors, where Helm has none: it cannot take such workloads over."""
    seen: set[Path] = set()
    list(_below(repository, folder, seen))
    for found in filter(None, map(repository.kustomization, sorted(seen))):
        rows = [row for row in tables(found[1].get("labels")) if row.get("includeSelectors") is True]
        pairs = (table(found[1], "commonLabels"), *(table(row, "pairs") for row in rows))
        names = sorted({key for each in pairs for key in each} - {MANAGED_BY})
        if names:
            yield (
                f"{repository.shown(found[0])} puts the label {', '.join(names)} into selectors, which nobody can "
                "change later: no Helm release can take such workloads over (use `labels` without includeSelectors)"
            )


def without_label(repository: Repository, folder: Path, label: str) -> Iterator[tuple[Path, Fields]]:
    """The kustomizations of this folder and below that put this label on everything, without that; by their paths.

    `commonLabels` go into selectors, too. Helm has no such selectors, and nobody can change them later.
    """
    seen: set[Path] = set()
    list(_below(repository, folder, seen))
    for place in sorted(seen):
        found = repository.kustomization(place)
        if found is not None and (without := _without(found[1], label)) != found[1]:
            yield found[0], without


def _without(fields: Fields, label: str) -> Fields:
    common = {key: value for key, value in table(fields, "commonLabels").items() if key != label}
    rows = [
        {**row, "pairs": {key: value for key, value in table(row, "pairs").items() if key != label}}
        for row in tables(fields.get("labels"))
    ]
    kept = {key: value for key, value in fields.items() if key not in {"commonLabels", "labels"}}
    labels = [row for row in rows if row["pairs"]]
    return {**kept, **({"commonLabels": common} if common else {}), **({"labels": labels} if labels else {})}


def _with_charts(repository: Repository) -> Iterator[tuple[Path, Fields]]:
    for path in repository.files:
        if path.name in KUSTOMIZATIONS and b"helmChart" in repository.text(path):
            yield from ((path.parent, fields) for fields in repository.documents(path)[:1])


def _releases(fields: Fields) -> tuple[Release, ...]:
    """Of its own charts; `helmChartInflationGenerator` is their form of old."""
    rows = (*tables(fields.get("helmCharts")), *tables(fields.get("helmChartInflationGenerator")))
    said = table(fields, "commonAnnotations")
    return tuple(
        Release(
            name=text(said, RELEASE_NAME) or text(row, "releaseName") or text(row, "name") or text(row, "chartName"),
            namespace=text(said, RELEASE_NAMESPACE) or text(row, "namespace") or text(fields, "namespace") or "default",
            chart=text(row, "name") or text(row, "chartName"),
            repo=text(row, "repo") or text(row, "chartRepo"),
            version=text(row, "version") or text(row, "chartVersion"),
        )
        for row in rows
    )


def _networks(releases: tuple[Release, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for release in releases if (name := network(release.chart, release.name))))


def _resources(fields: Fields) -> tuple[str, ...]:
    return tuple(name for key in ("resources", "components", "bases") for name in texts(fields.get(key)))


def _below(repository: Repository, folder: Path, seen: set[Path]) -> Iterator[Release]:
    if folder in seen or (found := repository.kustomization(folder)) is None:
        return
    seen.add(folder)
    yield from _releases(found[1])
    for name in _resources(found[1]):
        yield from _below(repository, (folder / name).resolve(), seen)


def _parents(repository: Repository, folder: Path, own: Paths) -> list[Path]:
    """Kustomizations one folder up that have this one, and otherwise nothing but its like, or files of their own."""
    parent = folder.parent
    found = repository.kustomization(parent)
    if found is None or parent == folder:
        return []
    under = [(parent / name).resolve() for name in _resources(found[1])]
    folders = [one for one in under if not one.is_file()]
    if folder.resolve() not in folders or not all(one in {path.resolve() for path in own} for one in folders):
        return []
    return [parent]
