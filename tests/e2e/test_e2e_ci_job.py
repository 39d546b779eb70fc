"""The CI job of a new repository, as a runner runs it: a fresh clone, no terminal, no key but the one it is given."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from processes import BIN
from ruamel.yaml import YAML

from real_tools import real
from secrets_scan import Secrets, Watched, age_keys, keys_generated, plain_texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A checkout on a machine that knows nothing; `origin` is the repository as its owner has it, with its key."""

    place: Watched
    origin: Path

    @property
    def clone(self) -> Path:
        return self.place.repo

    @property
    def key(self) -> str:
        return (self.origin / "age.key").read_text()

    @property
    def summary(self) -> str:
        path = self.place.root / "summary"
        return path.read_text() if path.exists() else ""

    def git(self, where: Path, *words: str) -> str:
        argv = ["git", "-C", str(where), "-c", "user.name=a", "-c", "user.email=a@example.org", *words]
        done = subprocess.run(argv, env=self.place.environment, capture_output=True, check=False, timeout=60, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def job(self, *, base: str = "", key: str = "") -> tuple[int, str]:
        """The step that looks at the files, by the workflow's own words; `base` is what a pull request goes to.

        A secret that is not set is an empty variable.
        """
        workflow = YAML(typ="safe").load((self.clone / ".github/workflows/talos.yaml").read_text())
        event = "pull_request" if base else "push"
        (step,) = [step for step in workflow["jobs"]["config"]["steps"] if f"'{event}'" in step.get("if", "")]
        said = {"github.base_ref": base, "secrets.SOPS_AGE_KEY": key}
        step_env = {
            name: re.sub(r"\$\{\{ (\S+) \}\}", lambda m: said[m[1]], text) for name, text in step["env"].items()
        }
        runner = {
            "PATH": os.pathsep.join([self.place.environment["PATH"], str(BIN)]),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(self.place.root / "summary"),
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.clone,
            env=self.place.environment | runner | step_env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
        self.place.heard.append(("the job", done.stdout + done.stderr))
        return done.returncode, (done.stdout + done.stderr).decode()

    def leaks(self) -> list[str]:
        environ = self.place.environment | {"SOPS_AGE_KEY": self.key}
        plain = plain_texts(self.clone, real("sops"), environ)
        return self.place.leaks(Secrets(plain | keys_generated(self.origin) | age_keys(self.origin / "age.key")))


@pytest.fixture
def runner() -> Iterator[Runner]:
    """The owner begins a repository, pushes it, and the runner has cloned it."""
    root = Path(tempfile.mkdtemp(prefix="e2e-"))
    tools = {name: real(name) for name in ("talhelper", "sops", "age-keygen", "talosctl", "kubectl")}
    for folder in ("owner", "runner"):
        (root / folder).mkdir()
    owner = Watched(root=root / "owner", programs=tools)
    found = Runner(place=Watched(root=root / "runner", programs=tools), origin=owner.repo / "home")
    code, said = owner.ran("init", "--new", "home")
    assert code == 0, said
    assert owner.ran("gen", "config", "--offline", cwd=found.origin)[0] == 0
    found.git(found.origin, "init", "-q", "-b", "main")
    found.git(found.origin, "add", "-A")
    found.git(found.origin, "commit", "-qm", "a cluster")
    found.clone.rmdir()
    found.git(root, "clone", "-q", str(found.origin), str(found.clone))
    yield found
    shutil.rmtree(root)


def tracked_change(runner: Runner, before: str, after: str) -> None:
    path = runner.clone / "talconfig.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    runner.git(runner.clone, "commit", "-qam", "a change")


def test_what_is_pushed_holds_neither_the_key_nor_a_config(runner: Runner) -> None:
    files = set(runner.git(runner.clone, "ls-files").splitlines())
    assert {"talconfig.yaml", "talsecret.sops.yaml", "talenv.sops.yaml", ".github/workflows/talos.yaml"} <= files
    assert not (runner.clone / "age.key").exists()
    assert not (runner.clone / "clusterconfig").exists()
    assert runner.leaks() == []


def test_right_files_pass_and_nothing_is_written(runner: Runner) -> None:
    code, said = runner.job(key=runner.key)
    assert code == 0, said
    assert "::error" not in said
    assert "3 nodes" in runner.summary
    assert runner.git(runner.clone, "status", "--porcelain", "--ignored") == ""
    assert runner.leaks() == []


@pytest.mark.parametrize("base", ["", "main"], ids=["pushed to main", "in a pull request"])
def test_a_mistake_fails_at_its_line(runner: Runner, base: str) -> None:
    tracked_change(runner, "hostname: cp-2", "hostname: cp-1")
    code, said = runner.job(base=base, key=runner.key)
    assert code == 6 if not base else code == 1, said
    text = (runner.clone / "talconfig.yaml").read_text()
    lines = [number for number, line in enumerate(text.splitlines(), 1) if "hostname: cp-1" in line]
    found = re.findall(r"^::error file=talconfig\.yaml,line=(\d+)", said, re.MULTILINE)
    assert set(map(int, found)) & set(lines), said
    assert "cp-1" in runner.summary
    assert runner.leaks() == []


def test_a_pull_request_shows_what_it_changes_and_passes_without_any_key(runner: Runner) -> None:
    runner.git(runner.clone, "switch", "-qc", "change")
    tracked_change(runner, "shutdownGracePeriod: 60s", "shutdownGracePeriod: 90s")
    code, said = runner.job(base="main")
    assert code == 0, said
    assert "90s" in runner.summary
    assert "cp-3" in runner.summary
    assert runner.git(runner.clone, "status", "--porcelain", "--ignored") == ""
    assert runner.leaks() == []


def test_a_pull_request_that_changes_no_config_says_so(runner: Runner) -> None:
    runner.git(runner.clone, "switch", "-qc", "change")
    tracked_change(runner, "# A worker:", "# Another worker:")
    code, said = runner.job(base="main")
    assert code == 0, said
    assert "3 nodes" in runner.summary


@pytest.mark.parametrize("key", ["none", "another one"])
def test_without_the_right_key_main_fails_and_names_the_recipient(runner: Runner, key: str) -> None:
    (recipient, *_) = re.findall(r"age1[a-z0-9]+", (runner.clone / ".sops.yaml").read_text())
    other = runner.place.root / "other.key"
    subprocess.run([real("age-keygen"), "-o", str(other)], check=True, capture_output=True, timeout=60)
    code, said = runner.job(key=other.read_text() if key == "another one" else "")
    other.unlink()
    assert code == 6, said
    assert recipient in said
    assert "Traceback" not in said
    assert runner.leaks() == []
