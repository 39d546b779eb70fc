"""Generated files are secret: git must neither have them nor take them up."""

from collections.abc import Sequence
from pathlib import Path

from talops.domain.finding import Finding, Severity
from talops.domain.process import Runner
from talops.errors import Refused, ToolFailed
from talops.files.swap import EVERYTHING, GITIGNORE
from talops.tools.git import not_ignored, repository_of, tracked


def keep_from_git(runner: Runner, place: Path, folder: Path, names: Sequence[str]) -> tuple[Finding, ...]:
    """`folder` is what will be at `place`. A .gitignore of the operator that ignores everything, but some, stays.

    Raises Refused when git has one of the files, or would add it. A git that cannot tell is a warning.
    """
    _take_over(place / GITIGNORE, folder / GITIGNORE)
    if repository_of(place.parent) is None:
        return ()
    try:
        theirs = set(tracked(runner, place.parent, place.name)) & {f"{place.name}/{name}" for name in names}
        if theirs:
            first = min(theirs)
            raise Refused(
                f"git tracks {first}: the cluster's secrets would be committed",
                hint=f"git rm -r --cached {place.name}   # and take what was in it for known: history keeps it",
            )
        custom = (folder / GITIGNORE).read_bytes() != EVERYTHING
        exposed = not_ignored(runner, folder, names) if custom else ()
    except ToolFailed as error:
        return (_unsure(error),)
    if exposed:
        raise Refused(
            f"git would add {place.name}/{exposed[0]}: its {GITIGNORE} makes an exception for it",
            hint=f"take that line out of {place.name}/{GITIGNORE}",
        )
    return ()


def _take_over(former: Path, new: Path) -> None:
    """talhelper's own is a list of file names, which is one node too short when the next one comes."""
    try:
        text = former.read_bytes()
    except OSError:
        return
    if b"*" in [line.strip() for line in text.splitlines()]:
        new.write_bytes(text)


def _unsure(error: ToolFailed) -> Finding:
    return Finding(
        rule="git-silent",
        severity=Severity.WARNING,
        what=f"nobody knows whether git tracks what is generated: {error.what}",
        hint=error.hint,
    )
