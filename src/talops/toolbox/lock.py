"""talops.lock: which version of each tool, and the SHA-256 of its release file on every platform. Committed."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn, TypeVar

from talops.domain.talos import Version
from talops.domain.tool import Platform
from talops.errors import FilesInvalid, ToolFailed

K = TypeVar("K", Version, Platform)
V = TypeVar("V")
LOCK = "talops.lock"
_FORM = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_ANEW = "restore it from git, or write it anew: talops init --update"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One release file. `binaries`: the SHA-256 of each program in it, as far as somebody has seen it."""

    url: str
    sha256: str
    binaries: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Lock:
    """`tools[name][version][platform]`. A tool may have several versions."""

    tools: Mapping[str, Mapping[Version, Mapping[Platform, Asset]]]

    def versions(self, name: str) -> tuple[Version, ...]:
        """The newest first."""
        return tuple(sorted(self.tools.get(name, {}), reverse=True))

    def asset(self, name: str, version: Version, platform: Platform) -> Asset | None:
        return self.tools.get(name, {}).get(version, {}).get(platform)


class NewerLock(FilesInvalid):
    """Another talops wrote it, of which this one cannot know what it means."""


def read_lock(repo: Path) -> Lock | None:
    """None when there is none. Raises FilesInvalid."""
    try:
        text = (repo / LOCK).read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        raise FilesInvalid("it is not UTF-8 text", where=LOCK, hint=_ANEW) from None
    except OSError as error:
        raise FilesInvalid(f"it cannot be read: {error.strerror}", where=LOCK, hint=f"ls -l {repo / LOCK}") from None
    return parse_lock(text)


def parse_lock(text: str) -> Lock:
    """Raises FilesInvalid, with what is wrong where."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        conflict = "; it has conflict markers of git" if re.search(r"^(<<<<<<<|>>>>>>>) ", text, re.MULTILINE) else ""
        where = f"{LOCK}:{error.lineno}:{error.colno}"
        raise FilesInvalid(f"it is no JSON: {error.msg}{conflict}", where=where, hint=_ANEW) from None
    form = _mapping(found, "the file").get("form")
    if form != _FORM:
        what = f"`form` is {form!r}, and this talops reads {_FORM}"
        if isinstance(form, int) and form > _FORM:
            raise NewerLock(what, where=LOCK, hint="update talops: another, newer one wrote it")
        raise FilesInvalid(what, where=LOCK, hint=_ANEW)
    return Lock(
        {_name(name): _versions(name, entry) for name, entry in _mapping(found.get("tools", {}), "tools").items()}
    )


def _versions(name: str, entry: object) -> Mapping[Version, Mapping[Platform, Asset]]:
    found: dict[Version, Mapping[Platform, Asset]] = {}
    for text, platforms in _mapping(entry, name).items():
        try:
            version = Version.parse(text)
        except ValueError:
            _wrong(f"{name}: {text!r} is no version")
        where = f"{name} {text}"
        found[version] = {
            _platform(where, word): _asset(f"{where} {word}", asset)
            for word, asset in _mapping(platforms, where).items()
        }
    return found


def _platform(where: str, word: str) -> Platform:
    system, dash, arch = word.partition("-")
    if not dash or not _NAME.fullmatch(system) or not _NAME.fullmatch(arch):
        _wrong(f"{where}: {word!r} is no platform such as linux-amd64")
    return Platform(system, arch)


def _asset(where: str, entry: object) -> Asset:
    found = _mapping(entry, where)
    url, digest = found.get("url"), found.get("sha256")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        _wrong(f"{where}: `url` is no URL of the web")
    binaries = {_name(name): _digest(where, one) for name, one in _mapping(found.get("binaries", {}), where).items()}
    return Asset(url=url, sha256=_digest(where, digest), binaries=binaries)


def _digest(where: str, digest: object) -> str:
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        _wrong(f"{where}: a SHA-256 is 64 digits 0-9 and a-f, and this is {str(digest)[:70]!r}")
    return digest


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        _wrong(f"{name[:40]!r} is no name of a tool")
    return name


def _mapping(found: object, what: str) -> dict[str, object]:
    if not isinstance(found, dict):
        _wrong(f"{what} must be an object of JSON")
    return found


def _wrong(what: str) -> NoReturn:
    raise FilesInvalid(what, where=LOCK, hint=_ANEW)


def lock_text(lock: Lock) -> str:
    """The same text for the same lock, always: sorted, one value a line, so that a diff is read easily."""
    tools = {
        name: {
            str(version.core): {str(platform): _written(asset) for platform, asset in _in_order(platforms)}
            for version, platforms in _in_order(versions)
        }
        for name, versions in sorted(lock.tools.items())
    }
    return json.dumps({"form": _FORM, "tools": tools}, indent=2) + "\n"


def _in_order(mapping: Mapping[K, V]) -> Iterable[tuple[K, V]]:
    return sorted(mapping.items(), key=lambda entry: entry[0])


def _written(asset: Asset) -> dict[str, object]:
    plain: dict[str, object] = {"url": asset.url, "sha256": asset.sha256}
    return plain | ({"binaries": dict(sorted(asset.binaries.items()))} if asset.binaries else {})


def write_lock(repo: Path, lock: Lock) -> None:
    """Whole or not at all. Raises ToolFailed."""
    import tempfile

    try:
        with tempfile.NamedTemporaryFile("w", dir=repo, prefix=f".{LOCK}-", encoding="utf-8", delete=False) as file:
            try:
                file.write(lock_text(lock))
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
                os.replace(file.name, repo / LOCK)  # noqa: PTH105
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        hint = f"df -h {repo}; ls -ld {repo}"
        raise ToolFailed(f"{LOCK} cannot be written: {error.strerror}", hint=hint) from None
