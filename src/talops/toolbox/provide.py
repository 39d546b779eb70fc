"""Brings tools into the store: resolves what the lock does not say, downloads side by side, checks, installs.

Each tool is installed whole or not at all; one that fails keeps no other back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from talops.domain.process import Runner
from talops.domain.talos import Version
from talops.domain.tool import Missing, Platform, Watcher
from talops.errors import TalopsError, ToolFailed, WebFailed
from talops.toolbox.abreast import abreast
from talops.toolbox.fetch import Fetched, Order, fetch, must_be_what_it_claims
from talops.toolbox.find import Programs
from talops.toolbox.lock import Asset, Lock
from talops.toolbox.resolve import Assets, Wanted, locked, resolve
from talops.toolbox.store import Store
from talops.toolbox.versions import ask
from talops.tools.web import Web

_FAILURES = (WebFailed, ToolFailed, OSError)
_NOT_FOUND = 404


@dataclass(kw_only=True)
class Provider:
    """What one `talops init` works with, and what it has found out. `folder` is for what is under way."""

    web: Web
    store: Store
    runner: Runner
    watcher: Watcher
    folder: Path
    mirror: str
    environ: Mapping[str, str]
    before: Lock | None
    here: Platform = field(default_factory=Platform.here)
    assets: dict[Wanted, dict[Platform, Asset]] = field(default_factory=dict)
    """Of all that was resolved."""
    failed: dict[str, TalopsError] = field(default_factory=dict)
    """By label; the first of each."""

    @property
    def lock(self) -> Lock:
        """Of everything that was resolved so far."""
        tools: dict[str, dict[Version, Assets]] = {}
        for wanted, assets in self.assets.items():
            tools.setdefault(wanted.release.name, {})[wanted.version] = assets
        return Lock(tools)

    def programs(self) -> Programs:
        """What the machine has of that."""
        lock = self.lock
        return Programs(lambda: lock, self.store, self.environ, lambda name, path: ask(self.runner, name, path))

    def resolve(self, wants: Sequence[Wanted]) -> None:
        """Ask for the SHA-256 of what the lock does not say. Failures are kept, none is raised."""
        unknown: dict[Wanted, Callable[[Callable[[], None]], Assets]] = {}
        for wanted in wants:
            known = locked(wanted, self.before)
            if known is None:
                unknown[wanted] = partial(self._ask, wanted)
            else:
                self.assets[wanted] = dict(known)
        for wanted, answer in abreast(unknown, _FAILURES):
            if isinstance(answer, Exception):
                self._fail(wanted, wanted.label, answer)
            else:
                self.assets[wanted] = dict(answer)

    def _ask(self, wanted: Wanted, _go_on: Callable[[], None]) -> Assets:
        found = resolve(wanted, self.web, self.mirror, self.here)
        return {platform: self._as_before(wanted, platform, asset) for platform, asset in found.items()}

    def _as_before(self, wanted: Wanted, platform: Platform, asset: Asset) -> Asset:
        """What the lock says of the same file holds, and must not be contradicted."""
        former = self.before.asset(wanted.release.name, wanted.version, platform) if self.before else None
        if former is None or former.url != asset.url:
            return asset
        if asset.sha256 in {"", former.sha256}:
            return former
        raise ToolFailed(
            f"{wanted.label}: its published SHA-256 for {platform} is {asset.sha256}, and the lock file has "
            f"{former.sha256}: a release that changes is no release",
            hint="find out why; to believe the new one, take the entry out of talops.lock first",
        )

    def install(self, wants: Sequence[Wanted]) -> None:
        """Download what the machine has not, and what has no SHA-256 yet, for other machines, too."""
        programs = self.programs()
        resolved = [wanted for wanted in wants if wanted in self.assets]
        orders = {order.label: order for wanted in resolved for order in self._orders(wanted, programs)}
        work = {label: partial(self._fetch, order) for label, order in orders.items()}
        # until all threads have ended: what came is run for its version, and a fork among threads may hang
        for label, answer in tuple(abreast(work, _FAILURES)):
            if isinstance(answer, Exception):
                self._missed(orders[label], answer)
            else:
                self._take(answer)

    def _learn(self, wanted: Wanted, platform: Platform, binaries: Mapping[str, str]) -> None:
        """What is in the file; where the file is the program itself, there is nothing to learn."""
        asset = self.assets[wanted][platform]
        if {*binaries.values()} - {asset.sha256}:
            self.assets[wanted][platform] = replace(asset, binaries={**asset.binaries, **binaries})

    def _orders(self, wanted: Wanted, programs: Programs) -> list[Order]:
        assets = self.assets[wanted]
        needed = {platform for platform, asset in assets.items() if not asset.sha256}
        if any(
            isinstance(program, Missing)
            for binary in wanted.release.programs()
            for program in programs.all_of(binary)
            if program.wanted == wanted.version
        ):
            needed.add(self.here)
        elif self.here in assets:
            name, version = wanted.release.name, wanted.version
            self._learn(wanted, self.here, self.store.binaries(name, version, self.here, assets[self.here]))
        if self.here not in assets:
            self._fail(wanted, wanted.label, ToolFailed(f"{wanted.label}: there is no file of it for {self.here}"))
        return [Order(wanted=wanted, platform=one, asset=assets[one]) for one in sorted(needed) if one in assets]

    def _fetch(self, order: Order, go_on: Callable[[], None]) -> Fetched:
        return fetch(order, self.web, self.mirror, self.folder, self.watcher, go_on)

    def _take(self, fetched: Fetched) -> None:
        """In the main thread: it starts processes, and is alone in the store."""
        order = fetched.order
        ours = order.platform == self.here
        try:
            if ours:
                must_be_what_it_claims(fetched, self.runner)
                self.store.install(*order.key, fetched.asset, fetched.ready)
        except (ToolFailed, OSError) as error:
            self._fail(order.wanted, order.label, error)
            return
        believed = "" if order.asset.sha256 else "; nobody publishes its SHA-256: it is believed from now on"
        self.assets[order.wanted][order.platform] = replace(order.asset, sha256=fetched.asset.sha256)
        self._learn(order.wanted, order.platform, fetched.asset.binaries)
        self.watcher.ended(order.label, f"{'installed' if ours else 'looked at'}{believed}")

    def _missed(self, order: Order, error: Exception) -> None:
        if order.platform != self.here and isinstance(error, WebFailed) and error.status == _NOT_FOUND:
            del self.assets[order.wanted][order.platform]
            self.watcher.ended(order.label, "there is no such file")
        else:
            self._fail(order.wanted, order.label, error)

    def _fail(self, wanted: Wanted, label: str, error: Exception) -> None:
        if isinstance(error, OSError):
            told: TalopsError = self.store.broken(error)
        else:
            told = error if isinstance(error, TalopsError) else ToolFailed(str(error))
        self.failed.setdefault(wanted.label, told)
        self.watcher.ended(label, f"not installed: {told.what.removeprefix(f'{wanted.label}: ')}")
