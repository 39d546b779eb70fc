"""git: what it tracks of a folder, and what a revision held. Changes nothing."""

from collections.abc import Sequence
from pathlib import Path

from talops.domain.process import End, Result, Runner
from talops.errors import ToolFailed, ToolMissing, UsageError
from talops.tools.calls import git_archive, git_not_ignored, git_toplevel, git_tracked


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

    def _within(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
        """Without links that lead out of it: they may lie in some other part of a large repository."""
        try:
            return tarfile.data_filter(member, path)
        except tarfile.FilterError:
            return None

    into.mkdir(mode=0o700)
    try:
        with tarfile.open(file) as tar:
            # the filter is stricter than `data`
            tar.extractall(into, filter=_within)  # noqa: S202
    except tarfile.TarError as error:
        raise ToolFailed(f"that revision cannot be unpacked: {error}") from None
    finally:
        file.unlink()
