"""YAML is read as talhelper's Go reads it. What a row expects is what the real talhelper 3.1.16 made of that text."""

import pytest

from talops.config.comments import without_comments
from talops.config.compose import LARGEST, documents, parse
from talops.config.scalar import Place, Scalar, number
from talops.config.tree import Mapping, Sequence, Tree, bool_of, mapping_of, sequence_of, text_of, texts_of
from talops.errors import FilesInvalid


def read(text: str) -> Mapping:
    tree = parse(text, "f.yaml")
    assert isinstance(tree, Mapping)
    return tree


def plain(tree: Tree | None) -> object:
    match tree:
        case Mapping():
            return {key: plain(value) for key, value in tree.entries.items()}
        case Sequence():
            return [plain(row) for row in tree.rows]
        case _:
            return text_of(tree, "it")


def refusal(text: str) -> str:
    with pytest.raises(FilesInvalid) as refused:
        parse(text, "f.yaml")
    return f"{refused.value.what} | {refused.value.hint}"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("abc", "abc"),
        ("007", "7"),
        ("017", "15"),
        ("08", "8"),
        ("0o17", "15"),
        ("0o8", "0o8"),
        ("0x10", "16"),
        ("0xg", "0xg"),
        ("0b11", "3"),
        ("1_000", "1000"),
        ("_1", "_1"),
        ("+5", "5"),
        ("-1", "-1"),
        ("1.10", "1.1"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("1e6", "1e+06"),
        ("0.00001", "1e-05"),
        ("1e400", "1e400"),
        ("12345678901234567890", "12345678901234567890"),
        ("123456789012345678901", "1.2345678901234568e+20"),
        (".inf", ".inf"),
        ("True", "true"),
        ("yes", "yes"),
        ("on", "on"),
        ("~", ""),
        ("null", ""),
        ("", ""),
        ("2024-01-01", "2024-01-01T00:00:00Z"),
        ("2024-1-1", "2024-01-01T00:00:00Z"),
        ("2024-13-01", "2024-13-01"),
        ("12:30:45", "12:30:45"),
        ("'007'", "007"),
        ('"a\\x62"', "ab"),
        ("!!str 007", "007"),
        ("!own 007", "007"),
        ("|-\n  a", "a"),
        (">\n  a\n  b\n", "a b\n"),
        ("a # b", "a"),
        ("a#b", "a#b"),
        ("it''s", "it''s"),
        ("'it''s'", "it's"),
    ],
)
def test_a_text_field_holds_what_go_writes_again(written: str, meant: str) -> None:
    assert text_of(read(f"key: {written}").get("key"), "key") == meant


@pytest.mark.parametrize("written", ["true", "True", "TRUE", "yes", "Yes", "on", "y", "Y", "'yes'", '"on"'])
def test_these_words_are_true(written: str) -> None:
    assert bool_of(read(f"key: {written}").get("key"), "key") is True


@pytest.mark.parametrize("written", ["false", "FALSE", "no", "off", "n", "N", "'no'", "~", "null", ""])
def test_these_words_are_false(written: str) -> None:
    assert bool_of(read(f"key: {written}").get("key"), "key") is False


@pytest.mark.parametrize("written", ["'true'", '"false"', "tRue", "oN", "1", "0", "''", "maybe", "[true]", "{}"])
def test_no_other_word_is_a_bool(written: str) -> None:
    with pytest.raises(FilesInvalid, match=r"^f\.yaml:1:6: key must be true or false, not "):
        bool_of(read(f"key: {written}").get("key"), "key")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("12", 12), ("0x0c", 12), ("1.5", 1.5), ("'12'", None), ("a", None), ("99999999999999999999", 1e20)],
)
def test_only_a_plain_number_is_a_number(written: str, meant: float | None) -> None:
    assert number(Scalar(written.strip("'"), "'" not in written, Place("f", 1, 1))) == meant


