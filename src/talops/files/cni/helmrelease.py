"""Values inside a Flux HelmRelease: its chart, where that comes from, and what its values are made of."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from talops.config.files import BOM
from talops.domain.cni import Release, Shape, Source
from talops.files.cni.known import network
from talops.files.cni.repository import KUSTOMIZATIONS, Fields, Repository, table, tables, text, texts
from talops.files.cni.variables import Variables, variables_of

_REPOSITORIES = ("HelmRepository", "OCIRepository")


def helm_releases(repository: Repository) -> Iterator[Source]:
    for path, fields in repository.of_kind("HelmRelease"):
        if network(_chart_name(fields), text(fields, "metadata", "name")):
            yield _Reading(repository, path, fields).source()


def sources_in(repository: Repository, path: Path) -> Iterator[Source]:
    """Each HelmRelease of one file, whatever it is of."""
    for fields in repository.documents(path):
        if fields.get("kind") == "HelmRelease":
            yield _Reading(repository, path, fields).source()


def _chart_name(fields: Fields) -> str:
    return text(fields, "spec", "chart", "spec", "chart") or text(fields, "spec", "chartRef", "name")


@dataclass(frozen=True, slots=True)
class _Chart:
    chart: str = ""
    repo: str = ""
    version: str = ""
    trouble: str = ""


class _Reading:
    """One HelmRelease."""

    def __init__(self, repository: Repository, path: Path, fields: Fields) -> None:
        self._repository, self._path = repository, path
        self._variables: Variables = variables_of(repository, path)
        self._fields = fields
        self._spec = table(fields, "spec")

    def source(self) -> Source:
        chart = self._chart()
        values, unread = self._values()
        namespace, guessed = self._namespace()
        name = text(self._spec, "releaseName") or self._default_name()
        release = Release(
            name=name,
            namespace=namespace,
            chart=chart.chart,
            repo=chart.repo,
            version=chart.version,
            values=values,
        )
        found = network(_chart_name(self._fields), text(self._fields, "metadata", "name"))
        return Source(
            shape=Shape.HELMRELEASE,
            root=self._repository.root,
            path=self._repository.shown(self._path),
            networks=(found,) if found else (),
            releases=(release,),
            notes=(*guessed, *self._left_out()),
            trouble=next(filter(None, (chart.trouble, *unread, self._unset())), ""),
        )

    def _left_out(self) -> tuple[str, ...]:
        """What Flux would do with it besides."""
        name = text(self._fields, "metadata", "name")
        return (f"the postRenderers of {name} are not applied",) if self._spec.get("postRenderers") else ()

    def _unset(self) -> str:
        if not self._variables.missing:
            return ""
        names = ", ".join(f"${{{name}}}" for name in sorted(self._variables.missing))
        return f"it holds {names}, which Flux fills in from what the repository does not say in clear: export it"

    def _default_name(self) -> str:
        """As Flux composes it."""
        target, name = text(self._spec, "targetNamespace"), text(self._fields, "metadata", "name")
        return f"{target}-{name}" if target else name

    def _chart(self) -> _Chart:
        reference = table(self._spec, "chartRef")
        wanted = table(self._spec, "chart", "spec")
        if reference:
            return self._of_reference(text(reference, "kind"), text(reference, "name"), text(reference, "namespace"))
        origin = table(wanted, "sourceRef")
        kind, name = text(origin, "kind"), text(origin, "name")
        found = self._origin(kind, name, text(origin, "namespace"))
        chart, version = text(wanted, "chart"), text(wanted, "version")
        if found is None:
            return _Chart(chart, "", version, f"the repository has no {kind or 'source'} {name} that its chart is from")
        url = text(found, "spec", "url").rstrip("/")
        if kind == "GitRepository":
            return _Chart(chart, "", version, f"its chart is in the git repository {url}, which talops does not fetch")
        if url.startswith("oci://"):
            return _Chart(f"{url}/{chart}", "", version)
        return _Chart(chart, url, version)

    def _of_reference(self, kind: str, name: str, namespace: str) -> _Chart:
        found = self._origin(kind, name, namespace)
        if found is None or kind not in _REPOSITORIES:
            return _Chart(name, trouble=f"the repository has no OCIRepository {name} that its chart is from")
        ref = table(found, "spec", "ref")
        url, digest = text(found, "spec", "url").rstrip("/"), text(ref, "digest")
        return _Chart(f"{url}@{digest}" if digest else url, "", text(ref, "tag") or text(ref, "semver"))

    def _origin(self, kind: str, name: str, namespace: str) -> Fields | None:
        """By its name; of several of that name, the one in this namespace, or beside the HelmRelease."""
        found = [
            (path, fields)
            for path, fields in self._repository.of_kind(kind)
            if kind and text(fields, "metadata", "name") == name
        ]
        wanted = namespace or text(self._fields, "metadata", "namespace")
        in_place = [one for one in found if text(one[1], "metadata", "namespace") == wanted]
        beside = [one for one in found if one[0].parent == self._path.parent]
        chosen = next(iter([*in_place, *beside, *found]), None)
        return self._variables.filled_fields(chosen[1]) if chosen else None

    def _namespace(self) -> tuple[str, tuple[str, ...]]:
        """And, where nothing says it, that it is a guess."""
        said = text(self._spec, "targetNamespace") or text(self._fields, "metadata", "namespace")
        said = said or self._of_kustomization() or self._variables.namespace
        if said:
            return said, ()
        note = f"nothing says the namespace of {text(self._fields, 'metadata', 'name')}: kube-system is taken"
        return "kube-system", (note,)

    def _of_kustomization(self) -> str:
        """A kustomization in this folder, or in one above, gives its namespace to all below."""
        folder = self._path.parent
        while folder != self._repository.root.parent and folder != folder.parent:
            found = self._repository.kustomization(folder)
            if found is not None and text(found[1], "namespace"):
                return text(found[1], "namespace")
            folder = folder.parent
        return ""

    def _values(self) -> tuple[tuple[str, ...], list[str]]:
        """The texts of valuesFrom, and its own over them; and what cannot be read of them."""
        found: list[str] = []
        unread: list[str] = []
        for row in tables(self._spec.get("valuesFrom")):
            kind, name = text(row, "kind"), text(row, "name")
            file = self._generated(name, text(row, "valuesKey") or "values.yaml") if kind == "ConfigMap" else None
            if text(row, "targetPath"):
                unread.append(f"its values are partly from {kind} {name} by targetPath, which talops does not do")
            elif file is not None and (words := self._repository.text(file)):
                found.append(self._variables.filled(words.decode("utf-8", "replace").removeprefix(BOM)))
            elif row.get("optional") is not True:
                unread.append(f"its values are partly from {kind} {name}, which the repository does not make")
        own = self._variables.filled_fields(table(self._spec, "values"))
        # JSON is YAML
        return (*found, *([json.dumps(own)] if own else [])), unread

    def _generated(self, name: str, key: str) -> Path | None:
        """The file that a configMapGenerator makes this key from; the nearest one of that name."""
        at = sorted(
            (path for path in self._repository.files if path.name in KUSTOMIZATIONS),
            key=lambda path: (path.parent != self._path.parent, len(path.parts), str(path)),
        )
        for path in at:
            if name.encode() not in self._repository.text(path):
                continue
            for fields in self._repository.documents(path)[:1]:
                for generator in tables(fields.get("configMapGenerator")):
                    found = _file_of(texts(generator.get("files")), key) if text(generator, "name") == name else ""
                    if found:
                        return (path.parent / found).resolve()
        return None


def _file_of(rows: Sequence[str], key: str) -> str:
    """`key=file`, or the file whose name is the key."""
    for row in rows:
        named, equals, file = row.partition("=")
        if (named if equals else Path(row).name) == key:
            return file if equals else row
    return ""
