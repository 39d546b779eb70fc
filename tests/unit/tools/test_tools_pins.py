"""The talosconfig that is found is the one that talosctl, or the operator, means; its copy is private."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from talops.errors import FilesInvalid, ToolFailed, ToolMissing
from talops.tools.calls import Talosctl
from talops.tools.pins import find_kubeconfig, find_talosconfig, pin_talosconfig, private_folder
from talops.tools.runner import ShRunner


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".talos").mkdir()
    (tmp_path / ".talos" / "config").write_text("home")
    return tmp_path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "repo").mkdir()
    return tmp_path / "repo"


@pytest.fixture
def folder() -> Iterator[Path]:
    with private_folder() as private:
        yield private


def generated(repository: Path) -> Path:
    (repository / "clusterconfig").mkdir()
    path = repository / "clusterconfig" / "talosconfig"
    path.write_text("generated")
    return path


def test_what_is_named_wins(home: Path, repository: Path, tmp_path: Path) -> None:
    generated(repository)
    named = tmp_path / "named"
    named.write_text("named")
    variables = {"HOME": str(home), "TALOSCONFIG": str(home / ".talos" / "config")}
    assert find_talosconfig(str(named), repository, variables) == named


def test_the_environment_comes_next(home: Path, repository: Path) -> None:
    generated(repository)
    wanted = home / ".talos" / "config"
    assert find_talosconfig("", repository, {"HOME": "/nowhere", "TALOSCONFIG": str(wanted)}) == wanted


def test_then_the_one_that_was_generated_beside_the_files(home: Path, repository: Path) -> None:
    assert find_talosconfig("", repository, {"HOME": str(home)}) == home / ".talos" / "config"
    wanted = generated(repository)
    assert find_talosconfig("", repository, {"HOME": str(home)}) == wanted


@pytest.mark.parametrize("named_by", ["--talosconfig", "$TALOSCONFIG"])
def test_a_named_file_that_is_not_there_is_an_error_that_says_who_named_it(
    home: Path, repository: Path, named_by: str
) -> None:
    given = "missing" if named_by == "--talosconfig" else ""
    with pytest.raises(FilesInvalid) as caught:
        find_talosconfig(given, repository, {"HOME": str(home), "TALOSCONFIG": "missing"})
    assert named_by in caught.value.what
    assert caught.value.hint


def test_no_talosconfig_at_all_is_an_error_with_a_hint(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(FilesInvalid, match="no talosconfig") as caught:
        find_talosconfig("", repository, {"HOME": str(tmp_path)})
    assert "--talosconfig" in caught.value.hint


def fake_talosctl(tmp_path: Path, script: str) -> Talosctl:
    tool = tmp_path / "talosctl"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    return Talosctl(path=str(tool), context="home")


def test_the_copy_is_private_and_its_context_is_known(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "source").write_text("secret")
    answer = '{"context": "home", "endpoints": ["10.0.0.11"], "nodes": null, "certNotAfter": "2027-11-23"}'
    talosctl = fake_talosctl(tmp_path, f"test \"$3 $4\" = '--context home' && echo '{answer}'")
    pinned = pin_talosconfig(ShRunner(), talosctl, tmp_path / "source", folder)
    copy = Path(pinned.talosctl.talosconfig)
    assert (copy.parent, copy.read_text(), stat.S_IMODE(copy.stat().st_mode)) == (folder, "secret", 0o600)
    assert (pinned.info.context, pinned.info.certificate_ends) == ("home", "2027-11-23")
    assert pinned.source == tmp_path / "source"


def test_a_context_that_is_not_in_it_is_an_error_with_a_command_to_type(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "source").write_text("")
    talosctl = fake_talosctl(tmp_path, "echo 'no context is set' >&2; exit 1")
    with pytest.raises(ToolFailed, match="no context is set") as caught:
        pin_talosconfig(ShRunner(), talosctl, tmp_path / "source", folder)
    assert "config contexts" in caught.value.hint


def test_a_missing_talosctl_is_an_error_with_a_hint(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "source").write_text("")
    with pytest.raises(ToolMissing, match="talosctl") as caught:
        pin_talosconfig(ShRunner(), Talosctl(path="no-talosctl"), tmp_path / "source", folder)
    assert caught.value.hint


def test_an_unreadable_talosconfig_is_an_error_with_its_place(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(FilesInvalid, match="cannot read it"):
        pin_talosconfig(ShRunner(), Talosctl(), tmp_path, folder)


def test_the_private_folder_is_gone_in_the_end() -> None:
    with private_folder({}) as folder:
        (folder / "x").write_text("x")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


@pytest.mark.parametrize("length", [10, 100])
def test_memory_is_preferred_where_the_path_of_a_socket_fits(tmp_path: Path, length: int) -> None:
    runtime = tmp_path / ("r" * length)
    runtime.mkdir()
    fits = len(str(runtime)) < 60
    with private_folder({"XDG_RUNTIME_DIR": str(runtime)}) as folder:
        assert (folder.parent == runtime) is fits


def test_the_private_folder_has_room_for_a_socket_wherever_temporary_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with private_folder({}) as folder:
        assert len(str(folder)) < 90


def test_a_kubeconfig_that_does_not_exist_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "config")
    with pytest.raises(FilesInvalid, match=f"--kubeconfig names {missing}"):
        find_kubeconfig(missing)


def test_without_a_kubeconfig_named_kubectl_looks_by_itself() -> None:
    assert find_kubeconfig("") == ""
