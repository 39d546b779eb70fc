"""`talops init` against a mirror of the release files on loopback."""

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pexpect
import pytest

from command_line import TALCONFIG, repository
from release_mirror import STANDING, ReleaseMirror, asset_url, packed, script
from talops.domain.tool import Platform
from web_server import Answer, proxy_server, web_server

PATIENCE = 60.0
HERE = str(Platform.here())
ALL = {"talosctl": "1.13.2", "kubectl": "1.35.4", **STANDING}
STORED = {name: version for name, version in ALL.items() if name != "sops"}
"""Beside the Python that runs tests there is a sops, of that very version."""


@dataclass(frozen=True)
class Desk:
    """A repository, a home, a PATH without any tool, and a mirror."""

    root: Path
    mirror: ReleaseMirror
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def repo(self) -> Path:
        return self.root / "repo"

    @property
    def lock(self) -> Path:
        return self.repo / "talops.lock"

    @property
    def store(self) -> Path:
        return self.root / "data" / "talops" / "tools"

    def env(self, more: Mapping[str, str]) -> dict[str, str]:
        return {
            "HOME": str(self.root / "home"),
            "PATH": str(self.root / "bin"),
            "XDG_DATA_HOME": str(self.root / "data"),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "TALOPS_MIRROR": self.mirror.url,
            **self.environment,
            **more,
        }

    def start(self, *words: str, file_limit: int = 0, **more: str) -> "subprocess.Popen[bytes]":
        def limit() -> None:
            if file_limit:
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

        return subprocess.Popen(
            [sys.executable, "-m", "talops", *words],
            cwd=self.repo,
            env=self.env(more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=limit,
        )

    def ran(self, *words: str, file_limit: int = 0, **more: str) -> tuple[int, str]:
        with self.start(*words, file_limit=file_limit, **more) as process:
            out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out.decode() + err.decode()

    def initialised(self) -> None:
        self.mirror.publish_all("1.13.2")
        code, said = self.ran("init")
        assert code == 0, said

    def program(self, name: str, version: str, binary: str = "") -> Path:
        return self.store / name / version / HERE / (binary or name)

    def installed(self) -> dict[str, str]:
        return {path.parts[-4]: path.parts[-3] for path in self.store.glob("*/*/*/origin.json")}

    def asked(self) -> list[str]:
        asked = [line.rpartition("/")[2] for line in self.mirror.web.asked]
        self.mirror.web.asked.clear()
        return sorted(asked)

    def partial(self) -> list[Path]:
        return list(self.store.glob(".partial-*"))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    repository(tmp_path / "repo")
    (tmp_path / "bin").mkdir()
    with web_server() as web:
        yield Desk(tmp_path, ReleaseMirror(web))


def test_the_first_init_installs_what_the_cluster_needs_and_writes_the_lock(desk: Desk) -> None:
    desk.mirror.publish_all("1.13.2")
    code, said = desk.ran("init")
    assert code == 0, said
    assert desk.installed() == STORED
    assert "talosctl v1.13.2: installed\n" in said
    assert "age v1.3.2: installed; nobody publishes its SHA-256: it is believed from now on\n" in said
    assert "talops.lock is written: commit it" in said
    assert f"{desk.mirror.url} is not encrypted: somebody on the way may have chosen these checksums\n" in said
    assert desk.program("age", "1.3.2", "age-keygen").stat().st_mode & 0o777 == 0o755
    assert desk.partial() == []


def test_the_lock_holds_each_file_of_every_platform_from_where_its_project_publishes_it(desk: Desk) -> None:
    desk.initialised()
    tools = json.loads(desk.lock.read_text())["tools"]
    for name, version in ALL.items():
        assert sorted(tools[name][version]) == ["darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64"]
        for platform, asset in tools[name][version].items():
            url = asset_url(name, version, platform)
            answer = desk.mirror.web.answer(desk.mirror.path(url))
            assert (asset["url"], asset["sha256"]) == (url, hashlib.sha256(answer.body).hexdigest())
    binary = hashlib.sha256(desk.program("talhelper", "3.1.16").read_bytes()).hexdigest()
    assert tools["talhelper"]["3.1.16"][HERE]["binaries"] == {"talhelper": binary}


def test_once_more_there_is_nothing_to_do_to_ask_or_to_say(desk: Desk) -> None:
    desk.initialised()
    before = desk.lock.read_bytes()
    desk.asked()
    assert desk.ran("init") == (0, "")
    assert (desk.asked(), desk.lock.read_bytes()) == ([], before)
    assert desk.ran("init", "--update")[0] == 0
    assert (desk.asked(), desk.lock.read_bytes()) == ([], before)


def test_a_colleague_gets_the_same_by_the_lock_alone_and_asks_for_no_checksums(desk: Desk) -> None:
    desk.initialised()
    before = desk.lock.read_bytes()
    desk.asked()
    code, said = desk.ran("init", XDG_DATA_HOME=str(desk.root / "other"))
    assert code == 0, said
    names = [asset_url(name, version, HERE).rpartition("/")[2] for name, version in STORED.items()]
    assert desk.asked() == sorted(names)
    assert desk.lock.read_bytes() == before


def test_what_path_has_at_the_right_version_is_not_downloaded(desk: Desk) -> None:
    desk.initialised()
    for name in ("talosctl", "kubectl"):
        (desk.root / "bin" / name).write_bytes(script(name, ALL[name]))
        (desk.root / "bin" / name).chmod(0o755)
    desk.asked()
    code, said = desk.ran("init", XDG_DATA_HOME=str(desk.root / "other"), PATH=f"{desk.root}/bin:/usr/bin:/bin")
    assert code == 0, said
    assert not {"talosctl-linux-amd64", "kubectl"} & set(desk.asked())


def test_offline_says_what_is_missing_and_downloads_nothing(desk: Desk) -> None:
    desk.initialised()
    desk.asked()
    code, said = desk.ran("init", "--offline", XDG_DATA_HOME=str(desk.root / "other"))
    assert code == 5
    assert "talosctl v1.13.2: missing: talosctl v1.13.2, which talops.lock names, is not installed\n" in said
    assert "6 programs are missing, and nothing is downloaded because of --offline" in said
    assert desk.asked() == []
    assert desk.ran("init", "--offline") == (0, "")


def test_offline_without_a_lock_says_what_path_lacks(desk: Desk) -> None:
    code, said = desk.ran("init", "--offline")
    assert code == 5
    assert "kubectl: missing: kubectl is not installed, or not on PATH" in said
    assert not desk.store.exists()


def test_a_lock_that_no_longer_fits_the_files_is_said_and_not_rewritten(desk: Desk) -> None:
    desk.initialised()
    before = desk.lock.read_bytes()
    repository(desk.repo, TALCONFIG.replace("v1.13.2", "v1.14.0").replace("v1.35.4", "v1.36.0"))
    code, said = desk.ran("init")
    assert code == 3
    assert "the files ask for talosctl v1.14.0, and talops.lock has v1.13.2; next: talops init --update" in said
    assert "the files ask for kubectl v1.36.0, and talops.lock has v1.35.4" in said
    assert desk.lock.read_bytes() == before


def test_a_version_that_talops_yaml_names_must_be_the_locked_one(desk: Desk) -> None:
    desk.initialised()
    (desk.repo / "talops.yaml").write_text("tools: {helm: {version: v4.2.3}}\n")
    code, said = desk.ran("init")
    assert code == 3
    assert "the files ask for helm v4.2.3, and talops.lock has v3.22.0; next: talops init --update" in said
    desk.mirror.publish("helm", "4.2.3")
    assert desk.ran("init", "--update")[0] == 0
    assert list(json.loads(desk.lock.read_text())["tools"]["helm"]) == ["4.2.3"]
    assert desk.ran("init") == (0, "")


def test_update_takes_the_new_versions_and_keeps_a_talosctl_for_nodes_that_nobody_could_ask(desk: Desk) -> None:
    desk.initialised()
    repository(desk.repo, TALCONFIG.replace("v1.13.2", "v1.14.0"))
    desk.mirror.publish("talosctl", "1.14.0")
    code, said = desk.ran("init", "--update")
    assert code == 0, said
    tools = json.loads(desk.lock.read_text())["tools"]
    assert list(tools["talosctl"]) == ["1.13.2", "1.14.0"]


def test_a_release_that_was_changed_under_the_lock_is_refused_on_update(desk: Desk) -> None:
    desk.initialised()
    lock = json.loads(desk.lock.read_text())
    del lock["tools"]["talosctl"]["1.13.2"]["darwin-amd64"]
    desk.lock.write_text(json.dumps(lock))
    desk.mirror.publish("talosctl", "1.13.2", {"talosctl": script("talosctl", "1.13.2", "# evil")})
    code, said = desk.ran("init", "--update")
    assert code == 5
    assert "a release that changes is no release" in said
    assert json.loads(desk.lock.read_text()) == lock


def spoil(desk: Desk, answer: Answer) -> None:
    desk.mirror.web.answers[desk.mirror.path(asset_url("helm", "3.22.0", HERE))] = answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(body=b"something else"), "what came has the SHA-256 "),
        (Answer(body=b"<!DOCTYPE html><title>Login</title>"), "helm v3.22.0: a web page came instead of the file"),
        (Answer(body=b"<html>", headers={"Content-Type": "text/html"}), "a web page came instead of the file"),
        (Answer(body=b"half of it", length=1000), "it ends too early"),
        (Answer(status=404), "there is no such file (404)"),
        (Answer(status=403), "the server refuses, as it does when one address asks too often (403)"),
        (Answer(status=500), "the server is in trouble (500)"),
        (Answer(status=302, headers={"Location": "/elsewhere"}), "there is no such file (404)"),
    ],
)
def test_a_file_that_is_not_the_release_is_not_installed_and_the_others_are(
    answer: Answer, words: str, desk: Desk
) -> None:
    desk.initialised()
    before = desk.lock.read_bytes()
    spoil(desk, answer)
    code, said = desk.ran("init", XDG_DATA_HOME=str(desk.root / "data" / "second"))
    assert code == 5, said
    assert words in said
    assert "Traceback" not in said
    there = {path.parts[-4] for path in (desk.root / "data" / "second").rglob("origin.json")}
    assert there == set(STORED) - {"helm"}
    assert not list((desk.root / "data" / "second").rglob(".partial-*"))
    assert desk.lock.read_bytes() == before


