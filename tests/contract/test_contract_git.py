"""git as it is installed: what it tells of tracked and ignored files, and of revisions. It is never made to change."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from talops.errors import ToolFailed, UsageError
from talops.tools.git import archive, not_ignored, repository_of, tracked
from talops.tools.runner import ShRunner


@contextmanager
def runner() -> Iterator[ShRunner]:
    found = ShRunner()
    try:
        yield found
    finally:
        found.close()


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    folder = tmp_path / "repo"
    (folder / "made").mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


ODD = ("plain", "with space", "quo'te\"", "line\nbreak", "ümlaut", "star*", ":colon")


@pytest.mark.parametrize("name", ODD)
def test_tracked_files_are_told_by_their_exact_name(repo: Path, name: str) -> None:
    (repo / "made" / name).write_text("x")
    with runner() as tools:
        assert tracked(tools, repo, "made") == ()
        git(repo, "add", "--force", "--all")
        assert tracked(tools, repo, "made") == (f"made/{name}",)


@pytest.mark.parametrize("name", ODD)
def test_what_git_would_add_is_told_by_its_exact_name(repo: Path, name: str) -> None:
    (repo / "made" / name).write_text("x")
    with runner() as tools:
        assert not_ignored(tools, repo / "made", (name, "not there")) == (name,)
        (repo / "made" / ".gitignore").write_text("*\n")
        assert not_ignored(tools, repo / "made", (name, "not there")) == ()


def test_outside_of_a_repository_git_says_that_it_cannot_tell(tmp_path: Path, repo: Path) -> None:
    assert repository_of(repo / "made") == repo
    with runner() as tools, pytest.raises(ToolFailed, match="git cannot tell what it tracks: fatal: not a git"):
        tracked(tools, tmp_path, "made")


def test_a_revision_is_unpacked_whole_and_the_folder_in_it_is_found(repo: Path, tmp_path: Path) -> None:
    (repo / "made" / "a").write_text("then")
    (repo / "top").write_text("then")
    (repo / "link").symlink_to("top")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=then")
    (repo / "made" / "a").write_text("now")
    (tmp_path / "into").mkdir()
    with runner() as tools:
        there = archive(tools, repo / "made", "HEAD", tmp_path / "into")
    assert (there / "a").read_text() == "then"
    assert (there.parent / "top").read_text() == "then"
    assert (there.parent / "link").readlink() == Path("top")


@pytest.mark.parametrize(
    ("revision", "says"),
    [
        ("nosuch", "git has no revision nosuch"),
        ("--output=x", "--output=x is no revision"),
        ("", "git has no revision"),
    ],
)
def test_a_revision_that_there_is_not_is_the_callers_mistake(
    repo: Path, tmp_path: Path, revision: str, says: str
) -> None:
    (tmp_path / "into").mkdir()
    with runner() as tools, pytest.raises(UsageError, match=says):
        archive(tools, repo, revision, tmp_path / "into")
    assert not (repo / "x^{tree}").exists()


def test_a_link_that_leads_out_is_left_out(repo: Path, tmp_path: Path) -> None:
    (repo / "out").symlink_to("/etc")
    (repo / "up").symlink_to("../elsewhere")
    (repo / "in").write_text("then")
    (repo / "same").symlink_to("in")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=out")
    (tmp_path / "into").mkdir()
    with runner() as tools:
        there = archive(tools, repo, "HEAD", tmp_path / "into")
    assert {path.name for path in there.iterdir()} == {"in", "same"}
