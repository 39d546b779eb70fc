"""Files of the operator's home: found as kubectl finds them, written whole and for their owner alone."""

from pathlib import Path

import pytest

from talops.errors import Locked, ToolFailed
from talops.tools.homefile import kubeconfig_path, locked, read_text, write_whole


def test_the_first_file_of_kubeconfig_is_written() -> None:
    assert kubeconfig_path({"KUBECONFIG": "/a:/b", "HOME": "/h"}) == Path("/a")
    assert kubeconfig_path({"KUBECONFIG": ":/b"}) == Path("/b")
    assert kubeconfig_path({"KUBECONFIG": "", "HOME": "/h"}) == Path("/h/.kube/config")


def test_a_file_is_for_its_owner_alone_whatever_it_was(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("old")
    path.chmod(0o644)
    write_whole(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["config"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "config").symlink_to("real")
    write_whole(tmp_path / "config", "new")
    assert (tmp_path / "config").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_while_kubectl_writes_it_nobody_else_does(tmp_path: Path) -> None:
    (tmp_path / "config.lock").touch()
    with pytest.raises(Locked) as raised, locked(tmp_path / "config"):
        pass
    assert "config.lock" in raised.value.hint
    assert (tmp_path / "config.lock").exists()


def test_the_folder_is_made_and_the_lock_goes(tmp_path: Path) -> None:
    with locked(tmp_path / ".kube" / "config"):
        assert (tmp_path / ".kube" / "config.lock").exists()
    assert list((tmp_path / ".kube").iterdir()) == []
    assert (tmp_path / ".kube").stat().st_mode & 0o777 == 0o700


def test_a_place_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ToolFailed), locked(tmp_path / "file" / "config"):
        pass
    with pytest.raises(ToolFailed):
        write_whole(tmp_path / "nowhere" / "config", "x")
    assert read_text(tmp_path / "nothing") == ""
