"""`talops gen config` interrupted, terminated and killed: clusterconfig/ is the former or the new one, whole."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from generating import MADE, Repo, in_between, repository, wrapper
from processes import BIN

from talops.errors import Exit

WAITS = 'case "$1" in genconfig) "$REAL" "$@"; : > "$HOME/reached"; exec sleep 60;; *) exec "$REAL" "$@";; esac'
DEADLINE = 30.0


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return repository(tmp_path)


def start(repo: Repo, *words: str) -> subprocess.Popen[bytes]:
    """In a session of its own: whoever runs the tests may ignore SIGINT."""
    return subprocess.Popen(
        [str(BIN / "talops"), "gen", "config", "--offline", *words],
        cwd=repo.folder,
        env=repo.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def reached(repo: Repo) -> None:
    """talhelper has written everything, and waits."""
    due = time.monotonic() + DEADLINE
    while not (repo.home / "reached").exists():
        assert time.monotonic() < due
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("number", "exit"), [(signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.TERMINATED)], ids=["INT", "TERM"]
)
def test_a_signal_leaves_nothing_behind(repo: Repo, number: signal.Signals, exit: Exit) -> None:
    assert repo.gen("--offline").exit == 0
    before = repo.contents()
    wrapper(repo, WAITS)
    with start(repo, "--force") as running:
        reached(repo)
        running.send_signal(number)
        _, said = running.communicate(timeout=DEADLINE)
    assert running.returncode == exit
    assert b"Traceback" not in said
    assert repo.contents() == before
    assert in_between(repo) == []


def test_what_sigkill_leaves_is_private_unseen_by_git_and_gone_with_the_next_run(repo: Repo) -> None:
    assert repo.gen("--offline").exit == 0
    before = repo.contents()
    path = repo.env["PATH"]
    wrapper(repo, WAITS)
    with start(repo, "--force") as running:
        reached(repo)
        running.kill()
        running.communicate(timeout=DEADLINE)
    assert repo.contents() == before
    (left,) = in_between(repo)
    assert (repo.folder / left).stat().st_mode & 0o077 == 0
    assert repo.git("status", "--porcelain") == ""
    repo.env["PATH"] = path
    assert repo.gen("--offline", "--force").exit == 0
    assert in_between(repo) == []
    assert set(repo.contents()) == MADE


def test_sigkill_at_any_moment_leaves_the_former_or_the_new_whole(repo: Repo) -> None:
    assert repo.gen("--offline").exit == 0
    former = repo.contents()
    repo.change("talconfig.yaml", "domain: cluster.local", "domain: home.arpa")
    began = time.monotonic()
    assert repo.gen("--offline").exit == 0
    whole = time.monotonic() - began
    new = {name: content for name, content in repo.contents().items() if name.startswith("example-")}
    repo.change("talconfig.yaml", "domain: home.arpa", "domain: cluster.local")
    assert repo.gen("--offline").exit == 0
    repo.change("talconfig.yaml", "domain: cluster.local", "domain: home.arpa")
    for step in range(12):
        with start(repo, "--force") as running:
            try:
                running.communicate(timeout=whole * (0.45 + step * 0.06))
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                running.communicate(timeout=DEADLINE)
        now = repo.contents()
        configs = {name: content for name, content in now.items() if name.startswith("example-")}
        assert set(now) == MADE
        assert configs in (new, {name: former[name] for name in new})
    assert repo.gen("--offline", "--force").exit == 0
    assert in_between(repo) == []
