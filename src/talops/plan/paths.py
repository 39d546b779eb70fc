"""Which Talos release may follow which, and which Kubernetes each of them runs.

The table is the one that Talos' own installer checks on the node (its compatibility package, pre-releases ignored).
Checked here first, because on the node a wrong path shows only as a failed installer.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from talops.domain.talos import Version

MAJOR = 1
OLDEST_KEPT = 8
"""Below Talos 1.8 an upgrade wipes the node's data unless it is told to preserve it."""

Minor = int


@dataclass(frozen=True, slots=True)
class Release:
    """Minors: the oldest Talos that may upgrade to it, and the Kubernetes that it runs, first to last."""

    oldest_from: Minor
    kubernetes: tuple[Minor, Minor]


RELEASES: Mapping[Minor, Release] = {
    6: Release(3, (24, 29)),
    7: Release(4, (25, 30)),
    8: Release(5, (26, 31)),
    9: Release(8, (27, 32)),
    10: Release(8, (28, 33)),
    11: Release(9, (29, 34)),
    12: Release(10, (30, 35)),
    13: Release(11, (31, 36)),
    14: Release(12, (32, 37)),
}
NEWEST = max(RELEASES)


@dataclass(frozen=True, slots=True)
class Objection:
    """Why not, and what to do instead."""

    what: str
    hint: str


def supported_path(start: Version, target: Version) -> str | None:
    """None when `start` may upgrade to `target` in one step, else why not and what to do first."""
    objection = path_objection(start, target)
    return f"{objection.what}: {objection.hint}" if objection else None


def path_objection(start: Version, target: Version) -> Objection | None:
    """Fails closed: a release that this table does not know is not a supported target."""
    if target < start:
        return Objection(
            f"{start} to {target} is a downgrade",
            f"set talosVersion in talconfig.yaml to {start} or newer; `talops rollback NODE` boots the previous slot",
        )
    if (start.major, start.minor) < (MAJOR, OLDEST_KEPT):
        return Objection(
            f"an upgrade from {start} wipes the node's data: below Talos 1.8 only `--preserve` keeps it",
            f"take this node to v1.{OLDEST_KEPT} by hand with `talosctl upgrade --preserve`, one minor at a time",
        )
    if target.major != MAJOR or target.minor not in RELEASES:
        return Objection(
            f"this talops does not know Talos v{target.major}.{target.minor}, nor from where it may be reached",
            f"get a newer talops, or choose a talosVersion up to v1.{NEWEST}",
        )
    if start.minor < RELEASES[target.minor].oldest_from:
        stop = stop_over(start, target)
        return Objection(
            f"{start} is too old to upgrade to {target} in one step",
            f"go to v1.{stop}.x first: set talosVersion to its latest release and run `talops upgrade all`",
        )
    return None


def stop_over(start: Version, target: Version) -> Minor:
    """The newest minor on the way that `start` may go to in one step."""
    on_the_way = range(start.minor, target.minor)
    return max((m for m in on_the_way if m in RELEASES and start.minor >= RELEASES[m].oldest_from), default=start.minor)


def skips_a_minor(start: Version, target: Version) -> bool:
    return target.minor - start.minor > 1


def kubernetes_objection(kubernetes: Version, talos: Version) -> Objection | None:
    """Whether this Kubernetes runs on this Talos. A Talos that the table does not know is objected to elsewhere."""
    release = RELEASES.get(talos.minor) if talos.major == MAJOR else None
    if release is None:
        return None
    first, last = release.kubernetes
    if kubernetes.major == 1 and first <= kubernetes.minor <= last:
        return None
    is_old = (kubernetes.major, kubernetes.minor) < (1, first)
    runs = f"Talos v1.{talos.minor} runs Kubernetes v1.{first} to v1.{last}"
    hint = f"upgrade Kubernetes to v1.{first} or newer first" if is_old else "choose a newer talosVersion"
    return Objection(f"Kubernetes {kubernetes} is too {'old' if is_old else 'new'}: {runs}", hint)