@pytest.mark.parametrize(
    ("document", "meant"),
    [
        ("a: [fd00::/64, 10.0.0.0/8]", {"a": ["fd00::/64", "10.0.0.0/8"]}),
        ("a: {url: https://x:6443, b: c}", {"a": {"url": "https://x:6443", "b": "c"}}),
        ("a: [b:c]\nd: 'e'", {"a": ["b:c"], "d": "e"}),
        ("{a: b, c: [d,]}", {"a": "b", "c": ["d"]}),
        ("a: &x {b: c}\nd: *x", {"a": {"b": "c"}, "d": {"b": "c"}}),
        ("a: &x 1\nb: &x 2\nc: *x", {"a": "1", "b": "2", "c": "2"}),
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", {"a": {"b": "1", "c": "2"}, "d": {"c": "3", "b": "1"}}),
        ("d: {<<: [{a: 1}, {a: 2, b: 3}]}", {"d": {"a": "1", "b": "3"}}),
        ("a: {'<<': b}", {"a": {"<<": "b"}}),
        ("\ufeffa: b", {"a": "b"}),
        ("a: b\r\nc: d\r\n", {"a": "b", "c": "d"}),
        ("a: b\n---\nc: d\n", {"a": "b"}),
        ("--- {a: b}\n...\n", {"a": "b"}),
        ("? a\n: b", {"a": "b"}),
        ('{"a": "b"}', {"a": "b"}),
    ],
)
def test_a_document_is_composed_as_go_composes_it(document: str, meant: object) -> None:
    assert plain(parse(document, "f.yaml")) == meant


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("a: b\na: c", "f.yaml:2:1: the key `a` is already in line 1 | keep one of the two"),
        ("a:\n  b: 1\n  c: 2\n  b: 3", "f.yaml:4:3: the key `b` is already in line 2 | keep one of the two"),
        ("a:\n  <<: {}\n  <<: {}", "f.yaml:3:3: the key `<<` is already in line 2 | keep one of the two"),
        ("a: *nope", "f.yaml:1:4: *nope names an anchor that is not defined before it | "),
        ("a: &x [*x]", "f.yaml:1:8: *x names an anchor that is not defined before it | "),
        ("a: {<<: b}", "f.yaml:1:9: << can only merge a mapping | "),
        ("? [a]\n: b", "f.yaml:1:3: a key must be a text | "),
        ("a: !!int 5", "f.yaml:1:4: talops does not read the tag !!int | write the value without it"),
        ("a: b\n\x07", "f.yaml:2:1: a control character is not allowed in YAML | "),
        ("a: " + "[" * 200, "f.yaml:1:104: nested more than 100 deep | "),
    ],
)
def test_what_cannot_be_composed_is_refused_with_its_place(document: str, told: str) -> None:
    assert refusal(document) == told


@pytest.mark.parametrize(
    ("document", "place", "advice"),
    [
        ("a: [b", "f.yaml:2:1", "compare its indentation, colons and quotes with the lines before it"),
        ("a:\n\tb: c", "f.yaml:2:1", "indent with spaces: YAML allows no tabs there"),
        ("a: b: c", "f.yaml:1:5", "compare its indentation"),
        ("a: 'b\n", "f.yaml:2:1", "compare its indentation"),
        ("a: @b", "f.yaml:1:4", "compare its indentation"),
        ("a: [b:c]\nd: [e", "f.yaml:3:1", "compare its indentation"),
        ("a: [b:c]\n...\n%YAML 1.3\n--- {}", "f.yaml:1:1", "version minor part can only be 2 or 1"),
    ],
)
def test_broken_yaml_is_refused_with_line_column_and_advice(document: str, place: str, advice: str) -> None:
    with pytest.raises(FilesInvalid) as refused:
        list(documents(document + ("\n" if not document.endswith("\n") else ""), "f.yaml"))
    told = f"{refused.value.what} | {refused.value.hint}"
    assert told.startswith(f"{place}: this is no YAML: ")
    assert advice in told


def doubled(levels: int) -> str:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, levels))]
    return "\n".join(lines)


def test_aliases_that_would_fill_the_memory_are_refused() -> None:
    assert f"stand for more than {LARGEST} values" in refusal(doubled(40))


def test_aliases_that_would_nest_without_end_are_refused() -> None:
    chain = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 300))])
    assert "nested more than 100 deep" in refusal(chain)


def test_aliases_of_an_ordinary_size_are_read() -> None:
    assert len(read(doubled(10)).entries) == 10


def test_every_document_of_a_stream_is_read() -> None:
    assert [plain(tree) for tree in documents("a: 1\n---\nb: 2\n", "f.yaml")] == [{"a": "1"}, {"b": "2"}]


def test_an_empty_text_is_no_document() -> None:
    assert parse("# nothing\n", "f.yaml") is None


def test_every_value_knows_its_place() -> None:
    tree = read("a:\n  - b\n  - c: d\n")
    rows = sequence_of(tree.get("a"), "a")
    assert (str(tree.place_of("a")), str(rows[0].at)) == ("f.yaml:1:1", "f.yaml:2:5")
    assert str(read("x: {y: z}").place_of("nowhere")) == "f.yaml:1:1"


def test_fields_of_the_wrong_kind_are_refused() -> None:
    tree = read("text: a\nlist: [a]\nmapping: {a: b}")
    with pytest.raises(FilesInvalid, match=r"^f\.yaml:2:7: it must be a text, not a list$"):
        text_of(tree.get("list"), "it")
    with pytest.raises(FilesInvalid, match=r"^f\.yaml:1:7: it must be a mapping, not a text$"):
        mapping_of(tree.get("text"), "it")
    with pytest.raises(FilesInvalid, match=r"^f\.yaml:3:10: it must be a list, not a mapping$"):
        sequence_of(tree.get("mapping"), "it")


def test_rows_that_are_null_are_none() -> None:
    assert texts_of(read("a: [b, ~, c]").get("a"), "a") == ("b", "c")


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("# ${A}\na: b # ${A}\n", "\na: b \n"),
        ("a: 'b # c'\n", "a: 'b # c'\n"),
        ("a: b#c\n", "a: b#c\n"),
        ("a: |  # ${A}\n  # kept\n# gone\n", "a: |  \n  # kept\n\n"),
        ("a: [b, # ${A}\n  c]\n", "a: [b, \n  c]\n"),
        ("a: b # ${A}\r\nc: d\r\n", "a: b \nc: d\r\n"),
    ],
)
def test_comments_are_blanked_and_lines_stay_where_they_were(text: str, without: str) -> None:
    assert without_comments(text, "f.yaml") == without
