"""The file of a snapshot: checked before it has its name, for its owner alone, and never over another one."""

import errno
import hashlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from talops.errors import ToolFailed, UsageError
from talops.execute.snapshotfile import SnapshotFile, check

PAGE = 4096


def database(pages: int = 4) -> bytes:
    head = struct.pack("<QHHI", 0, 4, 0, 0) + struct.pack("<IIII", 0xED0CDAED, 2, PAGE, 0)
    return head.ljust(PAGE, b"\0") + b"x" * PAGE * (pages - 1)


def sealed(content: bytes) -> bytes:
    return content + hashlib.sha256(content).digest()


def kept(path: Path, content: bytes) -> None:
    file = SnapshotFile.at(path)
    with file.draft() as draft:
        draft.write_bytes(content)
        file.keep(draft)


def test_a_whole_one_gets_its_name_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "etcd.db"
    os.umask(os.umask(0) & 0o022)

    kept(path, sealed(database()))

    assert path.read_bytes() == sealed(database())
    assert (path.stat().st_mode & 0o777, path.stat().st_nlink) == (0o600, 1)
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_told_of_it_is_its_size_and_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(sealed(database(700)))

    checked = check(path)

    assert checked.size_bytes == 700 * PAGE + 32
    assert checked.sha256 == hashlib.sha256(database(700)).hexdigest()


BROKEN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not whole"),
    "a trailer alone": (b"\0" * 32, "not whole"),
    "without its trailer": (database(), "not whole"),
    "cut off": (sealed(database())[:-5], "not whole"),
    "its trailer zeroed": (database() + b"\0" * 32, "damaged on its way"),
    "a bit of it turned": (b"\x01" + sealed(database())[1:], "damaged on its way"),
    "a page missing": (database(3) + hashlib.sha256(database(4)).digest(), "damaged on its way"),
    "something else": (sealed(b"<html>".ljust(1024)), "does not begin as a database"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_no_whole_snapshot_gets_no_name_and_leaves_nothing(how: str, tmp_path: Path) -> None:
    content, why = BROKEN[how]

    with pytest.raises(ToolFailed, match=why):
        kept(tmp_path / "etcd.db", content)

    assert list(tmp_path.iterdir()) == []


def a_file(path: Path) -> None:
    path.write_text("mine")


def a_link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("lay", "why"),
    [(a_file, "there already"), (a_link, "there already"), (Path.mkdir, "is a folder"), (lambda path: None, "")],
)
def test_what_is_there_is_never_overwritten(lay: Callable[[Path], None], why: str, tmp_path: Path) -> None:
    path = tmp_path / "etcd.db"
    lay(path)

    if why:
        with pytest.raises(UsageError, match=why):
            SnapshotFile.at(path)
    else:
        SnapshotFile.at(path)


@pytest.mark.parametrize(("name", "why"), [("no/such/folder.db", "no folder"), ("a" * 300, "cannot be the name")])
def test_a_name_that_cannot_be_is_refused_before_anybody_is_asked(name: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=why):
        SnapshotFile.at(tmp_path / name)


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "etcd.db"
    file = SnapshotFile.at(path)

    with file.draft() as draft:
        draft.write_bytes(sealed(database()))
        path.write_text("somebody else's")
        with pytest.raises(ToolFailed, match="somebody else"):
            file.keep(draft)

    assert path.read_text() == "somebody else's"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("there", [False, True])
def test_where_the_disk_knows_no_links_nothing_is_overwritten_either(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(_source: object, _target: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    path = tmp_path / "etcd.db"
    file = SnapshotFile.at(path)
    with file.draft() as draft:
        draft.write_bytes(sealed(database()))
        if there:
            path.write_text("somebody else's")
            with pytest.raises(ToolFailed):
                file.keep(draft)
        else:
            file.keep(draft)

    assert path.read_bytes() == (b"somebody else's" if there else sealed(database()))
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match=r"takes 1000 TB, and .* has .* left"):
        SnapshotFile.at(tmp_path / "etcd.db").must_have_room(10**15)


def test_a_disk_that_is_full_at_the_end_is_an_error_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ToolFailed, match="cannot be written: No space left on device"):
        kept(tmp_path / "etcd.db", sealed(database()))

    assert list(tmp_path.iterdir()) == []


def test_whatever_ends_it_the_draft_is_gone(tmp_path: Path) -> None:
    file = SnapshotFile.at(tmp_path / "etcd.db")

    with pytest.raises(SystemExit), file.draft() as draft:  # noqa: PT012
        draft.with_name("snapshot.db.part").write_bytes(b"half of it")
        assert draft.parent.stat().st_mode & 0o077 == 0
        raise SystemExit(143)

    assert list(tmp_path.iterdir()) == []
