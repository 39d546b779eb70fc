"""Where sandboxes are, and whether one lives there."""

import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from talops.errors import Locked, ToolFailed, UsageError
from talops.tools.places import Place, place, places, taken, throw_away


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    for name in ("run", "home"):
        (tmp_path / name).mkdir()
    return {"XDG_RUNTIME_DIR": str(tmp_path / "run"), "HOME": str(tmp_path / "home")}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_one_goes_where_the_system_keeps_what_lives_no_longer_than_a_login(environ: dict[str, str]) -> None:
    assert str(place("a", environ).folder) == f"{environ['XDG_RUNTIME_DIR']}/talops/sandbox/a"


@pytest.mark.parametrize("runtime", [{}, {"XDG_RUNTIME_DIR": ""}, {"XDG_RUNTIME_DIR": "/nowhere/at/all"}])
def test_without_such_a_place_it_goes_to_the_state_of_the_user(
    environ: dict[str, str], runtime: dict[str, str]
) -> None:
    found = place("a", {"HOME": environ["HOME"], **runtime})
    assert str(found.folder) == f"{environ['HOME']}/.local/state/talops/sandbox/a"


def test_one_that_was_started_from_another_shell_is_found(environ: dict[str, str]) -> None:
    with taken(place("a", {"HOME": environ["HOME"]})):
        assert [one.name for one in places(environ)] == ["a"]
        assert place("a", environ).folder.is_relative_to(environ["HOME"])


def test_one_place_that_is_named_twice_is_one(environ: dict[str, str]) -> None:
    environ["XDG_STATE_HOME"] = environ["XDG_RUNTIME_DIR"]
    with taken(place("a", environ)):
        assert len(places(environ)) == 1


@pytest.mark.parametrize("name", ["", "..", ".a", "-a", "a/b", "a b", "a\nb", "ä", "a" * 65])
def test_a_name_that_is_no_folder_is_refused(environ: dict[str, str], name: str) -> None:
    with pytest.raises(UsageError, match="cannot be called"):
        place(name, environ)


def test_its_folder_and_the_lock_in_it_are_ours_alone(environ: dict[str, str]) -> None:
    where = place("a", environ)
    with taken(where):
        assert [mode(where.folder), mode(where.folder.parent), mode(where.folder / "lock")] == [0o700, 0o700, 0o600]


def test_a_folder_that_others_could_read_is_closed_to_them(environ: dict[str, str]) -> None:
    where = place("a", environ)
    where.folder.mkdir(parents=True, mode=0o755)
    where.folder.chmod(0o755)
    with taken(where):
        assert mode(where.folder) == 0o700


def test_it_lives_while_the_lock_is_held(environ: dict[str, str]) -> None:
    where = place("a", environ)
    assert not where.lives
    with taken(where):
        assert where.lives
        with pytest.raises(Locked, match="running already"), taken(where):
            raise AssertionError
        assert where.folder.exists()
    assert not where.lives


def test_what_a_dead_one_left_is_thrown_away_by_the_next(environ: dict[str, str]) -> None:
    where = dead(environ)
    with taken(where):
        assert [entry.name for entry in where.folder.iterdir()] == ["lock"]
        assert (where.folder / "lock").read_text() == ""


def dead(environ: dict[str, str]) -> Place:
    where = place("a", environ)
    with taken(where):
        (where.folder / "kubeconfig").write_text("old")
        (where.folder / "more").mkdir()
        (where.folder / "lock").write_text("4711\n")
        (where.folder / "log").write_text("".join(f"line {number}\n" for number in range(9)))
    return where


def test_a_dead_one_tells_its_last_words(environ: dict[str, str]) -> None:
    assert dead(environ).last_words().split() == ["line", "4", "line", "5", "line", "6", "line", "7", "line", "8"]


def test_a_block_that_fails_leaves_nothing(environ: dict[str, str]) -> None:
    where = place("a", environ)
    with pytest.raises(RuntimeError), taken(where):
        raise RuntimeError
    assert list(Path(environ["XDG_RUNTIME_DIR"]).iterdir()) == []


def test_a_dead_one_can_be_thrown_away_and_a_living_one_cannot(environ: dict[str, str]) -> None:
    where = dead(environ)
    with taken(where):
        throw_away(where)
        assert where.folder.exists()
    throw_away(where)
    assert list(Path(environ["XDG_RUNTIME_DIR"]).iterdir()) == []


def test_what_else_is_in_the_folder_of_states_stays(environ: dict[str, str]) -> None:
    journals = Path(environ["HOME"]) / ".local" / "state" / "talops" / "sandbox"
    journals.mkdir(parents=True)
    (journals / "run.jsonl").write_text("{}")
    where = dead({"HOME": environ["HOME"]})
    throw_away(where)
    assert [entry.name for entry in journals.iterdir()] == ["run.jsonl"]


def test_a_place_that_cannot_be_made_is_said_in_words(environ: dict[str, str]) -> None:
    (Path(environ["XDG_RUNTIME_DIR"]) / "talops").write_text("a file")
    with pytest.raises(ToolFailed, match="there is no place for it"), taken(place("a", environ)):
        raise AssertionError


@pytest.fixture
def look(environ: dict[str, str]) -> Iterator[int]:
    """Somebody looks whether it lives, in this very moment."""
    where = dead(environ)
    lock = os.open(where.folder / "lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_SH)
    yield lock
    os.close(lock)


def test_two_may_look_at_the_same_time(environ: dict[str, str], look: int) -> None:
    assert not place("a", environ).lives