def test_a_web_page_is_not_believed_where_nobody_publishes_a_checksum(desk: Desk) -> None:
    desk.mirror.publish_all("1.13.2")
    page = Answer(body=b"\n<!doctype html><title>Login</title>")
    desk.mirror.web.answers[desk.mirror.path(asset_url("age", "1.3.2", HERE))] = page
    code, said = desk.ran("init")
    assert code == 5
    assert "age v1.3.2: not installed: a web page came instead of the file\n" in said
    assert not desk.lock.exists()


def test_a_first_init_that_fails_writes_no_lock_and_the_next_one_goes_on_from_there(desk: Desk) -> None:
    desk.mirror.publish_all("1.13.2")
    good = desk.mirror.web.answer(desk.mirror.path(asset_url("helm", "3.22.0", HERE)))
    spoil(desk, Answer(status=404))
    code, said = desk.ran("init")
    assert code == 5
    assert said.count("helm v3.22.0: not installed: ") == 1
    assert not desk.lock.exists()
    assert desk.installed() == {name: version for name, version in STORED.items() if name != "helm"}
    spoil(desk, good)
    desk.asked()
    code, said = desk.ran("init")
    assert code == 0, said
    assert "talosctl-linux-amd64" not in desk.asked()
    assert desk.installed() == STORED


