"""The real tools, installed by `talops init` from a mirror, and talops with nothing but these."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from live_talops import started
from practice import Practice, practice

from command_line import KEY, ROOT
from real_tools import real
from release_mirror import ReleaseMirror
from talops.domain.tool import Platform
from web_server import web_server

LONGEST = 240.0
ONE = Platform.here()


@contextmanager
def real_mirror() -> Iterator[ReleaseMirror]:
    with web_server() as web:
        mirror = ReleaseMirror(web)
        for version in ("1.13.0", "1.12.0"):
            mirror.publish("talosctl", version, {"talosctl": real("talosctl", version).read_bytes()})
        mirror.publish("kubectl", "1.36.3", {"kubectl": real("kubectl").read_bytes()})
        mirror.publish("sops", "3.11.0", {"sops": real("sops").read_bytes()})
        mirror.publish("talhelper", "3.1.16", {"talhelper": real("talhelper").read_bytes()})
        mirror.publish("helm", "3.22.0", {"helm": real("helm", "3.22.0").read_bytes()})
        mirror.publish("age", "1.3.2", {name: real(name).read_bytes() for name in ("age", "age-keygen")})
        yield mirror


def said_by(place: Practice, *words: str, more: Mapping[str, str]) -> tuple[int, str]:
    with started(place, *words, more={"PATH": str(place.root / "none"), **more}) as running:
        return running.end(LONGEST), running.printed


def test_a_rollout_from_one_minor_release_to_the_next_has_the_talosctl_of_each_nodes_own() -> None:
    with practice(start="v1.12.0", target="v1.13.0") as place, real_mirror() as mirror:
        policy = place.repo / "talops.yaml"
        policy.write_text(f"{policy.read_text()}tools: {{kubectl: {{version: v1.36.3}}}}\n")
        home = {"TALOPS_MIRROR": mirror.url, "XDG_DATA_HOME": str(place.root / "data")}

        code, printed = said_by(place, "init", more=home)

        assert code == 0, printed
        tools = json.loads((place.repo / "talops.lock").read_text())["tools"]
        assert list(tools["talosctl"]) == ["1.12.0", "1.13.0"]
        store = place.root / "data" / "talops" / "tools"

        code, printed = said_by(place, "upgrade", "all", "--yes", "--show-commands", more=home)

        assert code == 0, printed
        assert set(place.versions().values()) == {"v1.13.0"}
        older = store / "talosctl" / "1.12.0" / str(ONE) / "talosctl"
        upgrades = [line for line in printed.splitlines() if " upgrade --image " in line]
        assert len(upgrades) == 3
        assert all(f"{older} " in line and "--drain=false" not in line for line in upgrades), upgrades
        assert place.left_over() == []

        code, printed = said_by(place, "status", more=home)

        assert code == 0, printed


@pytest.mark.skipif(not KEY.exists(), reason="the example's key is not here")
def test_an_encrypted_repository_needs_no_tool_but_what_init_installs(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    for name in ("talconfig.yaml", "talenv.sops.yaml"):
        shutil.copy(ROOT / name, repo)
    shutil.copytree(ROOT / "patches", repo / "patches")
    text = (repo / "talconfig.yaml").read_text().replace("v1.13.2", "v1.13.0").replace("v1.35.4", "v1.36.3")
    (repo / "talconfig.yaml").write_text(text)
    with real_mirror() as mirror:
        environment = {
            "HOME": str(tmp_path),
            "PATH": str(tmp_path / "none"),
            "TALOPS_MIRROR": mirror.url,
            "SOPS_AGE_KEY_FILE": str(KEY),
        }
        done = without_a_sops_beside_it("init", cwd=repo, env=environment)
        assert done.returncode == 0, done.stderr + done.stdout
    assert (tmp_path / ".local" / "share" / "talops" / "tools" / "sops" / "3.11.0").is_dir()
    shown = without_a_sops_beside_it("nodes", "--json", cwd=repo, env=environment)
    assert shown.returncode == 0, shown.stderr
    assert "https://10.20.0.10:6443" in shown.stdout


def without_a_sops_beside_it(*words: str, cwd: Path, env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """talops by the Python from which the environment of the tests was made."""
    libraries = [entry for entry in sys.path if entry.endswith("site-packages")]
    return subprocess.run(
        [str(Path(sys.executable).resolve()), "-m", "talops", *words],
        cwd=cwd,
        env={**env, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *libraries])},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
