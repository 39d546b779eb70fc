"""Whatever stands in the files: check_files raises nothing, and finds an error wherever they cannot be read."""

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from snippets import HEAD, PLANE, SECRETS

from command_line import ROOT
from talops.config import load_desired
from talops.config.scalar import Place
from talops.config.substitute import offset_of, substitute_all
from talops.domain.finding import Severity
from talops.files.check import check_files
from talops.tools.runner import ShRunner

RICH = f"""\
{HEAD}patches: ["@p.yaml", "machine: {{}}"]
nodes:
{PLANE}    networkInterfaces:
      - interface: eth0
        addresses: [10.0.0.1/24]
        vip: {{ip: 10.0.0.9}}
    patches:
      - |-
        machine:
          env: {{A: "${{X}}"}}
  - &worker
    hostname: w-1
    ipAddress: 10.0.0.2, fd00::2
    installDiskSelector: {{size: 4GB}}
    nodeLabels: {{a: "${{X}}"}}
worker:
  schematic: {{customization: {{systemExtensions: {{officialExtensions: [siderolabs/iscsi-tools]}}}}}}
"""
TALCONFIGS = (RICH, (ROOT / "talconfig.yaml").read_text())
GOOD = "X: abc\nCLUSTER_VIP: 10.0.0.9\nTIME_SERVER: ntp.example.test\n"
TALENVS = (*(GOOD,) * 8, "", "X=1", "- a", "X: |\n a", "sops: 1", f"{GOOD}X: 007 #a", f"{GOOD}X: 'a: b'")
OPERATION = "- op: add\n  path: /machine/install/image\n  value: a"
PATCHES = (*("",) * 8, "a: [", "machine: {a: ${X}}", OPERATION, "{{ x", "\t", "- a")
BITS = (
    *(
        "[",
        "]",
        "{",
        "}",
        "${X",
        "${X}",
        "$",
        "null",
        "~",
        "-",
        "&a",
        "*a",
        "<<",
        "!!int",
        '"',
        "'",
        "|",
        ">",
        "#",
        ":",
    ),
    *("\t", "\r", "yes", "007", "%", "\ufeff", "é", "{{", "}}", "@", "@p.yaml", "1e999", "0x", "\n", "- ", "[]", "{}"),
    *("a", "b-1", "# note", "1", "x: y", "true", "false", "v1.13.2", "a.example.test", "10.0.0.7"),
    *("::", "10.0.0.1/33", "https://[fd00::1]:6443", "\x85", "\u2028", "'true'", "v1.99.0"),
)
few = settings(
    max_examples=250, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
chances = st.randoms(use_true_random=False)


def mutated(text: str, chance: random.Random) -> str:
    ways: tuple[Callable[[list[str], random.Random], None], ...] = (_insert, _drop, _swap, _value, _value, _indent)
    lines = text.split("\n")
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if lines:
            chance.choice(ways)(lines, chance)
    return "\n".join(lines)


def _insert(lines: list[str], chance: random.Random) -> None:
    row = chance.randrange(len(lines))
    column = chance.randrange(len(lines[row]) + 1)
    lines[row] = lines[row][:column] + chance.choice(BITS) + lines[row][column:]


def _drop(lines: list[str], chance: random.Random) -> None:
    del lines[chance.randrange(len(lines))]


def _swap(lines: list[str], chance: random.Random) -> None:
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _value(lines: list[str], chance: random.Random) -> None:
    row = chance.randrange(len(lines))
    lines[row] = f"{lines[row].split(':')[0]}: {chance.choice(BITS)}"


def _indent(lines: list[str], chance: random.Random) -> None:
    row = chance.randrange(len(lines))
    lines[row] = f"  {lines[row]}"


@few
@given(
    chance=chances,
    talconfig=st.sampled_from(TALCONFIGS),
    talenv=st.sampled_from(TALENVS),
    patch=st.sampled_from(PATCHES),
)
def test_what_cannot_be_read_has_an_error_and_nothing_is_raised(
    chance: random.Random, talconfig: str, talenv: str, patch: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = {"talconfig.yaml": mutated(talconfig, chance), "talenv.yaml": talenv, "p.yaml": patch}
        (folder / "patches").symlink_to(ROOT / "patches")
        for file, text in {**texts, "talsecret.yaml": SECRETS}.items():
            (folder / file).write_text(text, newline="")

        found = check_files(folder, runner=ShRunner(), environ={}, talhelper="no-such-talhelper")

        lengths = {file: text.count("\n") + 2 for file, text in texts.items()}
        assert all(one.line <= lengths.get(one.file, one.line) * 3 for one in found), found
        assert all(one.what and "\n" not in one.what for one in found), found
        if not any(one.severity is Severity.ERROR for one in found):
            load_desired(folder, runner=ShRunner(), environ={})


@few
@given(text=st.text(st.sampled_from("ab \n:'${}XY#é"), max_size=60), value=st.text("xyz\n", max_size=4))
def test_the_way_back_from_a_substituted_text_leads_to_the_same_letter(text: str, value: str) -> None:
    done = substitute_all(text, {"X": value, "XY": "other"}, "f", hint="", missing="?")

    for line, row in enumerate(done.text.split("\n"), 1):
        for column, letter in enumerate(row, 1):
            at = done.origin(Place("f", line, column))
            origin = text[offset_of(text, at)]
            assert origin in {letter, "$"}


def test_the_unmutated_files_have_no_errors(tmp_path: Path) -> None:
    for file, text in {"talconfig.yaml": RICH, "talenv.yaml": "X: a", "p.yaml": "", "talsecret.yaml": SECRETS}.items():
        (tmp_path / file).write_text(text)

    assert check_files(tmp_path, runner=ShRunner(), environ={}, talhelper="no-such-talhelper") == ()
    assert len(load_desired(tmp_path, runner=ShRunner(), environ={}).nodes) == 2