@pytest.mark.parametrize(
    ("programs", "words"),
    [
        ({"helm": script("helm", "3.21.0")}, "the helm in it says that it is v3.21.0"),
        ({"helm": b"\x7fELF, of another machine"}, "the helm in it cannot be run here"),
        ({"helm": b'{"errors": "no"}'}, "what came is a message as JSON, and no program"),
        ({"helm": b""}, "what came is empty, and no program"),
        ({"other": b"x"}, "holds no file called helm"),
    ],
)
def test_what_is_in_the_file_must_be_the_program_that_it_claims_to_be(
    programs: dict[str, bytes], words: str, desk: Desk
) -> None:
    desk.mirror.publish_all("1.13.2")
    desk.mirror.publish("helm", "3.22.0", programs)
    code, said = desk.ran("init")
    assert code == 5
    assert words in said
    assert "helm" not in desk.installed()
    assert desk.partial() == []


def test_a_full_disk_is_said_and_leaves_nothing_half(desk: Desk) -> None:
    desk.mirror.publish_all("1.13.2")
    desk.mirror.publish("talosctl", "1.13.2", {"talosctl": script("talosctl", "1.13.2") + b"#" * 2_000_000})
    code, said = desk.ran("init", file_limit=1_000_000)
    assert code == 5
    assert f"the tools cannot be stored in {desk.store}: File too large" in said
    assert f"df -h {desk.store}" in said
    assert "talosctl" not in desk.installed()
    assert desk.partial() == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_store_that_cannot_be_written_is_said(desk: Desk) -> None:
    desk.mirror.publish_all("1.13.2")
    (desk.root / "data").mkdir(mode=0o500)
    code, said = desk.ran("init")
    assert code == 5
    assert "export XDG_DATA_HOME" in said


