"""Whatever two machine configs say: nothing differs from itself, the way back is the way, and no secret is told."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from talops.domain.machineconfig import Change
from talops.errors import FilesInvalid
from talops.files.diff import changes
from talops.files.documents import documents
from talops.files.redact import Secrets, redacted

WORDS = st.text("abcXYZ019-_/+. :#'\"*&!%@`\n\té€", min_size=1, max_size=12)
SECRET = st.text("abcdefXYZ0189+/=-_.!$ ", min_size=8, max_size=24).filter(lambda text: len(text.strip()) >= 8)
_TYPED = ("machine", "cluster", "name", "interface", "path", "token", "key", "content", "contents", "mtu", "routes")
_OTHERS = ("nodeLabels", "env", "extraConfig", "environment", "addresses", "kubelet", "features")
KEYS = st.sampled_from((*_TYPED, *_OTHERS))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 99_999), WORDS)
TREES = st.recursive(
    SCALARS,
    lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(KEYS, below, max_size=5)),
    max_leaves=16,
)
CONFIGS = st.fixed_dictionaries({"machine": st.dictionaries(KEYS, TREES, max_size=5)}, optional={"cluster": TREES})


def as_yaml(*trees: object) -> str:
    return "\n---\n".join(json.dumps(tree, ensure_ascii=False) for tree in trees)


def turned(change: Change) -> tuple[object, ...]:
    return (change.document, change.path, change.after, change.before, change.effect)


def straight(change: Change) -> tuple[object, ...]:
    return (change.document, change.path, change.before, change.after, change.effect)


@given(CONFIGS)
def test_a_config_does_not_differ_from_itself_however_it_is_written(config: dict[str, object]) -> None:
    pretty = json.dumps(config, indent=2, sort_keys=True)
    assert changes(as_yaml(config), pretty, secrets=Secrets()) == ()


@given(CONFIGS, CONFIGS)
def test_the_way_back_is_the_way(one: dict[str, object], other: dict[str, object]) -> None:
    there = changes(as_yaml(one), as_yaml(other), secrets=Secrets())
    back = changes(as_yaml(other), as_yaml(one), secrets=Secrets())
    assert sorted(map(repr, map(straight, there))) == sorted(map(repr, map(turned, back)))


@given(CONFIGS, CONFIGS)
def test_configs_without_a_change_between_them_are_the_same_to_a_third(
    one: dict[str, object], other: dict[str, object]
) -> None:
    if changes(as_yaml(one), as_yaml(other), secrets=Secrets()):
        return
    third = as_yaml({"machine": {"type": "worker"}})
    assert len(changes(as_yaml(one), third, secrets=Secrets())) == len(
        changes(as_yaml(other), third, secrets=Secrets())
    )


def planted(tree: object, secret: str, how: int) -> object:
    """The secret in place of every text, in one of the forms in which people put it there."""
    forms = (secret, f"before {secret} after", base64.b64encode(secret.encode()).decode(), f"a\n  {secret}\nb\n")
    match tree:
        case str():
            return forms[how]
        case dict():
            return {key: planted(value, secret, how) for key, value in tree.items()}
        case list():
            return [planted(value, secret, how) for value in tree]
        case _:
            return tree


@given(CONFIGS, CONFIGS, SECRET, st.integers(0, 3))
def test_no_secret_is_told_wherever_it_stands(
    one: dict[str, object], other: dict[str, object], secret: str, how: int
) -> None:
    secrets = Secrets.of(as_yaml({"A": secret}))
    before, after = as_yaml(planted(one, secret, how)), as_yaml(other)
    shown = str(changes(before, after, secrets=secrets)) + str(changes(after, before, secrets=secrets))
    text = redacted(before, secrets)
    for form in (secret, secret.strip(), base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]):
        assert form not in shown
        assert form not in text
    assert documents(text, "redacted")


PIECES = (
    *(
        "machine:",
        "\n",
        "  ",
        "- ",
        "a: ",
        "&x ",
        "*x",
        "<<: ",
        "{",
        "}",
        "[",
        "]",
        "|\n",
        "---\n",
        "kind: A",
        "'",
        '"',
    ),
    *("#", "key: v", "\t", "token: abcdefgh", "LS0tLS1CRUdJTi", "é", ": ", "= "),
)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_text_is_redacted_and_either_compared_or_refused(text: str) -> None:
    shown = redacted(text, Secrets.of(text))
    assert "LS0tLS1CRUdJTi" not in shown
    try:
        assert changes(text, text + "\n", secrets=Secrets()) == ()
    except FilesInvalid:
        return
    assert isinstance(changes(text, "machine: {a: 1}\n", secrets=Secrets()), tuple)
