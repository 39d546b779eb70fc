"""One release file: downloaded, held against its SHA-256, and unpacked. What came is not run before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from talops.domain.process import Runner
from talops.domain.talos import Version
from talops.domain.tool import Platform, Watcher
from talops.errors import ToolFailed
from talops.toolbox.lock import LOCK, Asset
from talops.toolbox.releases import mirrored
from talops.toolbox.resolve import Wanted
from talops.toolbox.store import sha256
from talops.toolbox.unpack import unpack
from talops.toolbox.versions import said_version
from talops.tools.calls import program_version
from talops.tools.web import Web

_LIMIT = 512 * 1024 * 1024
_WITHIN = timedelta(minutes=15)
"""For one file: 100 MB, on a line of 1 Mbit/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One file to get. `asset.sha256` is empty when nobody has said it: then what comes is believed."""

    wanted: Wanted
    platform: Platform
    asset: Asset

    @property
    def label(self) -> str:
        foreign = "" if self.platform == Platform.here() else f" ({self.platform})"
        return f"{self.wanted.label}{foreign}"

    @property
    def key(self) -> tuple[str, Version, Platform]:
        return self.wanted.release.name, self.wanted.version, self.platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """`asset` says everything of it; `ready` is a folder with the programs and nothing else."""

    order: Order
    asset: Asset
    ready: Path


def fetch(order: Order, web: Web, mirror: str, folder: Path, watcher: Watcher, go_on: Callable[[], None]) -> Fetched:
    """Into `folder`. Raises WebFailed and ToolFailed; OSError is the disk's."""

    def moved(done: int, of: int | None) -> None:
        go_on()
        watcher.moved(order.label, done, of)

    place = folder / "-".join(str(part) for part in order.key)
    ready = place / "ready"
    ready.mkdir(parents=True)
    file = place / "download"
    got = web.get(mirrored(order.asset.url, mirror), file, limit=_LIMIT, deadline=_WITHIN, progress=moved)
    _must_be_no_page(order, file)
    if order.asset.sha256 and got.sha256 != order.asset.sha256:
        raise ToolFailed(
            f"{order.wanted.label}: what came has the SHA-256 {got.sha256}; it must have {order.asset.sha256}",
            hint="do not use it. Ask again; if it stays so, find out who changed it: the mirror, or the release itself",
        )
    unpack(file, order.asset.url, order.wanted.release.programs(), ready)
    file.unlink()
    go_on()
    binaries = {path.name: sha256(path) for path in sorted(ready.iterdir())}
    _must_be_the_locked_ones(order, binaries)
    return Fetched(order=order, asset=replace(order.asset, sha256=got.sha256, binaries=binaries), ready=ready)


def _must_be_no_page(order: Order, file: Path) -> None:
    with file.open("rb") as opened:
        if opened.read(64).lstrip().startswith(b"<"):
            raise ToolFailed(
                f"{order.wanted.label}: a web page came instead of the file",
                hint="a login page of a network or of a mirror? open the address in a browser",
            )


def _must_be_the_locked_ones(order: Order, binaries: Mapping[str, str]) -> None:
    for name, digest in binaries.items():
        if order.asset.binaries.get(name, digest) != digest:
            what = f"{order.wanted.label}: {name} has the SHA-256 {digest}; {LOCK} says {order.asset.binaries[name]}"
            raise ToolFailed(what, hint=f"git log -p {LOCK}   # who changed it?")


def must_be_what_it_claims(fetched: Fetched, runner: Runner) -> None:
    """Run each program for its version. Raises ToolFailed, also when it cannot be run here."""
    wanted = fetched.order.wanted
    for path in sorted(fetched.ready.iterdir()):
        path.chmod(0o755)
        (result,) = runner.gather((program_version(path.name, str(path)),))
        version = said_version(result.stdout) if result.ok else None
        if version == wanted.version:
            continue
        said = f"says that it is {version}" if version else f"cannot be run here: {result.complaint()[:200]}"
        raise ToolFailed(
            f"{wanted.label}: the {path.name} in it {said}",
            hint="is it the file of this machine's system? see `url` in talops.lock, and `tools` in talops.yaml",
        )
