"""talenv is read line by line, as talhelper's dotenv parser does. Rows: what the real talhelper 3.1.16 made of it."""

import pytest

from talops.config.talenv import read_variables


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("X: foo", "foo"),
        ("X=foo", "foo"),
        ("X:foo", "foo"),
        ("X : foo", "foo"),
        ("  X: foo  ", "foo"),
        ("X:\u00a0foo\u00a0", "foo"),
        ("export X: foo", "foo"),
        ("X: 007", "007"),
        ("X: true", "true"),
        ("X: ~", "~"),
        ("X:", ""),
        ("X: ''", ""),
        ("X: a: b", "a: b"),
        ("X: a # b", "a"),
        ("X: a # b # c", "a # b"),
        ("X: a#b", "a#b"),
        ("X: '#b'", "#b"),
        ("X: 'a' # b", "a"),
        ('X: "a # b"', "a # b"),
        ("X: 'a'", "a"),
        ('X: "a\\nb"', "a\nb"),
        ('X: "a\\tb"', "atb"),
        ('X: "a\\"b"', 'a"b'),
        ("X: a\\nb", "a\\nb"),
        ("X: 'a\\'b'", "a\\'b"),
        ("X: >-", ">-"),
        ("X: &a foo", "&a foo"),
        ("X: foo\r", "foo"),
    ],
)
def test_a_line_sets_a_variable(line: str, value: str) -> None:
    assert read_variables(f"{line}\n").values == {"X": value}


@pytest.mark.parametrize(
    ("value", "expanded"),
    [
        ("a$Y", "ab"),
        ("a${Y}", "ab"),
        ('"a$Y"', "ab"),
        ("'$Y'", "$Y"),
        ("$Z", ""),
        ("$y", "$y"),
        ("a$", "a$"),
        ("\\$Y", "$Y"),
    ],
)
def test_a_value_may_name_earlier_keys_of_its_file(value: str, expanded: str) -> None:
    assert read_variables(f"Y: b\nX: {value}\n").values["X"] == expanded


def test_later_lines_win_and_comments_and_empty_lines_count_nothing() -> None:
    assert read_variables("---\n# c\n\nX: a\nY: b\nX: c").values == {"X": "c", "Y": "b"}


def test_a_quoted_value_may_have_several_lines() -> None:
    assert read_variables('X: "a\nb"\nY: c\n').values == {"X": "a\nb", "Y": "c"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("X: a\nY:\n  - b\n", 3),
        ("X: a\nY-Z: b\n", 2),
        ("X: |\n  b\nY: c\n", 2),
        ("'X': a\n", 1),
        ("{X: a}\n", 1),
        ("X: a\nY: 'b\n", 2),
        ("---\r\nX: a\r\n", 1),
        ("\ufeffX: a\n", 1),
    ],
)
def test_one_line_of_another_kind_loses_every_variable_and_is_named(text: str, line: int) -> None:
    found = read_variables(text)
    assert (found.values, found.lost) == ({}, line)


def test_a_nested_mapping_loses_nothing() -> None:
    assert read_variables("A:\n  B: c\nX: d\n").values == {"A": "", "B": "c", "X": "d"}
