"""Whatever somebody applies: a node reads it or refuses it, and never falls over it."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from machine_configs import machine_config
from talops.domain.talos import Version
from talops.sim.config.checks import objection_to, warnings_about
from talops.sim.config.documents import encoded, read
from talops.sim.config.live import difference, why_not_now
from talops.sim.config.nodes import Unreadable
from talops.sim.config.starting import fitted

MINORS = (11, 12, 13, 14)
PLAIN = machine_config()
PIECES = (
    *(
        "machine:",
        "cluster:",
        "debug: ",
        "kind: ",
        "apiVersion: v1alpha1",
        "---\n",
        "\n",
        "    ",
        "- ",
        "&a ",
        "*a",
        "!x ",
    ),
    *("[", "]", "{", "}", ": ", "? ", "| ", "> ", "'", '"', "#", "\t", "\x00", "é", "0x1", "1e400", "9" * 5000, "<<: "),
    *("type: worker\n", "HostnameConfig\n", "hostname: a\n", "network: ", "kubelet: ", "install: ", "image: ", "null"),
)


def applied(text: str, minor: int) -> None:
    """All that a node may do with it."""
    version = Version.parse(f"v1.{minor}.0")
    documents = read(text, minor)
    objection_to(documents, version, has_ca=True)
    warnings_about(documents, version)
    encoded(documents)
    plain = read(PLAIN, minor)
    why_not_now(plain, documents)
    difference(plain, documents)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.sampled_from(MINORS))
def test_any_text_is_read_or_refused(text: str, minor: int) -> None:
    for one in (text, PLAIN + text):
        with suppress(Unreadable):
            applied(one, minor)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(PLAIN)), st.sampled_from(PIECES), st.sampled_from(MINORS))
def test_a_config_with_something_in_it_that_does_not_belong_there_is_read_or_refused(
    at: int, piece: str, minor: int
) -> None:
    with suppress(Unreadable):
        applied(PLAIN[:at] + piece + PLAIN[at:], minor)


LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    "text",
    ["a: &a [*a]\n", "machine: &a\n  b: *a\n", "[" * 3000, "[" * 3000 + "]" * 3000, "{a: " * 150 + "}" * 150, LAUGHS],
)
def test_a_text_without_end_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text, 13)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_fitting_a_text_to_an_older_talos_never_fails(text: str) -> None:
    fitted(text, Version.parse("v1.11.0"))


def test_what_a_node_writes_is_what_it_reads() -> None:
    documents = read(
        machine_config(kubelet="        extraArgs:\n            a: |\n                b\n\n                 c\n"), 13
    )
    assert read(encoded(documents), 13) == documents
