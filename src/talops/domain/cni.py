"""How a repository installs its CNI, what that makes in the cluster, and what stands in the way."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

MANAGER = "helm"
"""The field manager of what is applied: that of Helm's own server-side apply, which then goes on where we stopped."""
RELEASE_NAME, RELEASE_NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
MANAGED_BY, HELM = "app.kubernetes.io/managed-by", "Helm"
"""By these Helm takes objects that are there already into a release."""
HOOK = "helm.sh/hook"


class Shape(Enum):
    """How a repository says it, in the order in which one is preferred: what bootstraps a cluster before Flux wins."""

    POLICY = "charts that talops.yaml names"
    KUSTOMIZATION = "a kustomization with Helm charts"
    HELMFILE = "a helmfile"
    HELMRELEASE = "a Flux HelmRelease"
    CHART = "a chart"
    MANIFEST = "a rendered manifest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One Helm release. `repo` is a URL, `chart` a name in it, an `oci://` reference, or a folder."""

    name: str
    namespace: str
    chart: str = ""
    repo: str = field(default="", repr=False)
    version: str = ""
    values: tuple[str, ...] = field(default=(), repr=False)
    """Texts of YAML, each over the one before; they may hold secrets."""

    @property
    def has_login(self) -> bool:
        """Its URL would tell it to everybody on the machine."""
        return self.origin != self.repo

    @property
    def origin(self) -> str:
        """The URL of its repository, without a login."""
        return re.sub(r"//[^/@]*@", "//", self.repo)

    def __str__(self) -> str:
        words = " ".join(filter(None, (self.chart.rpartition("/")[2], self.version)))
        return f"{self.namespace}/{self.name}" + (f" ({words})" if words else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charts:
    """What talops.yaml says: another place to look at, or releases."""

    source: str = ""
    releases: tuple[Release, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One way of installing it. `path` is what `--from` would name: relative to `root`, where the files are."""

    shape: Shape
    root: Path
    path: str
    networks: tuple[str, ...]
    """Which CNIs and which approvers of certificates it brings, by name."""
    releases: tuple[Release, ...] = ()
    notes: tuple[str, ...] = ()
    """What it would do, or have others do, that is not done here; with what to type instead."""
    trouble: str = ""
    """Why it cannot be taken."""

    def __str__(self) -> str:
        return f"{self.shape.value}, {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`chosen` is what is installed; `others` were found, too."""

    chosen: tuple[Source, ...]
    others: tuple[Source, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def networks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for source in self.chosen for name in source.networks))

    @property
    def releases(self) -> tuple[Release, ...]:
        return tuple(release for source in self.chosen for release in source.releases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What charts ask of the cluster. `kinds` are those beyond Kubernetes' own: `group/version` and with the kind."""

    version: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeObject:
    """An object as it is to be. `namespace` is empty where nothing says one; it may hold secrets."""

    api_version: str
    kind: str
    namespace: str
    name: str
    body: Mapping[str, object] = field(repr=False, hash=False)
    bare: bool = False
    """From a chart's `crds` folder: Helm installs it beside the release, and takes its own metadata off it."""

    @property
    def group(self) -> str:
        group, slash, _ = self.api_version.rpartition("/")
        return group if slash else ""

    @property
    def version(self) -> str:
        return self.api_version.rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What the tools made of the sources. `hooks` are Helm's, which only Helm runs: they are left out."""

    objects: tuple[KubeObject, ...]
    hooks: tuple[KubeObject, ...] = ()
    unstable: Mapping[str, tuple[tuple[str | int, ...], ...]] = field(default_factory=dict)
    """Places that come out differently each time, such as new certificates; by the object as it is said."""
    unowned: tuple[str, ...] = ()
    """Objects of no release: no Helm will take them over."""


class Fate(Enum):
    """What becomes of an object."""

    ADDED = "add"
    CHANGED = "change"
    ADOPTED = "adopt"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """Redacted. A side is empty where there is nothing."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A field that somebody else has set to another value, by the name under which they write."""

    manager: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPlan:
    """`conflicts` are those with hands that are not known to be an earlier installation's."""

    object: KubeObject
    fate: Fate
    changes: tuple[FieldChange, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    left_over: tuple[str, ...] = ()
    """Parts that it keeps, though the files do not have them: somebody else has set them."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CniRefusal:
    what: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CniPlan:
    """With a refusal nothing is applied. `lacks` is what is not up as the cluster is now."""

    found: Found
    objects: tuple[ObjectPlan, ...]
    refusals: tuple[CniRefusal, ...] = ()
    warnings: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    @property
    def pending(self) -> tuple[ObjectPlan, ...]:
        return tuple(planned for planned in self.objects if planned.fate is not Fate.SAME)
