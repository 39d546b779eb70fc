"""`talops init`: the tools that the lock names; or, without one or with --update, those that the cluster needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from talops.domain.cluster import Desired
from talops.domain.talos import Version
from talops.domain.tool import Missing, ToolSettings, Watcher
from talops.errors import Exit, FilesInvalid, TalopsError, ToolFailed, ToolMissing
from talops.toolbox.find import Programs
from talops.toolbox.lock import LOCK, Lock, lock_text, write_lock
from talops.toolbox.provide import Provider
from talops.toolbox.releases import RELEASES
from talops.toolbox.resolve import Wanted
from talops.tools.route import shown

UPDATE = "talops init --update"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Whom to ask what the cluster needs, by which programs."""

    desired: Callable[[Programs], Desired]
    """What the files say. Raises FilesInvalid, and ToolMissing where it takes a sops that is not there."""
    running: Callable[[Programs, Desired], Sequence[Version]]
    """Which Talos each node runs that answers."""


def from_lock(provider: Provider, lock: Lock, cluster: Cluster, settings: ToolSettings) -> Exit:
    """Install what the lock names and the machine has not. The lock stays as it is.

    Raises what kept a tool from being installed.
    """
    take_lock(provider, lock)
    provider.install(tuple(provider.assets))
    raise_failures(provider)
    return fits(lock, cluster, settings, provider.programs(), provider.watcher)


def complete(lock: Lock, programs: Programs) -> bool:
    """Whether all that the lock names is here."""
    names = [binary for name in lock.tools if name in RELEASES for binary in RELEASES[name].programs()]
    return not any(isinstance(program, Missing) for name in names for program in programs.all_of(name))


def take_lock(provider: Provider, lock: Lock) -> None:
    for name, versions in lock.tools.items():
        for version, assets in versions.items():
            # one that a later talops will know
            if name in RELEASES:
                provider.assets[Wanted(release=RELEASES[name], version=version)] = dict(assets)


def anew(provider: Provider, repo: Path, cluster: Cluster, settings: ToolSettings) -> Exit:
    """Find out what is needed, install it, and write the lock. Raises FilesInvalid, and what kept a tool out."""
    standing = [_standing(name, settings, provider.before) for name, release in RELEASES.items() if release.good]
    try:
        desired = cluster.desired(provider.programs())
    except ToolMissing:
        # the files are encrypted, and it takes a tool of ours to read them
        _provide(provider, standing)
        raise_failures(provider)
        desired = cluster.desired(provider.programs())
    _provide(provider, [*standing, *_of_files(desired, settings)])
    _provide(provider, _of_nodes(cluster.running(provider.programs(), desired), desired, settings, provider.before))
    raise_failures(provider)
    if provider.before is None or lock_text(provider.before) != lock_text(provider.lock):
        write_lock(repo, provider.lock)
        if provider.mirror.startswith("http:"):
            mirror = shown(provider.mirror)
            provider.watcher.said(f"{mirror} is not encrypted: somebody on the way may have chosen these checksums")
        provider.watcher.said(f"{LOCK} is written: commit it, so that everybody runs the same tools")
    return Exit.DONE


def to_begin_with(provider: Provider, settings: ToolSettings, binaries: Sequence[str]) -> Programs:
    """Those that a new repository is made with: before there are files that could say what else is needed.

    Raises what kept one out.
    """
    names = [name for name, release in RELEASES.items() if set(binaries) & set(release.programs())]
    _provide(provider, [_standing(name, settings, provider.before) for name in names])
    raise_failures(provider)
    return provider.programs()


def _provide(provider: Provider, wants: Sequence[Wanted]) -> None:
    """Each once: what has failed fails for good."""
    fresh = [wanted for wanted in wants if wanted not in provider.assets and wanted.label not in provider.failed]
    provider.resolve(fresh)
    provider.install(fresh)


