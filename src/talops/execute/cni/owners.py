"""Who keeps a release already: Flux, or a person with Helm."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from talops.domain.cni import Release
from talops.domain.process import Kube
from talops.domain.workload import FluxRelease, HelmRecord
from talops.execute.cni.kinds import Kinds, sure
from talops.tools import objects, workloads

FLUX = "helm.toolkit.fluxcd.io"
_DEPLOYED = "deployed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """`whole`: its last revision was deployed without a failure."""

    what: str
    hint: str
    drift: str
    whole: bool


def owners(kube: Kube, kinds: Kinds, releases: Sequence[Release]) -> tuple[Owner, ...]:
    """Raises Unreachable: who owns a release must be known before anything of it is changed."""
    flux = _flux_releases(kube, kinds)
    replies = kube.gather([objects.release_records(one.namespace, one.name) for one in releases])
    found = []
    for release, reply in zip(releases, replies, strict=True):
        records = sure(workloads.records(reply))
        found += list(_owners(release, flux, max(records, key=lambda record: record.revision, default=None)))
    return tuple(found)


def _flux_releases(kube: Kube, kinds: Kinds) -> tuple[FluxRelease, ...]:
    version = kinds.has_group(FLUX)
    if not version:
        return ()
    (reply,) = kube.gather([objects.helm_releases(version)])
    # the group may be that of another kind of Flux
    return () if reply.status == 404 else sure(workloads.flux_releases(reply))


def _owners(release: Release, flux: Sequence[FluxRelease], record: HelmRecord | None) -> Iterator[Owner]:
    name = f"{release.namespace}/{release.name}"
    whole = record is None or record.status == _DEPLOYED
    for one in flux:
        if (one.release_namespace, one.release) == (release.namespace, release.name):
            asleep = " (suspended)" if one.suspended else ""
            yield Owner(
                what=f"Flux keeps the release {name}, by its HelmRelease {one.namespace}/{one.name}{asleep}",
                hint=f"change it in git: flux reconcile helmrelease -n {one.namespace} {one.name}; or, to apply what "
                "the files say all the same: talops install cni --repair",
                drift=f"Flux keeps the release {name}: what its HelmRelease {one.namespace}/{one.name} says "
                "otherwise comes back when it reconciles",
                whole=whole,
            )
            return
    if record is not None:
        yield Owner(
            what=f"Helm keeps the release {name} (revision {record.revision}, {record.status})",
            hint=f"change it with the tool that made it: helm upgrade -n {release.namespace} {release.name} …; or, to "
            "apply what the files say all the same: talops install cni --repair",
            drift=f"Helm remembers the release {name} as its revision {record.revision} was: a rollback to that "
            "takes this change back",
            whole=whole,
        )
