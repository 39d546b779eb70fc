"""What cannot be undone is agreed to by typing its name."""

import io
import sys

import pytest

from talops.cli.etcd_acting import answers


@pytest.mark.parametrize(
    ("typed", "name", "agreed"),
    [
        ("cp-2\n", "cp-2", True),
        (" cp-2 \n", "cp-2", True),
        ("y\n", "cp-2", False),
        ("cp-1\n", "cp-2", False),
        ("\n", "cp-2", False),
        ("", "cp-2", False),
        ("y\n", "", True),
        ("\n", "", False),
        ("", "", False),
    ],
)
def test_only_the_very_name_is_a_yes(typed: str, name: str, agreed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))

    assert answers(yes=False)("Remove it?", name) is agreed


def test_yes_answers_for_whoever_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))

    assert answers(yes=True)("Remove it?", "cp-2")