def _standing(name: str, settings: ToolSettings, before: Lock | None) -> Wanted:
    """A tool whose version the cluster does not decide: what talops.yaml says, else the newest that is known good."""
    release, setting = RELEASES[name], settings.of(name)
    locked = before.versions(name)[:1] if before is not None else ()
    known = [version for version in (setting.version or release.good, *locked) if version is not None]
    return Wanted(release=release.as_set(setting), version=setting.version or max(known))


def _of_files(desired: Desired, settings: ToolSettings) -> list[Wanted]:
    versions = {"talosctl": desired.talos_version, "kubectl": desired.kubernetes_version}
    return [
        Wanted(release=RELEASES[name].as_set(settings.of(name)), version=settings.of(name).version or version)
        for name, version in versions.items()
    ]


def _of_nodes(
    running: Sequence[Version], desired: Desired, settings: ToolSettings, before: Lock | None
) -> list[Wanted]:
    """One more talosctl for each minor release that runs. While a node is silent, those that there were are kept."""
    setting = settings.of("talosctl")
    wanted = setting.version or desired.talos_version
    silent = len(running) < len(desired.nodes)
    kept = before.versions("talosctl") if before is not None and silent else ()
    newest: dict[tuple[int, int], Version] = {}
    for version in sorted([*running, *kept]):
        newest[version.major, version.minor] = version
    newest.pop((wanted.major, wanted.minor), None)
    return [Wanted(release=RELEASES["talosctl"].as_set(setting), version=version) for version in newest.values()]


def fits(lock: Lock, cluster: Cluster, settings: ToolSettings, programs: Programs, watcher: Watcher) -> Exit:
    """Whether the lock is what the files ask for: PENDING when it is not, with what to type."""
    try:
        desired = cluster.desired(programs)
    except (FilesInvalid, ToolMissing) as error:
        watcher.said(f"whether {LOCK} still fits the files is not known: {error.what}")
        return Exit.DONE
    named = [_standing(name, settings, lock) for name, setting in settings.tools.items() if setting.version]
    stale = [wanted for wanted in _of_files(desired, settings) if not _is_near_enough(wanted, lock)]
    stale += [one for one in named if one.version not in lock.versions(one.release.name) and one not in stale]
    for wanted in stale:
        there = ", ".join(map(str, lock.versions(wanted.release.name))) or "none"
        watcher.said(f"the files ask for {wanted.label}, and {LOCK} has {there}; next: {UPDATE}")
    return Exit.PENDING if stale else Exit.DONE


def _is_near_enough(wanted: Wanted, lock: Lock) -> bool:
    """Of the same minor release is near enough: all of them understand each other."""
    minor = (wanted.version.major, wanted.version.minor)
    return minor in {(version.major, version.minor) for version in lock.versions(wanted.release.name)}


def offline(lock: Lock | None, programs: Programs, watcher: Watcher) -> Exit:
    """Say what is missing. Raises ToolMissing when anything is."""
    missing = []
    for name, release in RELEASES.items():
        if lock is not None and name not in lock.tools:
            continue
        found = [program for binary in release.programs() for program in programs.all_of(binary)]
        missing += [program for program in found if isinstance(program, Missing)]
    for program in missing:
        version = f" {program.wanted}" if program.wanted else ""
        watcher.ended(f"{program.name}{version}", f"missing: {program.why}")
    if missing:
        many = f"{len(missing)} programs are" if len(missing) > 1 else f"{missing[0].name} is"
        raise ToolMissing(f"{many} missing, and nothing is downloaded because of --offline", hint="talops init")
    return Exit.DONE


def raise_failures(provider: Provider) -> None:
    """One failure as it is; of several the first, with the names of all."""
    failed = provider.failed
    if not failed:
        return
    first: TalopsError = next(iter(failed.values()))
    if len(failed) == 1:
        raise first
    raise ToolFailed(f"{len(failed)} are not installed: {', '.join(failed)}; see above", hint=first.hint)