def test_a_store_that_is_no_folder_is_said(desk: Desk) -> None:
    desk.mirror.publish_all("1.13.2")
    (desk.root / "data").write_text("")
    code, said = desk.ran("init")
    assert code == 5
    assert f"the tools cannot be stored in {desk.store}: " in said
    assert "export XDG_DATA_HOME" in said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_at_once_and_leaves_nothing_half(number: signal.Signals, code: int, desk: Desk) -> None:
    desk.mirror.publish_all("1.13.2")
    gate = threading.Event()
    body = script("talosctl", "1.13.2") + b"#" * 100_000
    desk.mirror.publish("talosctl", "1.13.2", {"talosctl": body})
    path = desk.mirror.path(asset_url("talosctl", "1.13.2", HERE))
    desk.mirror.web.answers[path] = Answer(body=body, gate=gate)
    with desk.start("init") as process:
        assert desk.mirror.web.began.wait(PATIENCE)
        process.send_signal(number)
        said = b"".join(process.communicate(timeout=10)).decode()
    assert process.returncode == code
    assert "Traceback" not in said
    assert desk.partial() == []
    assert not desk.program("talosctl", "1.13.2").exists()
    assert not desk.lock.exists()


def test_what_a_killed_one_left_is_cleared_away_by_the_next(desk: Desk) -> None:
    desk.initialised()
    (desk.store / ".partial-x").mkdir()
    (desk.store / ".partial-x" / "download").write_text("half")
    desk.program("helm", "3.22.0").unlink()
    assert desk.ran("init")[0] == 0
    assert desk.partial() == []


def test_two_inits_at_once_wait_for_each_other_and_both_succeed(desk: Desk) -> None:
    desk.mirror.publish_all("1.13.2")
    gate = threading.Event()
    body = script("kubectl", "1.35.4") + b"#" * 100_000
    desk.mirror.publish("kubectl", "1.35.4", {"kubectl": body})
    desk.mirror.web.answers[desk.mirror.path(asset_url("kubectl", "1.35.4", HERE))] = Answer(body=body, gate=gate)
    with desk.start("init") as first:
        assert desk.mirror.web.began.wait(PATIENCE)
        with desk.start("init") as second:
            assert second.stdout is not None
            assert b"another talops init is at work" in second.stdout.readline()
            gate.set()
            assert first.communicate(timeout=PATIENCE)
            assert first.returncode == 0
            second.communicate(timeout=PATIENCE)
            assert second.returncode == 0
    assert desk.installed() == STORED


def test_a_program_that_was_changed_in_the_store_is_not_run_and_init_mends_it(desk: Desk) -> None:
    desk.initialised()
    good = desk.program("talosctl", "1.13.2").read_bytes()
    desk.program("talosctl", "1.13.2").write_text("#!/bin/sh\necho evil\n")
    code, said = desk.ran("init", "--offline")
    assert code == 5
    assert "talosctl v1.13.2, which talops.lock names, is not installed" in said
    assert desk.ran("init")[0] == 0
    assert desk.program("talosctl", "1.13.2").read_bytes() == good


def test_a_proxy_and_a_private_ca_are_on_the_way(desk: Desk, tmp_path: Path) -> None:
    with web_server(tmp_path) as web, proxy_server("me:hunter2") as proxy:
        mirror = ReleaseMirror(web)
        mirror.publish_all("1.13.2")
        login, ca = proxy.url.replace("//", "//me:hunter2@"), str(tmp_path / "ca.pem")
        code, said = desk.ran("init", TALOPS_MIRROR=mirror.url, HTTPS_PROXY=login, SSL_CERT_FILE=ca)
        assert code == 0, said
        assert any(line.startswith("CONNECT 127.0.0.1:") for line in proxy.asked)
        assert "hunter2" not in said
        code, said = desk.ran(
            "init",
            TALOPS_MIRROR=mirror.url,
            HTTPS_PROXY=proxy.url,
            SSL_CERT_FILE=ca,
            XDG_DATA_HOME=str(tmp_path / "other"),
        )
        assert code == 5
        assert "wants another user and password" in said


