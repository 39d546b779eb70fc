"""talops where it is run: in pipes, with closed or full streams, in odd locales, without a home."""

import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from processes import BIN, environment, talops

from command_line import TALCONFIG, repository
from talops import __version__


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


def clean(said: subprocess.CompletedProcess[bytes]) -> bool:
    return b"Traceback" not in said.stderr and b"Exception ignored" not in said.stderr


LINES = {"nodes": 0, "rehearse plan": 3, "rehearse status": 0, "rehearse upgrade all": 0, "--help": 0, "--version": 0}


@pytest.mark.parametrize("line", [*LINES, "rehearse --faults", "rehearse upgrade all --output json"])
def test_a_reader_that_is_gone_is_no_bug_and_needs_no_word(repo: Path, env: dict[str, str], line: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        said = talops(*line.split(), cwd=repo, env=env, stdout=writer)
    finally:
        os.close(writer)
    # the rollout goes on: what it did is what its exit code says
    assert said.returncode == (0 if "upgrade" in line else 5)
    assert said.stderr == b""


@pytest.mark.parametrize("line", LINES)
def test_a_full_disk_is_said_to_be_full(repo: Path, env: dict[str, str], line: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with Path("/dev/full").open("wb") as full:
        said = talops(*line.split(), cwd=repo, env=env, stdout=full.fileno())
    assert said.returncode == (0 if "upgrade" in line else 5)
    assert clean(said)
    assert b"No space left" in said.stderr or line in {"--version", "rehearse upgrade all"}


def test_errors_that_nobody_can_read_change_no_exit_code(repo: Path, env: dict[str, str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    for line, code in (("nope", 2), ("", 2), ("nodes -C nowhere", 6)):
        said = subprocess.run([str(BIN / "talops"), *line.split()], cwd=repo, env=env, stderr=writer, check=False)
        assert said.returncode == code
    os.close(writer)


CLOSED = ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"]


@pytest.mark.parametrize(
    ("line", "closed"), [*((line, ">&-") for line in LINES), *(("rehearse plan", closed) for closed in CLOSED)]
)
def test_closed_streams_change_no_exit_code(repo: Path, env: dict[str, str], line: str, closed: str) -> None:
    said = subprocess.run(
        ["sh", "-c", f"exec talops {line} {closed}"], cwd=repo, env=env, capture_output=True, check=False
    )
    assert said.returncode == LINES[line], said.stderr
    assert clean(said)


ENVIRONMENTS = {
    "ASCII": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ASCII stdout": {"PYTHONIOENCODING": "ascii"},
    "one column": {"COLUMNS": "1"},
    "a dumb terminal": {"TERM": "dumb", "NO_COLOR": "1"},
    "no HOME": {"HOME": ""},
    "an unwritable state folder": {"XDG_STATE_HOME": "/proc/nobody", "XDG_RUNTIME_DIR": "/proc/nobody"},
}


@pytest.mark.parametrize(
    ("line", "surroundings"),
    [
        *(("rehearse upgrade all --only worker-1 --output live", one) for one in ENVIRONMENTS),
        ("rehearse plan", "ASCII"),
        ("rehearse plan", "ASCII stdout"),
    ],
)
def test_odd_surroundings_change_nothing(tmp_path: Path, env: dict[str, str], line: str, surroundings: str) -> None:
    repo = repository(tmp_path / "repo", TALCONFIG.replace("clusterName: test", "clusterName: zürich→"))
    said = talops(*line.split(), cwd=repo, env=env | ENVIRONMENTS[surroundings])
    assert said.returncode == (3 if "plan" in line else 0), said.stderr
    assert clean(said)
    assert b"rich" in said.stdout or "live" in line


def test_without_home_a_missing_talosconfig_is_said_to_be_missing(repo: Path, env: dict[str, str]) -> None:
    del env["HOME"]
    said = talops("status", cwd=repo, env=env)
    assert said.returncode == 6
    assert b"no talosconfig" in said.stderr


def test_a_message_about_a_name_that_is_no_text_is_printed(repo: Path, env: dict[str, str]) -> None:
    said = talops("-C", "odd-\udcff", "nodes", cwd=repo, env=env)
    assert said.returncode == 6
    assert b"odd-\\udcff" in said.stderr
    assert clean(said)


def test_python_m_talops_is_talops(repo: Path, env: dict[str, str]) -> None:
    said = subprocess.run([sys.executable, "-m", "talops", "--version"], env=env, capture_output=True, check=False)
    assert said.stdout.decode() == f"talops {__version__}\n"


def at_a_terminal(repo: Path, env: dict[str, str], *words: str) -> "pexpect.spawn[str]":
    return pexpect.spawn(
        str(BIN / "talops"),
        list(words),
        cwd=str(repo),
        env=env | {"TERM": "xterm"},
        encoding="utf-8",
        timeout=30,
        dimensions=(40, 100),
    )


def test_at_a_terminal_the_question_is_asked_after_the_tools_were_found(repo: Path, env: dict[str, str]) -> None:
    child = at_a_terminal(repo, env, "upgrade", "all")
    child.expect("no talosconfig")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 6


def test_at_a_terminal_a_rehearsal_ends_with_its_summary(repo: Path, env: dict[str, str]) -> None:
    child = at_a_terminal(repo, env, "rehearse", "upgrade", "all")
    child.expect("upgraded to v1.13.2")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
