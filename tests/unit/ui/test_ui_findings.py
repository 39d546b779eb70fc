"""Findings as lines, as JSON and for GitHub: nothing in them is taken for a command or for markup."""

from dataclasses import replace

import pytest

from talops.domain.finding import Finding, Severity
from talops.ui.show_findings import finding_to_json, show_findings, told
from talops.ui.show_github import SUMMARY_LIMIT, annotations, folded, summary

SAID = "::10.0.0.1 is already taken"
RULE = "title=talops%3A duplicate-address"
ERROR = Finding(
    rule="duplicate-address",
    severity=Severity.ERROR,
    what="10.0.0.1 is already taken",
    hint="change one",
    file="talconfig.yaml",
    line=7,
    column=3,
)
WARNING = replace(ERROR, severity=Severity.WARNING, hint="", line=0, column=0)


def test_a_line_names_severity_place_and_what_to_do() -> None:
    assert show_findings([ERROR, WARNING]) == (
        "error: talconfig.yaml:7:3: 10.0.0.1 is already taken\n"
        "  next: change one\n"
        "warning: talconfig.yaml: 10.0.0.1 is already taken"
    )
    assert show_findings([replace(WARNING, file="")]) == "warning: 10.0.0.1 is already taken"


@pytest.mark.parametrize(
    ("findings", "words"),
    [([], ""), ([ERROR], "1 error"), ([WARNING, WARNING], "2 warnings"), ([ERROR, WARNING], "1 error, 1 warning")],
)
def test_they_are_counted(findings: list[Finding], words: str) -> None:
    assert told(findings) == words


def test_the_keys_of_json_are_an_interface() -> None:
    assert finding_to_json(ERROR) == {
        "rule": "duplicate-address",
        "severity": "error",
        "what": "10.0.0.1 is already taken",
        "hint": "change one",
        "file": "talconfig.yaml",
        "line": 7,
        "column": 3,
    }


@pytest.mark.parametrize(
    ("finding", "folder", "line"),
    [
        (
            ERROR,
            "",
            f"::error file=talconfig.yaml,line=7,col=3,{RULE}{SAID}%0Anext: change one",
        ),
        (WARNING, "a/b", f"::warning file=a/b/talconfig.yaml,{RULE}{SAID}"),
        (
            replace(WARNING, file="", what="100%\r\n::set-env name=x::y"),
            "a",
            f"::warning {RULE}::100%25%0D%0A::set-env name=x::y",
        ),
        (replace(WARNING, file="a,b:c"), "", f"::warning file=a%2Cb%3Ac,{RULE}{SAID}"),
    ],
    ids=["with its place", "below a folder", "with line breaks", "with an odd name"],
)  # fmt: skip
def test_an_annotation_is_one_line_that_says_only_what_it_should(finding: Finding, folder: str, line: str) -> None:
    assert annotations([finding], folder) == line


def test_a_summary_is_markdown_that_texts_cannot_break_out_of() -> None:
    odd = replace(ERROR, what="`<img src=x>` | *bold*\n# title")
    text = summary("talops", "done", [odd], [("What differs", "</pre><b>a</b>")])
    assert "<img" not in text
    assert "</pre><b>" not in text
    assert "\n# title" not in text
    assert "### 1 error" in text
    assert "<details><summary>What differs</summary>" in text


def test_nothing_in_a_folded_text_is_taken_for_a_command() -> None:
    lines = folded("What differs", "::error::x\n::endgroup::").splitlines()
    token = lines[1].removeprefix("::stop-commands::")
    assert lines == [
        "::group::What differs",
        f"::stop-commands::{token}",
        "::error::x",
        "::endgroup::",
        f"::{token}::",
        "::endgroup::",
    ]
    assert len(token) == 32
    assert token not in folded("What differs", "x")


def test_a_summary_is_never_larger_than_github_takes() -> None:
    text = summary("talops", "done", [], [("What differs", "ü" * SUMMARY_LIMIT)])
    assert len(text.encode()) < 1024 * 1024
    assert text.endswith("the log has all of it\n")
