"""Which program each tool is."""

import json
import os
from pathlib import Path

import pytest

from real_tools import real
from talops.domain.talos import Version
from talops.domain.tool import Missing, Origin, Platform, Program
from talops.errors import ToolMissing
from talops.toolbox.find import Programs
from talops.toolbox.lock import Asset, Lock
from talops.toolbox.store import Store

HERE = Platform.here()
V12, V13 = Version.parse("v1.12.0"), Version.parse("v1.13.0")
DIGEST = "a" * 64


class World:
    """A home, a PATH, a store and a lock. `asked` are the programs that were run for their version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.environ = {"HOME": str(folder), "PATH": str(self.bin)}
        self.store = Store.of(self.environ)
        self.locked: dict[str, dict[Version, dict[Platform, Asset]]] = {}
        self.asked: list[str] = []

    def lock(self, name: str, *versions: Version, digest: str = DIGEST) -> None:
        asset = Asset(url=f"https://x/{name}", sha256=digest)
        self.locked[name] = {version: {HERE: asset} for version in versions}

    def on_path(self, name: str, version: str) -> Path:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\necho {version}\n")
        path.chmod(0o755)
        return path

    def in_store(self, name: str, version: Version, *, binaries: tuple[str, ...] = (), digest: str = DIGEST) -> Path:
        self.store.root.mkdir(parents=True, exist_ok=True)
        with self.store.partial() as folder:
            ready = folder / name
            ready.mkdir()
            for binary in binaries or (name,):
                (ready / binary).write_text(str(version))
            self.store.install(name, version, HERE, Asset(url="https://x", sha256=digest), ready)
        return self.store.folder(name, version, HERE) / (binaries or (name,))[0]

    def programs(self, *, locked: bool = True) -> Programs:
        def ask(name: str, path: str) -> Version | None:
            self.asked.append(name)
            words = Path(path).read_bytes().partition(b"echo ")[2].decode().split() or [Path(path).parent.parent.name]
            try:
                return Version.parse(words[0])
            except ValueError:
                return None

        return Programs(lambda: Lock(self.locked) if locked else None, self.store, self.environ, ask)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_without_a_lock_what_path_has_is_taken_and_not_asked(world: World) -> None:
    path = world.on_path("talosctl", "v0.1.0")
    assert world.programs(locked=False).find("talosctl") == Program(name="talosctl", path=str(path), origin=Origin.PATH)
    assert world.asked == []


def test_without_a_lock_and_on_no_path_it_is_missing_with_what_to_type(world: World) -> None:
    with pytest.raises(ToolMissing, match="kubectl is not installed, or not on PATH") as caught:
        world.programs(locked=False).path("kubectl")
    assert "talops init" in caught.value.hint


def test_of_the_locked_version_paths_is_taken_before_the_stores(world: World) -> None:
    world.lock("talosctl", V13)
    path = world.on_path("talosctl", "v1.13.0")
    world.in_store("talosctl", V13)
    found = world.programs().find("talosctl")
    assert found == Program(name="talosctl", path=str(path), origin=Origin.PATH, version=V13, wanted=V13)


@pytest.mark.parametrize("said", ["v1.12.9", "nothing"])
def test_of_another_version_the_stores_is_taken(said: str, world: World) -> None:
    world.lock("talosctl", V13)
    world.on_path("talosctl", said)
    stored = world.in_store("talosctl", V13)
    found = world.programs().find("talosctl")
    assert found == Program(name="talosctl", path=str(stored), origin=Origin.STORE, version=V13, wanted=V13)


def test_a_wrong_one_alone_is_missing_and_named(world: World) -> None:
    world.lock("talosctl", V13)
    path = world.on_path("talosctl", "v1.12.9")
    found = world.programs().find("talosctl")
    assert isinstance(found, Missing)
    assert found.why == f"talosctl v1.13.0, which talops.lock names, is not installed ({path} is v1.12.9)"
    assert found.hint == "talops init"


def test_a_tool_that_the_lock_does_not_name_is_paths(world: World) -> None:
    world.lock("talosctl", V13)
    path = world.on_path("helm", "v3.0.0")
    assert world.programs().path("helm") == str(path)


def test_a_program_of_another_tools_release_is_found_with_it(world: World) -> None:
    world.lock("age", V13)
    world.in_store("age", V13, binaries=("age", "age-keygen"))
    assert world.programs().path("age-keygen").endswith(f"age/1.13.0/{HERE}/age-keygen")


def test_every_locked_talosctl_is_there_for_nodes_of_its_release(world: World) -> None:
    world.lock("talosctl", V12, V13, Version.parse("v1.11.5"))
    twelve = world.in_store("talosctl", V12)
    thirteen = world.on_path("talosctl", "v1.13.0")
    assert world.programs().talosctls() == ((V13, str(thirteen)), (V12, str(twelve)))


def test_what_was_changed_in_the_store_is_not_run(world: World) -> None:
    world.lock("talosctl", V13)
    stored = world.in_store("talosctl", V13)
    stored.write_text("evil")
    assert isinstance(world.programs().find("talosctl"), Missing)


def test_what_was_only_copied_is_still_right(world: World) -> None:
    world.lock("talosctl", V13)
    stored = world.in_store("talosctl", V13)
    os.utime(stored, ns=(1, 1))
    assert world.programs().path("talosctl") == str(stored)
    note = json.loads((stored.parent / "origin.json").read_text())
    assert note["binaries"]["talosctl"]["fingerprint"].split("-")[1] == "1"


def test_a_release_file_other_than_the_locked_one_is_not_taken(world: World) -> None:
    world.lock("talosctl", V13)
    world.in_store("talosctl", V13, digest="b" * 64)
    assert isinstance(world.programs().find("talosctl"), Missing)


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"sha256": 1, "binaries": {"talosctl": 3}}', "null"])
def test_a_broken_note_in_the_store_is_as_if_there_were_none(note: str, world: World) -> None:
    world.lock("talosctl", V13)
    (world.in_store("talosctl", V13).parent / "origin.json").write_text(note)
    assert isinstance(world.programs().find("talosctl"), Missing)


def test_a_script_is_asked_in_every_run_as_it_may_be_the_shim_of_a_version_manager(world: World) -> None:
    world.lock("talosctl", V13)
    world.on_path("talosctl", "v1.13.0")
    world.programs().find("talosctl")
    world.programs().find("talosctl")
    assert world.asked == ["talosctl", "talosctl"]


def test_a_program_is_asked_once_as_long_as_it_stays_the_same_file(world: World) -> None:
    world.lock("talosctl", V13)
    path = world.bin / "talosctl"
    path.write_bytes(b"\x7fELF echo v1.13.0 ")
    path.chmod(0o755)
    for _ in range(3):
        assert isinstance(world.programs().find("talosctl"), Program)
    assert world.asked == ["talosctl"]
    path.write_bytes(b"\x7fELF echo v1.12.0  ")
    assert isinstance(world.programs().find("talosctl"), Missing)
    assert world.asked == ["talosctl", "talosctl"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"/x": 3}', "null"])
def test_a_broken_memory_is_forgotten(content: str, world: World) -> None:
    world.lock("talosctl", V13)
    path = world.bin / "talosctl"
    path.write_bytes(b"\x7fELF echo v1.13.0 ")
    path.chmod(0o755)
    memory = world.folder / ".cache" / "talops" / "versions.json"
    memory.parent.mkdir(parents=True)
    memory.write_text(content)
    assert isinstance(world.programs().find("talosctl"), Program)
    assert str(path) in json.loads(memory.read_text())


def test_the_shim_of_a_version_manager_is_told_by_the_program_behind_it(world: World) -> None:
    world.lock("talosctl", V13)
    mise = world.folder / "mise"
    mise.write_bytes(b"\x7fELF echo v1.13.0 ")
    mise.chmod(0o755)
    (world.bin / "talosctl").symlink_to(mise)
    world.programs().find("talosctl")
    world.programs().find("talosctl")
    assert world.asked == ["talosctl", "talosctl"]


@pytest.mark.parametrize("name", ["talosctl", "talhelper", "kubectl", "sops", "helm", "age", "age-keygen"])
def test_every_real_tool_says_its_version(name: str) -> None:
    from talops.toolbox.find import _asked

    path = real(name)
    assert str(_asked(name, str(path))).removeprefix("v") in str(path.parts)
