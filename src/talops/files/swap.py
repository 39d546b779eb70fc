"""A folder replaced by another in one step: whoever looks, or is killed, finds the former or the new one, whole."""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from talops.errors import FilesInvalid, Locked, ToolFailed
from talops.files.exchange import exchange
from talops.tools.pins import write_private

GITIGNORE = ".gitignore"
EVERYTHING = b"*\n"
_OURS = ".{name}.talops-"
_FORMER = "former"


def place_of(folder: Path) -> Path:
    """Where it really is, behind symlinks, be it there or not. Raises FilesInvalid when it is no folder."""
    real = Path(os.path.realpath(folder))
    if os.path.lexists(real) and not real.is_dir():
        hint = f"look at it, then move it away: ls -l {folder}"
        raise FilesInvalid("this is no folder", where=folder.name, hint=hint)
    return real


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """The folder around it is ours alone. Takes away what a killed run has left. Raises Locked, ToolFailed."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _unwritable(place, error) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Locked(
                f"another talops generates {place.name}/ right now", hint="run it again when that one is done"
            ) from None
        except OSError as error:
            # some network file systems lock no folders
            if error.errno not in {errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL}:
                raise _unwritable(place, error) from None
        try:
            _recover(place)
        except OSError as error:
            raise _unwritable(place, error) from None
        yield
    finally:
        os.close(lock)


def _recover(place: Path) -> None:
    """A run was killed between two renames: the former folder goes back. What else it left is thrown away."""
    former = place.parent / f"{_prefix(place)}{_FORMER}"
    if former.is_dir() and not place.exists():
        former.rename(place)
    for left in place.parent.iterdir():
        if left.name.startswith(_prefix(place)) and left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)


def _prefix(place: Path) -> str:
    return _OURS.format(name=place.name)


@contextmanager
def beside(place: Path) -> Iterator[Path]:
    """A private folder (0700) on the same file system, which git does not see. Gone at the end, unless swapped in."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=_prefix(place), dir=place.parent))
    except OSError as error:
        raise _unwritable(place, error) from None
    try:
        # before anything else: git does not see an empty folder
        write_private(folder / GITIGNORE, EVERYTHING)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def swap_in(new: Path, place: Path, stays: Callable[[str], bool]) -> None:
    """`new` becomes what is at `place`; of the former one only those files are kept that may stay, by relative name.

    Raises ToolFailed, and then nothing has changed.
    """
    try:
        if not place.exists():
            new.rename(place)
            return
        _carry_over(place, new, stays)
        if exchange(new, place):
            return
        former = place.parent / f"{_prefix(place)}{_FORMER}"
        place.rename(former)
        try:
            new.rename(place)
        except BaseException:
            former.rename(place)
            raise
        shutil.rmtree(former, ignore_errors=True)
    except OSError as error:
        raise _unwritable(place, error) from None


def files_in(place: Path) -> Iterator[str]:
    """Relative names of all that is no folder, and of empty folders, with a slash at their end. Raises ToolFailed."""

    def unreadable(error: OSError) -> None:
        raise _unwritable(place, error)

    for folder, folders, names in os.walk(place, onerror=unreadable if place.exists() else None):
        inside = Path(folder).relative_to(place)
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        yield from (str(inside / name) for name in [*names, *links])
        if not names and not folders and inside.name:
            yield f"{inside}/"


def _carry_over(place: Path, new: Path, stays: Callable[[str], bool]) -> None:
    """By hard links: they are the same files before and after."""
    for name in files_in(place):
        if not stays(name) or os.path.lexists(new / name):
            continue
        if name.endswith("/"):
            (new / name).mkdir(mode=0o700, parents=True)
        else:
            (new / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _link(place / name, new / name)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        # not every file system has them
        shutil.copy2(source, target, follow_symlinks=False)


def _unwritable(place: Path, error: Exception) -> ToolFailed:
    why = getattr(error, "strerror", None) or str(error)
    mounted = isinstance(error, OSError) and error.errno in {errno.EBUSY, errno.EXDEV}
    hint = (
        "it cannot be renamed where it is: mount the folder around it instead" if mounted else f"ls -ld {place.parent}"
    )
    return ToolFailed(f"{place.name}/ cannot be written: {why}; it is as it was before", hint=hint)
