"""`talops init --new NAME`, and what works in the new repository at once."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import BIN, talops

from real_tools import real
from release_mirror import ReleaseMirror
from web_server import web_server

TOOLS = ("talhelper", "sops", "age-keygen", "age", "talosctl", "kubectl", "helm")


@pytest.fixture
def desk() -> Iterator[Path]:
    """A folder of a person without any key. The tools are on PATH."""
    root = Path(tempfile.mkdtemp(prefix="e2e-"))
    for folder in ("bin", "home", "work"):
        (root / folder).mkdir()
    for name in TOOLS:
        (root / "bin" / name).symlink_to(real(name))
    yield root
    shutil.rmtree(root)


def ran(root: Path, words: str, where: str = "work", path: str = "bin", **more: str) -> tuple[int, str]:
    env = {"HOME": str(root / "home"), "PATH": f"{root / path}:/usr/bin:/bin", "LANG": "C.UTF-8"}
    done = talops(*words.split(), cwd=root / where, env=env | more)
    said = (done.stdout + done.stderr).decode()
    assert "Traceback" not in said
    return done.returncode, said


@pytest.mark.parametrize(
    ("words", "wanted", "says"),
    [
        ("gen config --offline", 0, ""),
        ("gen config --check --strict", 0, ""),
        ("gen config --check --placeholder-secrets", 0, ""),
        ("validate", 0, "nothing is wrong"),
        ("validate --strict", 0, "nothing is wrong"),
        ("nodes", 0, "config: clusterconfig/home-cp-1.yaml"),
        ("doctor --offline", 0, "readable; for"),
        ("rehearse status", 0, "Healthy"),
        ("rehearse upgrade all", 0, "exit 0"),
    ],
)
def test_every_command_works_in_it_at_once(desk: Path, words: str, wanted: int, says: str) -> None:
    code, said = ran(desk, "init --new home")
    assert code == 0, said
    code, said = ran(desk, words, "work/home")
    assert code == wanted, said
    assert says in " ".join(said.split())


def test_its_key_is_spoken_of_and_never_said(desk: Path) -> None:
    code, said = ran(desk, "init --new home")
    assert code == 0, said
    assert "BACK IT UP NOW" in said
    assert "age1" in said
    assert "AGE-SECRET-KEY" not in said
    assert "cd home && git init" in said
    assert list((desk / "home").rglob("*key*")) == []


def test_a_place_of_its_own_and_a_repository_to_stand_in(desk: Path) -> None:
    assert ran(desk, "init --new home elsewhere")[0] == 0
    assert ran(desk, "-C home init --new lab", ".")[0] == 0
    assert (desk / "work" / "elsewhere" / "talconfig.yaml").is_file()
    assert "clusterName: lab" in (desk / "home" / "lab" / "talconfig.yaml").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("init --new", "--new needs a value"),
        ("init --new Home", "talops init --new home"),
        ("init --new ../x", "cannot be called"),
        ("init --new home nowhere/at/all", "mkdir -p"),
        ("init --new home --update", "--update is for a repository that there is"),
        ("init somewhere", "names a folder only for a new repository"),
    ],
)
def test_a_wrong_wish_is_a_usage_error_and_makes_nothing(desk: Path, words: str, says: str) -> None:
    code, said = ran(desk, words)
    assert code == 2, said
    assert says in said
    assert list((desk / "work").iterdir()) == []


def test_a_second_time_changes_nothing(desk: Path) -> None:
    ran(desk, "init --new home")
    before = {path: path.read_bytes() for path in (desk / "work").rglob("*") if path.is_file()}
    code, said = ran(desk, "init --new home")
    assert code == 2, said
    assert "nothing is ever overwritten" in said
    assert {path: path.read_bytes() for path in (desk / "work").rglob("*") if path.is_file()} == before


def test_a_folder_that_may_not_be_written_to(desk: Path) -> None:
    code, said = ran(desk, "init --new home /proc/home")
    assert code == 6, said
    assert "cannot be written" in said


@pytest.mark.parametrize(("number", "wanted"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 143)])
def test_a_signal_in_the_middle_leaves_nothing(desk: Path, number: signal.Signals, wanted: int) -> None:
    marker = desk / "marker"
    os.mkfifo(marker)
    (desk / "bin" / "talhelper").unlink()
    (desk / "bin" / "talhelper").write_text(f"#!/bin/sh\necho begun > {marker}\nexec sleep 60\n")
    (desk / "bin" / "talhelper").chmod(0o755)
    env = {"HOME": str(desk / "home"), "PATH": f"{desk / 'bin'}:/usr/bin:/bin", "LANG": "C.UTF-8"}
    process = subprocess.Popen(
        [str(BIN / "talops"), "init", "--new", "home"],
        cwd=desk / "work",
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    # opens when talhelper does: the key has been made by then
    assert marker.read_text() == "begun\n"
    assert len(list((desk / "work").iterdir())) == 1
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == wanted, said
    assert list((desk / "work").iterdir()) == []
    assert b"Traceback" not in said


@pytest.mark.parametrize("missing", ["age-keygen", "talhelper"])
def test_offline_a_missing_tool_is_named(desk: Path, missing: str) -> None:
    (desk / "bin" / missing).unlink()
    code, said = ran(desk, "init --new home --offline")
    assert code == 5, said
    assert f"it takes {missing}, which is not installed" in said
    assert list((desk / "work").iterdir()) == []


def test_without_any_tool_they_are_downloaded_and_gen_config_works_at_once(desk: Path) -> None:
    with web_server() as web:
        mirror = ReleaseMirror(web)
        mirror.publish("talosctl", "1.13.8")
        mirror.publish("kubectl", "1.36.3")
        mirror.publish("helm", "3.22.0")
        mirror.publish("talhelper", "3.1.16", {"talhelper": real("talhelper").read_bytes()})
        mirror.publish("sops", "3.11.0", {"sops": real("sops").read_bytes()})
        mirror.publish("age", "1.3.2", {name: real(name).read_bytes() for name in ("age", "age-keygen")})
        code, said = ran(desk, "init --new home", path="none", TALOPS_MIRROR=mirror.url)
        assert code == 0, said
    assert "BACK IT UP NOW" in said
    locked = json.loads((desk / "work" / "home" / "talops.lock").read_text())["tools"]
    assert {"talhelper", "sops", "age", "talosctl", "kubectl"} <= set(locked)
    code, said = ran(desk, "gen config --offline", "work/home", path="none")
    assert code == 0, said
    assert (desk / "work" / "home" / "clusterconfig" / "home-cp-3.yaml").is_file()
    code, said = ran(desk, "doctor --offline", "work/home", path="none")
    assert code == 0, said
    assert "store" in said


def test_a_mirror_that_has_nothing_leaves_nothing(desk: Path) -> None:
    with web_server() as web:
        code, said = ran(desk, "init --new home", path="none", TALOPS_MIRROR=ReleaseMirror(web).url)
    assert code == 5, said
    assert list((desk / "work").iterdir()) == []