def test_talops_yaml_names_a_mirror_another_file_and_a_version(desk: Desk) -> None:
    desk.mirror.publish_all("1.13.2")
    desk.mirror.publish("sops", "3.10.2")
    web = desk.mirror.web
    web.serve("/own/helm_3.22.0_linux-amd64.tgz", packed({"helm": script("helm", "3.22.0")}))
    (desk.repo / "talops.yaml").write_text(
        f"tools:\n  mirror: {desk.mirror.url}\n  sops: {{version: 3.10.2}}\n"
        f"  helm: {{url: '{web.url}/own/helm_{{version}}_{{os}}-{{arch}}.tgz'}}\n"
    )
    host = web.url.removeprefix("http://")
    web.serve(f"/mirror/{host}/own/helm_3.22.0_linux-amd64.tgz", packed({"helm": script("helm", "3.22.0")}))
    code, said = desk.ran("init", TALOPS_MIRROR="")
    assert code == 0, said
    assert desk.installed() == STORED | {"sops": "3.10.2"}
    assert "helm v3.22.0 (darwin-amd64): there is no such file" in said
    tools = json.loads(desk.lock.read_text())["tools"]
    assert list(tools["helm"]["3.22.0"]) == ["linux-amd64"]
    assert desk.ran("init", TALOPS_MIRROR="") == (0, "")
    # what was believed once is the measure, also where the list of platforms is looked at again
    web.serve(f"/mirror/{host}/own/helm_3.22.0_darwin-arm64.tgz", packed({"helm": script("helm", "3.22.0")}))
    web.serve(f"/mirror/{host}/own/helm_3.22.0_linux-amd64.tgz", b"another one")
    assert desk.ran("init", "--update", TALOPS_MIRROR="")[0] == 0
    more = json.loads(desk.lock.read_text())["tools"]
    assert list(more["helm"]["3.22.0"]) == ["darwin-arm64", "linux-amd64"]
    assert more["helm"]["3.22.0"]["linux-amd64"] == tools["helm"]["3.22.0"]["linux-amd64"]


def test_a_release_that_does_not_exist_is_named(desk: Desk) -> None:
    desk.mirror.publish_all("1.13.1")
    code, said = desk.ran("init")
    assert code == 5
    assert "talosctl v1.13.2: " in said
    assert "is there such a release of talosctl?" in said


def test_a_lock_that_is_broken_is_said_and_written_from_nothing_on_update(desk: Desk) -> None:
    desk.initialised()
    good = desk.lock.read_text()
    desk.lock.write_text(f"<<<<<<< HEAD\n{good}")
    code, said = desk.ran("init")
    assert code == 6
    assert "talops.lock:1:1: it is no JSON" in said
    assert desk.ran("init", "--update")[0] == 0
    assert desk.lock.read_text() == good
    desk.lock.write_text(good.replace('"form": 1', '"form": 2'))
    assert desk.ran("init", "--update")[0] == 6


def test_what_cannot_be_meant_is_wrong_usage(desk: Desk) -> None:
    desk.mirror.publish_all("1.13.2")
    assert desk.ran("init", "--update", "--offline")[0] == 2
    code, said = desk.ran("init", TALOPS_MIRROR="mirror.example")
    assert code == 2
    assert "TALOPS_MIRROR is no URL" in said


def test_a_terminal_sees_bars_that_are_gone_at_the_end_and_the_lines_stay(desk: Desk) -> None:
    desk.mirror.publish_all("1.13.2")
    gate = threading.Event()
    body = script("kubectl", "1.35.4") + b"#" * 100_000
    desk.mirror.publish("kubectl", "1.35.4", {"kubectl": body})
    desk.mirror.web.answers[desk.mirror.path(asset_url("kubectl", "1.35.4", HERE))] = Answer(body=body, gate=gate)
    process = pexpect.spawn(
        sys.executable,
        ["-m", "talops", "init"],
        cwd=str(desk.repo),
        env=cast("os._Environ[str]", desk.env({"TERM": "xterm"})),
        timeout=PATIENCE,
        dimensions=(30, 120),
        encoding="utf-8",
    )
    try:
        process.expect(r"kubectl v1\.35\.4 .*━.*100\.\d kB|kubectl v1\.35\.4 .*━.*1\.0/100\.\d kB")
        gate.set()
        process.expect(r"kubectl v1\.35\.4: installed")
        process.expect(r"talops\.lock is written")
        process.expect(pexpect.EOF)
    finally:
        process.close()
    assert process.exitstatus == 0


def test_a_folder_without_a_cluster_is_said(desk: Desk, tmp_path: Path) -> None:
    (desk.repo / "talconfig.yaml").unlink()
    code, said = desk.ran("init")
    assert code == 6
    assert "there is no talconfig.yaml" in said
