"""From a version of a tool to its release file on every platform, with their SHA-256: what the lock file will hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from talops.domain.talos import Version
from talops.domain.tool import PLATFORMS, Platform
from talops.errors import ToolFailed, WebFailed
from talops.toolbox.lock import Asset, Lock
from talops.toolbox.releases import Release, file_name, mirrored
from talops.tools.web import Web

_LIMIT = 4 * 1024 * 1024
_WITHIN = timedelta(seconds=60)
_LINE = re.compile(r"^([0-9a-fA-F]{64})(?:\s+[*]?(\S.*?))?\s*$", re.MULTILINE)
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One version of one tool."""

    release: Release
    version: Version

    @property
    def label(self) -> str:
        return f"{self.release.name} {self.version}"


Assets = Mapping[Platform, Asset]
"""Of one version of one tool. An empty SHA-256 is one that nobody has published."""


def locked(wanted: Wanted, lock: Lock | None) -> Assets | None:
    """What the lock says of it, if that is whole and of the same addresses: then nobody is asked."""
    assets = lock.tools.get(wanted.release.name, {}).get(wanted.version, {}) if lock is not None else {}
    for platform in PLATFORMS:
        asset = assets.get(platform)
        if asset is None or asset.url != wanted.release.url_for(wanted.version, platform):
            return None
    return assets


def resolve(wanted: Wanted, web: Web, mirror: str, here: Platform) -> Assets:
    """Ask for the published checksums. Raises WebFailed, and ToolFailed for a file that does not hold them."""
    release, version = wanted.release, wanted.version
    platforms = sorted({*PLATFORMS, here})
    urls = {platform: release.url_for(version, platform) for platform in platforms}
    if not release.checksums:
        return {platform: Asset(url=url, sha256="") for platform, url in urls.items()}
    texts: dict[str, str | WebFailed] = {}
    found = {}
    for platform, url in urls.items():
        address = release.checksums_for(version, platform)
        if address not in texts:
            texts[address] = _text(web, mirrored(address, mirror))
        digest = _digest_in(texts[address], file_name(url))
        if digest is not None:
            found[platform] = Asset(url=url, sha256=digest)
        elif platform == here:
            raise _no_digest(texts[address], address, url, wanted)
    return found


def _text(web: Web, address: str) -> str | WebFailed:
    """A file that is not there may be there for other platforms."""
    try:
        return web.text(address, limit=_LIMIT, deadline=_WITHIN)
    except WebFailed as error:
        if error.status != _NOT_FOUND:
            raise
        return error


def _digest_in(text: str | WebFailed, name: str) -> str | None:
    """Of the file called so; or the only one, where the file names none."""
    if isinstance(text, WebFailed):
        return None
    rows: list[tuple[str, str]] = _LINE.findall(text)
    named = [digest for digest, called in rows if called.rpartition("/")[2] == name]
    if len(rows) == 1 and not rows[0][1]:
        named = [rows[0][0]]
    return named[0].lower() if named else None


def _no_digest(text: str | WebFailed, address: str, url: str, wanted: Wanted) -> Exception:
    name = wanted.release.name
    if isinstance(text, WebFailed):
        hint = f"is there such a release of {name}? or set `tools.{name}` in talops.yaml"
        return WebFailed(f"{wanted.label}: {text.what}", hint=hint, status=text.status)
    what = f"{wanted.label}: its checksum file has no SHA-256 of {file_name(url)}"
    return ToolFailed(what, hint=f"look at {address}, or set `tools.{name}.checksums` in talops.yaml")
