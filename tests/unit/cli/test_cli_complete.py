"""What is offered at a press of Tab, in the dialect of each shell."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command_line import repository
from talops.cli.complete import completion, offers
from talops.cli.optiontable import GLOBAL, OPTIONS
from talops.cli.table import COMMANDS
from talops.sim.faults import FAULTS

NODES = ["cp-1", "cp-2", "cp-3", "worker-1", "worker-2"]


def offered(line: str) -> list[str]:
    """After `talops LINE`; the last word is the one that is being typed."""
    words = line.split(" ")
    return [word for word, _ in offers(words[:-1], words[-1])]


OFFERS = {
    "no": ["nodes"],
    "up": ["upgrade"],
    "upgrade ": ["all", "k8s"],
    "-C x upgrade ": ["all", "k8s"],
    "rehearse ": ["upgrade", "apply", "plan", "status", "health", "etcd", "services", "rollback", "install"],
    "rehearse --seed 3 upgrade ": ["all", "k8s"],
    "plan --on": ["--only"],
    "rehearse plan --fr": ["--from"],
    "plan --fr": [],
    "plan --only ": NODES,
    "plan --only w": ["worker-1", "worker-2"],
    "plan --only cp-1 w": ["worker-1", "worker-2"],
    "plan --only cp-1,w": ["cp-1,worker-1", "cp-1,worker-2"],
    "plan --only=w": ["--only=worker-1", "--only=worker-2"],
    "upgrade all --skip-node cp-": ["cp-1", "cp-2", "cp-3"],
    "upgrade-all --only cp-": ["cp-1", "cp-2", "cp-3"],
    "rollback ": NODES,
    "rehearse rollback w": ["worker-1", "worker-2"],
    "rehearse plan --fault silent-rollback@w": ["silent-rollback@worker-1", "silent-rollback@worker-2"],
    "rehearse plan --fault stale": ["stale-ceph"],
    "rehearse plan --fault=stale": ["--fault=stale-ceph"],
    "upgrade all --output ": ["live", "plain", "json"],
    "upgrade all --accept-downtime ": ["etcd"],
    "--show-completion ": ["bash", "zsh", "fish"],
    "nodes --context ": [],
    "plan nonsense --on": ["--only"],
}


@pytest.mark.parametrize(("line", "wanted"), OFFERS.items())
def test_what_may_stand_there_is_offered(repo: Path, line: str, wanted: list[str]) -> None:
    assert [word for word in offered(line) if not word.startswith("--") or line.split(" ")[-1]] == wanted


def test_every_command_is_offered_but_the_hidden_alias() -> None:
    for path, entry in COMMANDS.items():
        assert (path[-1] in offered(" ".join([*path[:-1], ""]))) is not entry.hidden


def test_every_option_of_a_command_is_offered_and_the_global_ones() -> None:
    for path, entry in COMMANDS.items():
        wanted = {OPTIONS[key].names[0] for key in (*entry.options, *GLOBAL)} | {"--help"}
        assert set(offered(" ".join([*path, "--"]))) == wanted


def test_every_fault_is_offered_for_each_node_that_it_can_happen_to(repo: Path) -> None:
    wanted = sum(len(NODES) if kind.needs_node else 1 for kind in FAULTS.values())
    assert len([word for word in offered("rehearse plan --fault ") if not word.startswith("--")]) == wanted


@pytest.mark.parametrize("words", ["-C other", "-Cother", "--repo other", "--repo=other", "-C ~/other"])
def test_node_names_are_those_of_the_named_repository(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    repository(tmp_path / "other", "nodes:\n  - hostname: 'else-1' # one\n  - hostname: ${VARIABLE}\n")
    assert offered(f"{words} plan --only e") == ["else-1"]
    assert offered(f"plan {words} --only e") == ["else-1"]


def test_without_a_talconfig_there_are_no_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "talconfig.yaml").write_bytes(b"\xff hostname: a")
    assert offered("rollback x") == []
    assert offered("-C bad rollback x") == []


def test_folders_and_files_are_offered_however_deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clusters" / "home").mkdir(parents=True)
    (tmp_path / "clusters" / "config").touch()
    monkeypatch.chdir(tmp_path)
    assert offered("-C ") == ["clusters/"]
    assert offered("-C clusters/") == ["clusters/home/"]
    assert offered("--talosconfig clusters/c") == ["clusters/config"]
    assert offered("--talosconfig=clusters/c") == ["--talosconfig=clusters/config"]
    assert offered("-C nowhere/") == []


def bash(*words: str) -> list[str]:
    """`words` as bash takes the line apart; the last is the one that is being typed."""
    environ = {"COMP_WORDS": "\n".join(("talops", *words)), "COMP_CWORD": str(len(words))}
    answer = completion("complete_bash", environ)
    return answer.splitlines() if answer is not None else []


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("up",), ["upgrade"]),
        (("plan", "--only", "w"), ["worker-1", "worker-2"]),
        # bash replaces what is behind the sign, and the sign itself where it is an @
        (("plan", "--only", "=", "w"), ["worker-1", "worker-2"]),
        (("plan", "--only", "="), NODES),
        (("rehearse", "plan", "--fault", "never-returns", "@", "w"), ["@worker-1", "@worker-2"]),
        (("rehearse", "plan", "--fault", "never-returns", "@"), [f"@{name}" for name in NODES]),
        (("rehearse", "plan", "--fault", "=", "never-returns", "@", "w"), ["@worker-1", "@worker-2"]),
        (("plan", "--only", "'w"), ["worker-1", "worker-2"]),
        (("-C", "my\\ repo", "plan", "--only", "w"), []),
        (("upgrade-",), []),
    ],
)
def test_bash_is_answered_as_it_splits_words(repo: Path, words: tuple[str, ...], wanted: list[str]) -> None:
    assert bash(*words) == wanted


def test_zsh_is_answered_with_words_and_their_help() -> None:
    answer = completion("complete_zsh", {"_TYPER_COMPLETE_ARGS": "talops no"})
    assert answer == """_arguments '*: :(("nodes":"What the files say about each node; needs no cluster."))'"""
    assert completion("complete_zsh", {"_TYPER_COMPLETE_ARGS": "talops nonsense"}) == "_files"


def test_fish_asks_whether_and_then_what() -> None:
    line = {"_TYPER_COMPLETE_ARGS": "talops no"}
    assert completion("complete_fish", line | {"_TYPER_COMPLETE_FISH_ACTION": "is-args"}) == ""
    whole = completion("complete_fish", line | {"_TYPER_COMPLETE_FISH_ACTION": "get-args"})
    assert whole == "nodes\tWhat the files say about each node; needs no cluster."
    nothing = {"_TYPER_COMPLETE_ARGS": "talops nonsense", "_TYPER_COMPLETE_FISH_ACTION": "is-args"}
    assert completion("complete_fish", nothing) is None


def test_other_shells_are_not_answered() -> None:
    assert completion("complete_tcsh", {"COMP_WORDS": "talops"}) is None
    assert completion("source_bash", {}) is None


WORDS = ["talops", "plan", "--only", "--fault", "-C", "cp-1", "never"]
TYPED = st.lists(st.sampled_from([*"'\"\\ \n\t=@,$`(){}[]*?~-#\x00é\udcff", *WORDS]), max_size=12).map("".join)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(TYPED, st.sampled_from(["", "1", "2", "7", "-1", "x", "9" * 5, "²"]))
def test_no_line_however_odd_breaks_a_tab(line: str, number: str) -> None:
    environ = {"COMP_WORDS": line, "COMP_CWORD": number, "_TYPER_COMPLETE_ARGS": line}
    for shell in ("bash", "zsh", "fish"):
        answer = completion(f"complete_{shell}", environ | {"_TYPER_COMPLETE_FISH_ACTION": "get-args"})
        assert answer is None or isinstance(answer, str)


SLOW = {"typer", "rich", "sh", "ruamel", "pydantic", "json", "subprocess", "pathlib", "importlib.metadata"}


@pytest.mark.parametrize(
    ("line", "slow"),
    [
        ("talops up", SLOW | {"re", "inspect"}),
        ("talops plan --only w", SLOW | {"inspect"}),
        ("talops rehearse plan --fault silent", SLOW - {"pathlib"}),
    ],
)
def test_a_tab_imports_nothing_that_is_slow(repo: Path, line: str, slow: set[str]) -> None:
    """In a process of its own: this one has imported everything."""
    script = (
        "import os, sys; before = set(sys.modules)\n"
        "from talops.cli.complete import completion\n"
        "assert completion('complete_bash', os.environ)\n"
        "print(*(set(sys.modules) - before))"
    )
    words = line.split()
    environ = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    child = subprocess.run([sys.executable, "-S", "-c", script], env=environ, capture_output=True, text=True)
    assert child.stderr == ""
    assert not set(child.stdout.split()) & slow
