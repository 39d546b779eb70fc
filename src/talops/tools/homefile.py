"""Files in the operator's home that other programs read and write, too."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from talops.errors import FilesInvalid, Locked, ToolFailed
from talops.tools.homes import expanded


def kubeconfig_path(environ: Mapping[str, str]) -> Path:
    """Where kubectl writes: the first file of $KUBECONFIG, else ~/.kube/config. It need not be there."""
    first = next((word for word in environ.get("KUBECONFIG", "").split(os.pathsep) if word), "")
    return expanded(first) if first else expanded(environ.get("HOME") or "~") / ".kube" / "config"


def read_text(path: Path) -> str:
    """Its content, "" when it is not there. Raises FilesInvalid when it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise FilesInvalid("it is not UTF-8 text", where=str(path)) from None
    except OSError as error:
        raise FilesInvalid(f"it cannot be read: {error.strerror}", where=str(path)) from None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """As kubectl locks it: a file beside it that only one can make. Raises Locked, and ToolFailed without a place."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        if isinstance(error, FileExistsError) and path.parent.is_dir():
            what = f"another program writes {path} now"
            raise Locked(what, hint=f"rm {lock}   # if that is hours old, and run it again") from None
        raise ToolFailed(f"{path} cannot be written: {error.strerror}", hint=f"ls -ld {path.parent}") from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def write_whole(path: Path, content: str) -> None:
    """For its owner alone, whole or not at all; a link stays one. Raises ToolFailed."""
    target = Path(os.path.realpath(path))
    try:
        descriptor, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise ToolFailed(f"{path} cannot be written: {error.strerror}", hint=f"ls -ld {target.parent}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            Path(beside).unlink()
        if isinstance(error, OSError):
            raise ToolFailed(f"{path} cannot be written: {error.strerror}", hint=f"df {target.parent}") from None
        raise
