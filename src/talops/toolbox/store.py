"""Where installed tools lie: many versions side by side, in the user's data folder, each with a note of what it is."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from talops.domain.talos import Version
from talops.domain.tool import Platform
from talops.errors import Locked, ToolFailed
from talops.toolbox.lock import Asset
from talops.tools.homes import expanded

_NOTE = "origin.json"
_PARTIAL = ".partial-"
_PATIENCE = 600.0
"""Seconds that one init waits for another."""
_LOOK_AGAIN = 0.2


def fingerprint(path: Path) -> str:
    """Changes when the file is another one, or was written to. Raises OSError."""
    found = path.stat()
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}"


def sha256(path: Path) -> str:
    """Raises OSError."""
    # every command that runs a tool imports this module, and few need this
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Store:
    """`root/NAME/VERSION/OS-ARCH/BINARY`."""

    root: Path

    @staticmethod
    def of(environ: Mapping[str, str]) -> "Store":
        data = environ.get("XDG_DATA_HOME") or Path(environ.get("HOME") or expanded("~")) / ".local" / "share"
        return Store(Path(data).absolute() / "talops" / "tools")

    def folder(self, name: str, version: Version, platform: Platform) -> Path:
        return self.root / name / str(version.core) / str(platform)

    def installed(self, name: str, version: Version, platform: Platform, asset: Asset, binary: str) -> Path | None:
        """The program, if it is what the lock means and nobody has changed it; None otherwise."""
        folder = self.folder(name, version, platform)
        path = folder / binary
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            note = json.loads((folder / _NOTE).read_text("utf-8"))
            noted = note["binaries"][binary]
            locked = asset.binaries.get(binary)
            if noted["sha256"] != locked if locked else note["sha256"] != asset.sha256:
                return None
            if noted["fingerprint"] == fingerprint(path):
                return path
            # copied, restored from a backup, or changed: its content tells
            if sha256(path) == noted["sha256"]:
                noted["fingerprint"] = fingerprint(path)
                with contextlib.suppress(OSError):
                    _write(folder / _NOTE, json.dumps(note))
                return path
        return None

    def binaries(self, name: str, version: Version, platform: Platform, asset: Asset) -> Mapping[str, str]:
        """The SHA-256 of each program that came from that very file; empty when it is not here."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            note = json.loads((self.folder(name, version, platform) / _NOTE).read_text("utf-8"))
            if note["sha256"] == asset.sha256:
                return {str(binary): str(noted["sha256"]) for binary, noted in note["binaries"].items()}
        return {}

    def install(self, name: str, version: Version, platform: Platform, asset: Asset, ready: Path) -> None:
        """Take in the folder `ready`, which holds the programs and lies in a folder of `partial`. All or nothing.

        What `asset` says of the programs is believed: they were hashed when they were unpacked. Raises OSError.
        """
        binaries = {}
        for path in sorted(ready.iterdir()):
            path.chmod(0o755)
            _sync(path)
            digest = asset.binaries.get(path.name) or sha256(path)
            binaries[path.name] = {"sha256": digest, "fingerprint": fingerprint(path)}
        _write(ready / _NOTE, json.dumps({"url": asset.url, "sha256": asset.sha256, "binaries": binaries}))
        folder = self.folder(name, version, platform)
        folder.parent.mkdir(parents=True, exist_ok=True)
        former = ready.with_name(f"{ready.name}.former")
        with contextlib.suppress(FileNotFoundError):
            folder.rename(former)
        ready.chmod(0o755)
        ready.rename(folder)
        _sync(folder)
        _sync(folder.parent)

    @contextmanager
    def partial(self) -> Iterator[Path]:
        """A folder (0700) in the store for what is under way; gone at the end, however that comes.

        Needs `taken`: what a killed one has left is thrown away first. Raises ToolFailed.
        """
        import shutil
        import tempfile

        for left in self.root.glob(f"{_PARTIAL}*"):
            shutil.rmtree(left, ignore_errors=True)
        try:
            folder = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=self.root))
        except OSError as error:
            raise self.broken(error) from None
        try:
            yield folder
        finally:
            # a download that is still being told to stop may have made one more file
            for _ in range(3):
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def taken(self, waits: Callable[[], None]) -> Iterator[None]:
        """The store is ours while the block lasts. `waits` is told, once, that somebody else has it.

        Raises Locked when that takes too long, and ToolFailed when it cannot be written to.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self.broken(error) from None
        try:
            self._wait_for(lock, waits)
            yield
        finally:
            os.close(lock)

    def _wait_for(self, lock: int, waits: Callable[[], None]) -> None:
        due = time.monotonic() + _PATIENCE
        if _locked(lock):
            return
        waits()
        while not _locked(lock):
            if time.monotonic() > due:
                hint = f"fuser {self.root / '.lock'}   # who that is"
                raise Locked(f"another talops init is at work in {self.root}, and does not end", hint=hint)
            # flock tells nobody when it could be had
            time.sleep(_LOOK_AGAIN)

    def broken(self, error: OSError) -> ToolFailed:
        """What the disk says, in words."""
        hint = f"df -h {self.root}; or another place: export XDG_DATA_HOME=/a/folder/of/yours"
        return ToolFailed(f"the tools cannot be stored in {self.root}: {error.strerror or error}", hint=hint)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(path: Path, text: str) -> None:
    """Whole or not at all, on the disk."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    """A file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
