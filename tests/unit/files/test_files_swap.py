"""One folder in the place of another: killed anywhere, the former or the new one is there, whole."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from talops.errors import FilesInvalid, Locked, ToolFailed
from talops.files.swap import beside, locked, place_of, swap_in

SCRIPT = Path(__file__).with_name("killed_swap.py")
FORMER = {"a": "former", "gone": "former", "foreign": "mine"}
NEW = {"a": "new", "b": "new", "foreign": "mine", ".gitignore": "*\n"}
MOST = 80
"""Steps on the file system that one swap takes, and some."""


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def fill(place: Path) -> None:
    place.mkdir()
    for name, text in FORMER.items():
        (place / name).write_text(text)


@pytest.mark.parametrize("way", ["exchange", "rename"])
def test_a_kill_at_any_step_loses_nothing(tmp_path: Path, way: str) -> None:
    for step in range(MOST):
        root = tmp_path / str(step)
        root.mkdir()
        place = root / "place"
        fill(place)
        done = subprocess.run([sys.executable, SCRIPT, root, way, str(step)], check=False, capture_output=True)
        if way == "exchange":
            # at no moment is there nothing
            assert contents(place) in (FORMER, NEW), step
        # what the next run makes of it, before it does anything else
        with locked(place):
            assert contents(place) in (FORMER, NEW), step
            assert [path.name for path in root.iterdir()] == ["place"], step
        if done.returncode == 0:
            assert contents(place) == NEW
            return
        assert done.returncode == -9, done.stderr
    pytest.fail("it never came to its end")


def test_an_error_in_the_middle_leaves_the_former(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "place"
    fill(place)
    monkeypatch.setattr("talops.files.swap.exchange", lambda _one, _other: False)
    with locked(place), beside(place) as folder:
        (folder / "a").write_text("new")
        (folder / "a").rename(tmp_path / "other")
        folder.rename(tmp_path / "away")
        with pytest.raises(ToolFailed, match="it is as it was before"):
            swap_in(folder, place, lambda _name: False)
    assert contents(place) == FORMER


def test_the_folder_is_private_and_hidden_from_git_from_the_first(tmp_path: Path) -> None:
    with locked(tmp_path / "place"), beside(tmp_path / "place") as folder:
        assert folder.stat().st_mode & 0o077 == 0
        assert contents(folder) == {".gitignore": "*\n"}
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_a_second_one_is_told_so(tmp_path: Path) -> None:
    lock = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(Locked), locked(tmp_path / "place"):
        pass
    os.close(lock)


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "place").write_text("mine")
    with pytest.raises(FilesInvalid, match="this is no folder"):
        place_of(tmp_path / "place")


def test_links_are_followed_and_kept(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "place").symlink_to("real")
    place = place_of(tmp_path / "place")
    with locked(place), beside(place) as folder:
        (folder / "a").write_text("new")
        swap_in(folder, place, lambda _name: True)
    assert contents(tmp_path / "place")["a"] == "new"
    assert (tmp_path / "place").is_symlink()


def test_a_foreign_folder_and_its_links_stay(tmp_path: Path) -> None:
    place = tmp_path / "place"
    (place / "notes" / "empty").mkdir(parents=True)
    (place / "notes" / "x").write_text("mine")
    (place / "link").symlink_to("notes")
    with locked(place), beside(place) as folder:
        swap_in(folder, place, lambda _name: True)
    assert (place / "notes" / "x").read_text() == "mine"
    assert (place / "notes" / "empty").is_dir()
    assert (place / "link").is_symlink()
