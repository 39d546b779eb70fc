"""`talops sandbox` as far as it needs no process."""

import subprocess
from pathlib import Path

import pytest

from command_line import talops
from talops.cli.sandbox import exports
from talops.sim.faults import SANDBOX_FAULTS
from talops.wiring.sandbox import FASTEST

ODD = ["/plain", "/with space", "/it's", '/a"b', "/$HOME/`id`", "/back\\slash", "/new\nline"]


@pytest.mark.parametrize("path", ODD)
def test_a_shell_reads_back_what_was_meant(path: str) -> None:
    script = exports({"TALOSCONFIG": path}, fish=False) + '\nprintf "%s" "$TALOSCONFIG"'
    done = subprocess.run(["sh", "-euc", script], capture_output=True, check=True)
    assert done.stdout.decode() == path


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/with space", "set -gx TALOSCONFIG '/with space'"),
        ("/it's", r"set -gx TALOSCONFIG '/it\'s'"),
        ("/back\\slash", r"set -gx TALOSCONFIG '/back\\slash'"),
        ("/$HOME", "set -gx TALOSCONFIG '/$HOME'"),
    ],
)
def test_fish_has_quotes_of_its_own(path: str, line: str) -> None:
    assert exports({"TALOSCONFIG": path}, fish=True) == line


@pytest.mark.parametrize(
    ("words", "said"),
    [((), "unset TALOSCONFIG KUBECONFIG\n"), (("--shell", "fish"), "set -e TALOSCONFIG KUBECONFIG\n")],
)
def test_the_environment_is_taken_back_without_a_sandbox(words: tuple[str, ...], said: str) -> None:
    ran = talops("sandbox", "env", "--unset", *words)
    assert (ran.exit, ran.out, ran.err) == (0, said, "")


@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("env",), ("mend",), ("fault", "api-mute")])
def test_without_a_sandbox_it_says_how_to_get_one_and_nothing_to_eval(words: tuple[str, ...]) -> None:
    ran = talops("sandbox", *words)
    assert (ran.exit, ran.out) == (5, "")
    assert ran.err == "talops: no sandbox is running\n  next: talops sandbox up\n"


def test_nothing_to_stop_is_no_failure() -> None:
    ran = talops("sandbox", "down", "--all")
    assert (ran.exit, ran.out) == (0, "no sandbox is running\n")


def test_every_fault_is_listed_with_its_summary() -> None:
    ran = talops("sandbox", "fault", "--list")
    listed = dict(line.split("  ", 1) for line in ran.out.splitlines())
    assert {name: summary.strip() for name, summary in listed.items()} == {
        name: kind.summary for name, kind in SANDBOX_FAULTS.items()
    }


@pytest.mark.parametrize("speed", ["0", "-1", str(FASTEST + 1), "nan", "inf"])
def test_a_speed_that_cannot_be_is_refused(repo: Path, speed: str) -> None:
    ran = talops("sandbox", "up", f"--speed={speed}")
    assert ran.exit == 2
    assert "--speed" in ran.err


def test_files_that_cannot_be_read_are_said_as_everywhere(repo: Path) -> None:
    (repo / "talconfig.yaml").write_text("nodes: [")
    ran = talops("sandbox", "up")
    assert ran.exit == 6
    assert "talconfig.yaml" in ran.err


def test_a_repository_that_was_named_is_not_exchanged_for_the_example(tmp_path: Path) -> None:
    ran = talops("-C", str(tmp_path / "nowhere"), "sandbox", "up")
    assert ran.exit == 6
    assert "example" not in ran.said


def test_a_kubernetes_that_is_no_release_is_refused_before_anything_is_started() -> None:
    ran = talops("sandbox", "up", "--example", "--kubernetes", "1.35")
    assert (ran.exit, ran.out) == (2, "")
    assert ran.err == "talops: --kubernetes: 1.35 is no Kubernetes release\n  next: write it like v1.35.4\n"
