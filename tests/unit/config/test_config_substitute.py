"""Variables are replaced on the text, before it is read. Rows: what the real talhelper 3.1.16 made of it."""

import pytest

from talops.config.substitute import substitute
from talops.errors import FilesInvalid

SET = {"X": "xv", "Y": "yv", "EMPTY": "", "_X": "uv"}


def put(text: str) -> str:
    return substitute(text, SET, "talconfig.yaml")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${X}", "xv"),
        ("$X", "xv"),
        ("$X-$Y", "xv-yv"),
        ("'${X}'", "'xv'"),
        ("$_X", "uv"),
        ("$$", "$"),
        ("$$X", "$X"),
        ("$${X}", "${X}"),
        ("$", "$"),
        ("a$ b", "a$ b"),
        ("${}", "${}"),
        ("$_", "$_"),
        ("$(X)", "$(X)"),
        ("\\${X}", "\\xv"),
        ("${X:-d}", "xv"),
        ("${NOT:-d}", "d"),
        ("${NOT-d}", "d"),
        ("${NOT:=d}", "d"),
        ("${NOT:-a b}", "a b"),
        ("${NOT:-d:e-f}", "d:e-f"),
        ("${NOT:-$Y}", "yv"),
        ("${NOT:-a$Y}", "a$Y"),
        ("${EMPTY:-d}", "d"),
        ("${X:+d}", "d"),
        ("${EMPTY:+d}", "d"),
        ("${NOT:+d}", ""),
        ("${X:0:1}", "xv"),
        ("${X%%.*}", "xv"),
        ("${X:?err}", "xv"),
    ],
)
def test_a_variable_becomes_its_value(text: str, result: str) -> None:
    assert put(text) == result


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: ${NOT}", "talconfig.yaml:1:4: the variable ${NOT} is not set"),
        ("a: b\nc:  $NOT", "talconfig.yaml:2:5: the variable ${NOT} is not set"),
        ("${EMPTY}", "talconfig.yaml:1:1: the variable ${EMPTY} is set but empty"),
        ("${EMPTY-d}", "talconfig.yaml:1:1: the variable ${EMPTY} is set but empty"),
        ("${NOT:-}", "talconfig.yaml:1:1: the variable ${NOT} is not set"),
        ("${NOT:?err}", "talconfig.yaml:1:1: the variable ${NOT} is not set"),
        ("$1", "talconfig.yaml:1:1: the variable ${1} is not set"),
        ("${X", "talconfig.yaml:1:1: `${` has no closing brace in this line"),
        ("${X\n}", "talconfig.yaml:1:1: `${` has no closing brace in this line"),
        ("${NOT:-${Y}}", "talconfig.yaml:1:1: `${NOT:-${Y}` is no variable that talhelper understands"),
        ("${#X}", "talconfig.yaml:1:1: `${#X}` is no variable that talhelper understands"),
    ],
)
def test_what_has_no_value_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(FilesInvalid) as refused:
        put(text)
    assert refused.value.what == told


def test_a_default_that_would_make_talhelper_hang_is_refused() -> None:
    # the real one never returned from this
    with pytest.raises(FilesInvalid, match="the variable"):
        put("${NOT:-$_}")


def test_the_hint_says_where_to_set_it() -> None:
    with pytest.raises(FilesInvalid) as refused:
        put("${NOT}")
    assert refused.value.hint == "add `NOT: …` to talenv.yaml, or export it"
