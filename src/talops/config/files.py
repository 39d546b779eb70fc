"""Reading the files of a cluster's repository."""

import stat
from pathlib import Path

from talops.errors import FilesInvalid

BOM = "\ufeff"
"""Windows editors begin a file with it. In a talenv file it costs talhelper every variable."""


def read_file(repo: Path, name: str) -> str | None:
    """Its text without a BOM, None when it is not there. Raises FilesInvalid when it cannot be read."""
    text = read_exactly(repo, name)
    return None if text is None else text.removeprefix(BOM)


def read_exactly(repo: Path, name: str) -> str | None:
    try:
        if not is_readable(repo / name):
            raise FilesInvalid("it is no file", where=name, hint=f"ls -ld {repo / name}")
        return (repo / name).read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        before = (repo / name).read_bytes()[: error.start]
        line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        raise FilesInvalid("it is not UTF-8 text", where=f"{name}:{line}:{column}", hint="save it as UTF-8") from None
    except OSError as error:
        hint = f"ls -ld {repo / name}"
        raise FilesInvalid(f"it cannot be read: {error.strerror}", where=name, hint=hint) from None


def is_readable(path: Path) -> bool:
    """False for pipes, sockets and devices: to read them may take for ever. Raises OSError when it is not there."""
    mode = path.stat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def must_be_folder(repo: Path) -> None:
    """Raises FilesInvalid, which says why it is none."""
    hint = "go to the cluster's repository, or name it: talops -C DIR …"
    try:
        folder = stat.S_ISDIR(repo.stat().st_mode)
    except OSError as error:
        raise FilesInvalid(f"the cluster repository {repo}: {error.strerror}", hint=hint) from None
    if not folder:
        raise FilesInvalid(f"the cluster repository {repo} is no folder", hint=hint)
