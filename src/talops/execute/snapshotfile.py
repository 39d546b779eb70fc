"""The file of an etcd snapshot: whole, checked, for its owner alone, and never over another one. It holds secrets."""

import errno
import hashlib
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from talops.domain.words import size
from talops.errors import ToolFailed, UsageError

_PIECE = 1024 * 1024
_TRAILER = hashlib.sha256().digest_size
_PAGE = 512
"""A database is a multiple of it. Source: etcd's own check of a snapshot."""
_META = struct.Struct("<III")
_META_AT = 16
"""Behind the header of the first page: magic, version and page size of bbolt."""
_MAGIC, _VERSION = 0xED0CDAED, 2
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


class NoPlace(ToolFailed):
    """It is the file's place that fails, whichever member is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """`sha256` is that of the database without its trailer, which holds the same."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """Where a snapshot is to be. Nothing is there until it is whole."""

    path: Path
    passing: bool = False
    """It is gone when the command has ended: of a rehearsal."""

    @staticmethod
    def at(path: Path) -> "SnapshotFile":
        """Raises UsageError where something is there already, or where nothing can be put."""
        if str(path) == "-":
            raise UsageError(
                "a snapshot is written to a file: it must be checked before anybody reads it", hint=_NAME_ONE
            )
        try:
            path = path.absolute()
            there, folder, place = os.path.lexists(path), path.is_dir(), path.parent.is_dir()
        except (OSError, ValueError) as error:
            raise UsageError(f"{str(path)!r} cannot be the name of a file: {error}", hint=_NAME_ONE) from None
        if folder:
            raise UsageError(f"{path} is a folder", hint="name a file in it: talops etcd snapshot FOLDER/FILE.db")
        if there:
            raise UsageError(f"{path} is there already, and nothing is ever overwritten", hint=_NAME_ONE)
        if not place:
            raise UsageError(f"there is no folder {path.parent} to put it into", hint=f"mkdir -p {path.parent}")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise UsageError(f"nothing may be written into {path.parent}", hint=_NAME_ONE)
        return SnapshotFile(path)

    def must_have_room(self, size_bytes: int) -> None:
        """Raises NoPlace when its disk has less than that."""
        try:
            free = shutil.disk_usage(self.path.parent).free
        except OSError:
            return
        if free < size_bytes:
            what = f"a snapshot takes {size(size_bytes)}, and {self.path.parent} has {size(free)} left"
            raise NoPlace(what, hint=f"df -h {self.path.parent}   # or name a file elsewhere")

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """Where to write it first: in a folder beside it (0700), which is gone at the end, with all that is in it.

        Raises NoPlace.
        """
        try:
            folder = Path(tempfile.mkdtemp(prefix=".talops-snapshot-", dir=self.path.parent))
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            yield folder / "snapshot.db"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, draft: Path) -> Checked:
        """Check what was written, and give it its name. Raises ToolFailed and NoPlace; then nothing has the name."""
        try:
            checked = check(draft)
            draft.chmod(0o600)
            _sync(draft, os.O_RDONLY)
            self._name(draft)
            _sync(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        except FileExistsError:
            what = f"meanwhile somebody else has written {self.path}: it was left as it is, and the snapshot dropped"
            raise NoPlace(what, hint=_NAME_ONE) from None
        except OSError as error:
            raise self._unwritable(error) from None
        return checked

    def _name(self, draft: Path) -> None:
        """Unlike a rename, a link never takes another file's place."""
        try:
            os.link(draft, self.path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            try:
                draft.replace(self.path)
            except OSError:
                self.path.unlink()
                raise

    def _unwritable(self, error: OSError) -> NoPlace:
        hint = f"df -h {self.path.parent}   # or name a file elsewhere"
        return NoPlace(f"{self.path} cannot be written: {error.strerror}", hint=hint)


_NAME_ONE = "name another file: talops etcd snapshot FILE"


def check(path: Path) -> Checked:
    """Read it once, in pieces. Raises ToolFailed when it is no whole snapshot, and OSError."""
    with path.open("rb") as file:
        size_bytes = os.fstat(file.fileno()).st_size
        if size_bytes % _PAGE != _TRAILER or size_bytes <= _PAGE:
            raise _broken(f"{size_bytes} bytes are no database with its SHA-256 behind it: it is not whole")
        head, digest, left = b"", hashlib.sha256(), size_bytes - _TRAILER
        while left:
            piece = file.read(min(_PIECE, left))
            if not piece:
                raise _broken("it has become shorter while it was read")
            head = head or piece
            digest.update(piece)
            left -= len(piece)
        trailer = file.read()
    if digest.digest() != trailer:
        raise _broken("its SHA-256 is not the one that the member sent with it: it was damaged on its way")
    magic, version, _ = _META.unpack_from(head, _META_AT)
    if (magic, version) != (_MAGIC, _VERSION):
        raise _broken("it does not begin as a database of etcd does")
    return Checked(size_bytes=size_bytes, sha256=trailer.hex())


def _broken(what: str) -> ToolFailed:
    return ToolFailed(
        f"what came is no snapshot: {what}", hint="run it again; then look at the member: talops etcd status"
    )


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
