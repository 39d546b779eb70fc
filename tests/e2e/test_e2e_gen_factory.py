"""Each schematic is made known to the Image Factory once, which must not hold anybody up."""

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from generating import Repo, repository

from command_line import ROOT
from talops.config.schematic import EMPTY
from talops.errors import Exit
from web_server import Answer, WebServer, web_server

AGENT = "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515"
"""Of qemu-guest-agent alone."""
SCHEMATIC = "{customization: {systemExtensions: {officialExtensions: [siderolabs/qemu-guest-agent]}}}"
TALCONFIG = """\
clusterName: test
endpoint: https://10.0.0.11:6443
talosVersion: v1.13.2
kubernetesVersion: v1.35.4
imageFactory: {registryURL: 'HOST', protocol: http}
controlPlane: {schematic: SCHEMATIC}
nodes:
  - {hostname: cp-1, ipAddress: 10.0.0.11, controlPlane: true, installDisk: /dev/sda}
  - {hostname: w-1, ipAddress: 10.0.0.21, installDisk: /dev/sda, schematic: SCHEMATIC}
"""
MADE = {"test-cp-1.yaml", "test-w-1.yaml", "talosconfig", ".gitignore", ".talops-stamp.json"}
LIMIT = 15.0
"""Seconds, of which five are the deadline of talops."""


@pytest.fixture
def factory() -> Iterator[WebServer]:
    with web_server() as web:
        web.answers["/schematics"] = known_as(AGENT)
        yield web


@pytest.fixture
def repo(tmp_path: Path, factory: WebServer) -> Repo:
    """Both of its nodes want the one schematic, of the factory on loopback."""
    return of_factory(tmp_path, factory.url.removeprefix("http://"), SCHEMATIC)


def of_factory(root: Path, host: str, schematic: str) -> Repo:
    talconfig = TALCONFIG.replace("HOST", host).replace("SCHEMATIC", schematic)
    secrets = (ROOT / "talsecret.sops.yaml").read_text()
    return repository(root, files={"talconfig.yaml": talconfig, "talsecret.sops.yaml": secrets})


def known_as(id_: str) -> Answer:
    return Answer(status=201, body=json.dumps({"id": id_}).encode())


def test_it_is_told_once_and_remembered(repo: Repo, factory: WebServer) -> None:
    ran = repo.gen()
    assert (ran.exit, ran.said) == (0, "")
    assert factory.asked == ["POST /schematics"]
    assert b"siderolabs/qemu-guest-agent" in factory.posted[0]
    for words in ((), ("--force",)):
        assert repo.gen(*words).exit == 0
    assert factory.asked == ["POST /schematics"]


def test_an_empty_schematic_is_told_too(tmp_path: Path, factory: WebServer) -> None:
    factory.answers["/schematics"] = known_as(EMPTY)
    assert of_factory(tmp_path, factory.url.removeprefix("http://"), "null").gen().exit == 0
    assert factory.posted == [b"customization: {}\n"]


@pytest.mark.parametrize("words", [("--offline",), ("--check",), ("--dry-run",), ("--against", "HEAD")])
def test_it_is_not_asked_offline_and_not_where_nothing_is_written(
    repo: Repo, factory: WebServer, words: tuple[str, ...]
) -> None:
    repo.gen(*words)
    assert factory.asked == []


def test_not_reachable_is_a_warning_and_asked_again_with_the_next_work(repo: Repo, factory: WebServer) -> None:
    factory.answers["/schematics"] = Answer(status=503)
    ran = repo.gen()
    assert ran.exit == 0
    assert "warning: the Image Factory was not told" in ran.err
    assert "--offline does not ask" in ran.err
    assert set(repo.contents()) == MADE
    factory.answers["/schematics"] = known_as(AGENT)
    assert repo.gen("--force").said == ""
    assert repo.gen().said == ""
    assert len(factory.asked) == 2


def test_with_nothing_else_to_do_it_is_left_alone_for_minutes(repo: Repo, factory: WebServer) -> None:
    factory.answers["/schematics"] = Answer(status=503)
    assert repo.gen().exit == 0
    factory.answers["/schematics"] = known_as(AGENT)
    ran = repo.gen()
    assert ran.exit == 0
    assert "warning: the Image Factory was not told" in ran.err
    assert "asked again in a few minutes" in ran.err
    assert len(factory.asked) == 1
    (remembered,) = repo.home.rglob("schematics-silence")
    long_ago = time.time() - 600
    os.utime(remembered, (long_ago, long_ago))
    assert repo.gen().said == ""
    assert len(factory.asked) == 2


def test_it_is_no_error_with_strict(repo: Repo, factory: WebServer) -> None:
    factory.answers["/schematics"] = Answer(status=503)
    assert repo.gen("--strict").exit == 0


def test_one_that_accepts_and_never_answers_holds_nobody_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        repo = of_factory(tmp_path, f"127.0.0.1:{silent.getsockname()[1]}", SCHEMATIC)
        began = time.monotonic()
        ran = repo.gen()
        assert time.monotonic() - began < LIMIT
    assert ran.exit == 0
    assert "warning: the Image Factory was not told" in ran.err
    assert set(repo.contents()) == MADE


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (known_as("0" * 64), "knows it as 000"),
        (Answer(status=400, body=b"no such extension"), "the Image Factory refuses it"),
    ],
    ids=["another ID", "refused"],
)
def test_a_schematic_that_the_factory_takes_otherwise_is_an_error(
    repo: Repo, factory: WebServer, answer: Answer, says: str
) -> None:
    factory.answers["/schematics"] = answer
    ran = repo.gen()
    assert ran.exit == Exit.FILES
    assert says in ran.err
    assert not repo.made.exists()


def test_what_is_no_factory_is_a_warning(repo: Repo, factory: WebServer) -> None:
    factory.answers["/schematics"] = Answer(status=200, body=b"<html>log in</html>")
    ran = repo.gen()
    assert ran.exit == 0
    assert "answered something else than an Image Factory does" in ran.err
