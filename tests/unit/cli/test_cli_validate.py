"""`talops validate`: exit codes, and its three forms."""

import json
from pathlib import Path

import pytest

from command_line import TALCONFIG, repository, talops
from real_tools import real
from talops.domain.finding import Finding, Severity
from talops.ui.show_validation import show_validation

SECRETS = "cluster: {}\nsecrets: {}\ntrustdinfo: {}\ncerts: {}\nsops: {mac: x}\n"
TWICE = TALCONFIG.replace("10.0.0.22", "10.0.0.21")


@pytest.fixture(scope="session")
def talhelper() -> Path:
    """Before HOME is another one for each test: below it are the real tools."""
    return real("talhelper")


@pytest.fixture(autouse=True)
def with_talhelper(talhelper: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", f"{talhelper.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def cluster(folder: Path, talconfig: str) -> str:
    return str(repository(folder / "home", talconfig, talsecret__sops__yaml=SECRETS))


def test_what_is_right_is_said_in_one_line(tmp_path: Path) -> None:
    ran = talops("-C", cluster(tmp_path, TALCONFIG), "validate")

    assert (ran.exit, ran.out, ran.err) == (0, "nothing is wrong with the cluster's files\n", "")


def test_an_error_ends_with_6_and_says_place_cause_and_remedy(tmp_path: Path) -> None:
    ran = talops("validate", "-C", cluster(tmp_path, f"nods: []\n{TWICE}"))

    assert ran.exit == 6
    assert ran.out == (
        "talconfig.yaml:1:1: warning: unknown-key\n"
        "  talhelper does not know `nods` and ignores it\n"
        "  next: did you mean `nodes`?\n"
        "talconfig.yaml:11:37: error: duplicate-address\n"
        "  the address 10.0.0.21 is already that of the node in line 10\n"
        "  next: each node needs its own: talhelper overwrites one with the other, without a word\n"
        "\n"
        "1 error, 1 warning\n"
    )


def test_a_warning_is_no_error_unless_it_is_to_be_one(tmp_path: Path) -> None:
    repo = cluster(tmp_path, f"nods: []\n{TALCONFIG}")

    assert talops("-C", repo, "validate").exit == 0
    strict = talops("-C", repo, "validate", "--strict")
    assert (strict.exit, strict.out.splitlines()[0]) == (6, "talconfig.yaml:1:1: error: unknown-key")


def test_json_has_every_finding_with_its_place(tmp_path: Path) -> None:
    ran = talops("-C", cluster(tmp_path, TWICE), "validate", "--output", "json")

    said = json.loads(ran.out)
    assert (said["schema"], said["exit"], said["outcome"]) == (1, 6, "1 error")
    assert said["findings"] == [
        {
            "rule": "duplicate-address",
            "severity": "error",
            "what": "the address 10.0.0.21 is already that of the node in line 9",
            "hint": "each node needs its own: talhelper overwrites one with the other, without a word",
            "file": "talconfig.yaml",
            "line": 10,
            "column": 37,
        }
    ]
    assert json.loads(talops("-C", cluster(tmp_path, TALCONFIG), "validate", "--output=json").out)["findings"] == []


def test_on_github_findings_stand_at_their_lines_and_in_the_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))

    ran = talops("-C", cluster(tmp_path, TWICE), "validate", "--output", "github")

    assert ran.exit == 6
    assert ran.out.startswith(
        "::error file=home/talconfig.yaml,line=10,col=37,title=talops%3A duplicate-address::the address 10.0.0.21"
    )
    assert "## talops validate" in (tmp_path / "summary.md").read_text()


def test_lines_fit_into_the_terminal_but_for_what_must_not_be_taken_apart() -> None:
    image = "factory.talos.dev/metal-installer/" + "a" * 64
    finding = Finding(rule="a-rule", severity=Severity.WARNING, what=f"{'word ' * 30}{image}", hint="do this " * 20)

    shown = show_validation((finding,), width=80).splitlines()

    assert [line for line in shown if len(line) > 80] == [f"  {image}"]
    assert shown[0] == "warning: a-rule"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder.mkdir(), "there is no talconfig.yaml in "),
        (lambda folder: None, "No such file or directory"),
        (lambda folder: folder.write_text(""), "is no folder"),
        (lambda folder: (folder / "talconfig.yaml").mkdir(parents=True), "it cannot be read: Is a directory"),
    ],
    ids=["empty", "missing", "a file", "a folder for a file"],
)
def test_what_is_no_repository_is_said_to_be_none(make: object, said: str, tmp_path: Path) -> None:
    assert callable(make)
    make(tmp_path / "home")

    ran = talops("-C", str(tmp_path / "home"), "validate")

    assert ran.exit == 6
    assert said in " ".join(ran.out.split())
    assert ran.out.endswith("\n\n1 error\n")


def test_another_form_is_wrong_usage(tmp_path: Path) -> None:
    ran = talops("-C", cluster(tmp_path, TALCONFIG), "validate", "--output", "xml")

    assert ran.exit == 2
    assert "plain, json, github" in ran.err
