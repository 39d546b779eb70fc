"""git: what it tracks of a folder, and what a revision held. Changes nothing."""

import posixpath
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from talops.domain.process import End, Result, Runner
from talops.errors import ToolFailed, ToolMissing, UsageError
from talops.tools.calls import git_archive, git_not_ignored, git_toplevel, git_tracked

if TYPE_CHECKING:
    from tarfile import TarInfo


def repository_of(folder: Path) -> Path | None:
    """The folder around it that git keeps, None when there is none. Asks no git."""
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)


def tracked(runner: Runner, folder: Path, name: str) -> tuple[str, ...]:
    """What git tracks in `folder`/`name`. Raises ToolFailed when it cannot tell; nothing where there is no git."""
    (result,) = runner.gather((git_tracked(str(folder), name),))
    if result.end is End.NOT_FOUND:
        return ()
    return _names(result, folder)


def not_ignored(runner: Runner, folder: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Those of these files in `folder` that git neither has nor ignores. Raises ToolFailed when it cannot tell."""
    (result,) = runner.gather((git_not_ignored(str(folder), tuple(names)),))
    if result.end is End.NOT_FOUND:
        return ()
    return _names(result, folder)


def _names(result: Result, folder: Path) -> tuple[str, ...]:
    if not result.ok:
        raise ToolFailed(f"git cannot tell what it tracks: {result.complaint()}", hint=f"git -C {folder} status")
    return tuple(name for name in result.stdout.decode("utf-8", "surrogateescape").split("\0") if name)


def archive(runner: Runner, repo: Path, revision: str, into: Path) -> Path:
    """Unpack all that git keeps at that revision. Returns where in it the folder `repo` is.

    Raises UsageError for a revision that there is not, ToolMissing, ToolFailed.
    """
    if revision.startswith("-"):
        raise UsageError(f"{revision} is no revision", hint="name a commit, a branch or a tag")
    (result,) = runner.gather((git_toplevel(str(repo)),))
    _must_be_there(result, repo)
    top, _, rest = result.stdout.decode("utf-8", "surrogateescape").partition("\n")
    prefix = rest.removesuffix("\n")
    file = into / "archive.tar"
    (result,) = runner.gather((git_archive(top, revision, str(file)),))
    if not result.ok:
        raise UsageError(
            f"git has no revision {revision}: {result.complaint()}",
            hint="name a commit, a branch or a tag; in CI fetch it first: git fetch --depth=1 origin main",
        )
    _unpack(file, into / "tree")
    return into / "tree" / prefix


def _must_be_there(result: Result, repo: Path) -> None:
    if result.end is End.NOT_FOUND:
        raise ToolMissing("git is not installed, or not on PATH", hint="install git, then run the command again")
    if not result.ok:
        raise UsageError(
            f"{repo} is in no git repository that git would read: {result.complaint()}", hint=f"git -C {repo} status"
        )


def _unpack(file: Path, into: Path) -> None:
    import tarfile

    into.mkdir(mode=0o700)
    try:
        with tarfile.open(file) as tar:
            if hasattr(tarfile, "data_filter"):
                # Python before 3.11.4 has none
                tar.extraction_filter = tarfile.data_filter
            tar.extractall(into, members=[one for one in tar.getmembers() if _stays_inside(one)])  # noqa: S202
    except tarfile.TarError as error:
        raise ToolFailed(f"that revision cannot be unpacked: {error}") from None
    finally:
        file.unlink()


def _stays_inside(member: "TarInfo") -> bool:
    """No link that leads out: it may lie in some other part of a large repository."""
    leads = posixpath.join(posixpath.dirname(member.name), member.linkname) if member.issym() else member.name
    inside = posixpath.normpath(leads)
    return (
        not inside.startswith(("/", "../")) and inside != ".." and (member.isreg() or member.isdir() or member.issym())
    )
