"""Each schematic is made known to the Image Factory once, which must not hold anybody up."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from generating import MADE, Repo, repository

from talops.config.schematic import EMPTY
from talops.errors import Exit
from web_server import Answer, WebServer, web_server

AGENT = "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515"
"""Of qemu-guest-agent alone."""
OF_WORKERS = """\
worker:
  schematic:
    customization:
      extraKernelArgs:
        - net.ifnames=0
      systemExtensions:
        officialExtensions:
          - siderolabs/iscsi-tools
          - siderolabs/qemu-guest-agent
          - siderolabs/util-linux-tools
"""
LIMIT = 15.0
"""Seconds, of which five are the deadline of talops."""


@pytest.fixture
def factory() -> Iterator[WebServer]:
    with web_server() as web:
        web.answers["/schematics"] = known_as(AGENT)
        yield web


@pytest.fixture
def repo(tmp_path: Path, factory: WebServer) -> Repo:
    """All of its nodes want the one schematic, of the factory on loopback."""
    found = repository(tmp_path)
    found.change("talconfig.yaml", OF_WORKERS, "")
    text = (found.folder / "talconfig.yaml").read_text()
    schematic = text[text.index("  schematic:") : text.index('  patches:\n    - "@./patches/etcd')]
    host = factory.url.removeprefix("http://")
    (found.folder / "talconfig.yaml").write_text(
        f"imageFactory: {{registryURL: '{host}', protocol: http}}\nworker:\n{schematic}{text}"
    )
    return found


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


def test_an_empty_schematic_is_told_too(repo: Repo, factory: WebServer) -> None:
    text = (repo.folder / "talconfig.yaml").read_text()
    while "  schematic:" in text:
        begin = text.index("  schematic:")
        end = text.index("siderolabs/qemu-guest-agent\n", begin) + len("siderolabs/qemu-guest-agent\n")
        text = text[:begin] + "  nameservers: [10.0.0.1]\n" + text[end:]
    (repo.folder / "talconfig.yaml").write_text(text)
    factory.answers["/schematics"] = known_as(EMPTY)
    assert repo.gen().exit == 0
    assert factory.posted == [b"customization: {}\n"]


@pytest.mark.parametrize("words", [("--offline",), ("--check",), ("--dry-run",), ("--against", "HEAD")])
def test_it_is_not_asked_offline_and_not_where_nothing_is_written(
    repo: Repo, factory: WebServer, words: tuple[str, ...]
) -> None:
    repo.gen(*words)
    assert factory.asked == []


def test_not_reachable_is_a_warning_and_asked_again_the_next_time(repo: Repo, factory: WebServer) -> None:
    factory.answers["/schematics"] = Answer(status=503)
    ran = repo.gen()
    assert ran.exit == 0
    assert "warning: the Image Factory was not told" in ran.err
    assert "--offline does not ask" in ran.err
    assert set(repo.contents()) == MADE
    factory.answers["/schematics"] = known_as(AGENT)
    assert repo.gen().said == ""
    assert len(factory.asked) == 2


def test_it_is_no_error_with_strict(repo: Repo, factory: WebServer) -> None:
    factory.answers["/schematics"] = Answer(status=503)
    assert repo.gen("--strict").exit == 0


def test_one_that_accepts_and_never_answers_holds_nobody_up(repo: Repo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        text = (repo.folder / "talconfig.yaml").read_text()
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        (repo.folder / "talconfig.yaml").write_text(
            "\n".join([f"imageFactory: {{registryURL: '{host}', protocol: http}}", *text.splitlines()[1:]]) + "\n"
        )
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
