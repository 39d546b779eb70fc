"""Completion in real shells: what is typed with a Tab is what a person would have typed in full."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from processes import environment, talops

from command_line import TALCONFIG, repository

TALCONFIG = TALCONFIG.replace("worker-1", "alpha").replace("worker-2", "beta")
"""Names that are complete after one letter."""


@pytest.fixture
def bash(tmp_path: Path) -> Iterator["pexpect.spawn[str]"]:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    env = environment(tmp_path, PS1="", TERM="dumb", INPUTRC="/dev/null", COLUMNS="200")
    cwd = str(repository(tmp_path / "repo", TALCONFIG))
    shell = pexpect.spawn("bash", ["--norc", "--noprofile", "-i"], env=env, cwd=cwd, encoding="utf-8", timeout=30)
    shell.sendline("bind 'set bell-style none'; bind 'set enable-bracketed-paste off'")
    shell.sendline("source <(talops --show-completion bash); echo rea''dy")
    shell.expect("ready")
    yield shell
    shell.close(force=True)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("talops roll\t--help", r"Usage: talops rollback"),
        ("talops rehearse pl\t--on\ta\t", r"to upgrade, one after the other \(1\):\s+1\. alpha"),
        ("talops rehearse plan --only a\tb\t", r"1\. alpha.*2\. beta"),
        ("talops rehearse plan --only=a\t", r"\(1\):\s+1\. alpha"),
        ("talops rehearse plan --only alpha,b\t", r"1\. alpha.*2\. beta"),
        ("talops rehearse status --fault dead\ta\t", r"alpha +worker .*UNREACHABLE"),
        ("cd / && talops -C ~/rep\tnodes", r"cluster test: 5 nodes"),
        ("cd / && talops -C ~/repo rehearse plan --only a\t", r"1\. alpha"),
    ],
)
def test_bash_completes_what_is_typed(bash: "pexpect.spawn[str]", typed: str, wanted: str) -> None:
    bash.sendline(typed + "; echo en''ded")
    bash.expect("ended")
    assert bash.before is not None
    assert re.search(wanted, bash.before.replace("\r", ""), re.DOTALL), bash.before


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_printed_and_is_one_that_the_shell_can_read(tmp_path: Path, shell: str) -> None:
    said = talops("--show-completion", shell, cwd=tmp_path, env=environment(tmp_path))
    assert (said.returncode, said.stderr) == (0, b"")
    assert f"complete_{shell}".encode() in said.stdout
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_bytes(said.stdout)
    read = subprocess.run([found, "-n", str(tmp_path / "script")], capture_output=True, check=False)
    assert (read.returncode, read.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("shell", "file"),
    [
        ("bash", ".bash_completions/talops.sh"),
        ("zsh", ".zfunc/_talops"),
        ("fish", ".config/fish/completions/talops.fish"),
    ],
)
def test_installing_puts_the_script_where_the_shell_looks(tmp_path: Path, shell: str, file: str) -> None:
    env = environment(tmp_path)
    said = talops("--install-completion", shell, cwd=tmp_path, env=env)
    assert said.returncode == 0
    assert file.encode() in said.stdout
    assert (tmp_path / file).read_text().strip() == talops(
        "--show-completion", shell, cwd=tmp_path, env=env
    ).stdout.decode().strip()


def test_an_unknown_shell_is_a_usage_error(tmp_path: Path) -> None:
    said = talops("--show-completion", "tcsh", cwd=tmp_path, env=environment(tmp_path))
    assert said.returncode == 2
    assert b"bash, zsh, fish" in said.stderr


def test_fish_is_told_by_the_exit_code_whether_there_is_anything(tmp_path: Path) -> None:
    def asked(line: str) -> int:
        env = environment(
            tmp_path,
            _TALOPS_COMPLETE="complete_fish",
            _TYPER_COMPLETE_FISH_ACTION="is-args",
            _TYPER_COMPLETE_ARGS=line,
        )
        return talops(cwd=tmp_path, env=env).returncode

    assert [asked("talops no"), asked("talops nonsense")] == [0, 1]


def test_a_file_name_that_is_no_text_does_not_break_a_tab(tmp_path: Path) -> None:
    (tmp_path / "odd-\udcff").mkdir()
    env = environment(tmp_path, _TALOPS_COMPLETE="complete_bash", COMP_WORDS="talops\n-C\nodd", COMP_CWORD="2")
    said = talops(cwd=tmp_path, env=env)
    assert (said.stdout, said.stderr) == (b"odd-\xff/\n", b"")
