"""What a sandbox is for: talops, the real talosctl and kubectl, and a cluster that somebody breaks and mends."""

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from processes import BIN
from sandboxes import Shelf, shelf

from real_tools import real

PATIENCE = 120.0


@pytest.fixture
def practice() -> Iterator[tuple[Shelf, Mapping[str, str]]]:
    """A sandbox that lives fast, and the environment of the shell in which somebody practises."""
    talosctl = real("talosctl", "1.13.0")
    with shelf() as found:
        (found.repo / "talops.yaml").write_text("stability: {samples: 2, window: 300ms}\n")
        found.up("--speed", "100", "--from", "v1.13.1")
        path = {"PATH": f"{talosctl.parent}{os.pathsep}{found.environment['PATH']}"}
        yield found, {**path, "TMPDIR": "/tmp", "KUBECACHEDIR": str(found.root / "cache"), **found.configs()}


@contextmanager
def upgrading(shelf: Shelf, more: Mapping[str, str], *words: str) -> Iterator["subprocess.Popen[str]"]:
    """It is killed when it takes too long, so that whoever reads its output comes to an end."""
    with subprocess.Popen(
        [str(BIN / "talops"), "upgrade", "all", "--yes", "--output", "plain", *words],
        cwd=shelf.repo,
        env=shelf.environment | dict(more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            process.kill()
            watchdog.cancel()
            watchdog.join()


def versions(shelf: Shelf) -> dict[str, str]:
    nodes = shelf.status()["nodes"]
    assert isinstance(nodes, list)
    return {node["hostname"]: node["version"] for node in nodes}


def test_a_broken_cluster_is_waited_for_and_a_mended_one_is_upgraded(
    practice: tuple[Shelf, Mapping[str, str]],
) -> None:
    shelf, more = practice
    assert shelf.ran("status", more=more)[0] == 0
    shelf.ran("sandbox", "fault", "etcd-member-lost@cp-2")
    code, printed = shelf.ran("status", more=more)
    assert code == 4, printed
    assert "etcd on cp-2 does not answer" in printed

    with upgrading(shelf, more, "--only", "worker-1") as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "cp-2" in line and "etcd" in line and "gates" in line:
                break
        assert versions(shelf)["worker-1"] == "v1.13.1", said
        shelf.ran("sandbox", "mend")
        said += process.stdout.read()
        assert process.wait() == 0, said

    assert versions(shelf) == {
        "cp-1": "v1.13.1",
        "cp-2": "v1.13.1",
        "cp-3": "v1.13.1",
        "worker-1": "v1.13.2",
        "worker-2": "v1.13.1",
    }
    assert shelf.ran("status", more=more)[0] == 0


def test_a_wrong_endpoint_is_passed_over_and_no_endpoint_is_said(practice: tuple[Shelf, Mapping[str, str]]) -> None:
    shelf, more = practice
    shelf.ran("sandbox", "fault", "endpoint-refused@cp-1")
    assert shelf.ran("status", more=more)[0] == 0
    shelf.ran("sandbox", "fault", "endpoint-refused@cp-2", "endpoint-refused@cp-3")
    code, printed = shelf.ran("status", more=more)
    assert code == 4
    assert "UNREACHABLE" in printed
    shelf.ran("sandbox", "mend")
    assert shelf.ran("status", more=more)[0] == 0


@pytest.mark.parametrize("fault", ["client-certificate-expired", "endpoint-wrong-ca", "api-unauthorized"])
def test_credentials_that_do_not_fit_are_said_in_words(practice: tuple[Shelf, Mapping[str, str]], fault: str) -> None:
    shelf, more = practice
    everywhere = [f"{fault}@cp-{number}" for number in (1, 2, 3)] if fault.startswith("endpoint") else [fault]
    shelf.ran("sandbox", "fault", *everywhere)
    code, printed = shelf.ran("status", more=more)
    assert code in {4, 5}, printed
    assert "Traceback" not in printed
    assert "next: " in printed
