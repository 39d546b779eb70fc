"""Whatever stands in the files: a Desired and a Policy, or an error of the files with its place. Nothing else."""

import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus import CORPUS
from talops.config import check_policy, load_desired, load_policy
from talops.config.policy import read_policy
from talops.domain.cluster import Desired, Policy
from talops.errors import Exit, TalopsError
from talops.tools.runner import ShRunner

EXAMPLE = (Path(__file__).resolve().parents[3] / "talconfig.yaml").read_text()
TALCONFIGS = [EXAMPLE] * 4 + sorted(
    text
    for path in sorted((CORPUS / "talconfigs").glob("*/talconfig.y*ml"))
    if len(text := path.read_text(encoding="utf-8")) < 8_000
)
TALENV = """\
# the example's variables
CLUSTER_VIP: 10.20.0.10
TIME_SERVER: "time.example.com" # quoted
NAME: 'a'
export OTHER: $NAME-b
"""
POLICY = """\
order: [w-1, cp-1]
skip: [w-2]
gates:
  ceph: {enabled: no, timeout: 1h30m, allow: [OSD_NEARFULL]}
  etcd: &etcd {required: true, timeout: 90s}
  nodes: *etcd
stability: {samples: 3, window: 15s}
drain: {timeout: 15m, barePods: refuse}
timeouts: {boot: 15m}
"""
TOKENS = (
    *(
        "~",
        "yes",
        "007",
        "0x10",
        "1e3",
        ".inf",
        "1" * 400,
        "2024-13-01",
        "''",
        '"',
        "'",
        "|",
        ">-",
        "|2",
        "[",
        "]",
        "{",
        "}",
    ),
    *(
        "[fd00::1]",
        "{a: b:c}",
        "&x",
        "*x",
        "*nope",
        "<<",
        "<<: *x",
        "!!int 5",
        "!",
        "%YAML 1.3",
        "---",
        "...",
        "- ",
        "?",
        ": ",
    ),
    *(
        " #",
        "#",
        "\t",
        "\r",
        "\u2028",
        "\u0085",
        "\ufeff",
        "\x00",
        "\x7f",
        "\ud7ff",
        "\U0001f600",
        "\\",
        "$",
        "$$",
        "${",
        "${}",
    ),
    *(
        "${X}",
        "${X:-$_}",
        "${NOPE}",
        "${CLUSTER_VIP:-${X}}",
        "{{",
        "{{ .Hostname }}",
        "{{if .Hostname}}",
        "}}",
        "@x",
        "@",
    ),
    *(
        "hostname: cp-1",
        "nodes: []",
        "controlPlane: maybe",
        "schematic: {overlay: {options: {a: [b]}}}",
        "sops: {a: b}",
    ),
    *("patches: ['machine: {install: {image: x.io/y:v1}}']", "order: [nobody]", "timeout: 0s", "999999999999h"),
)
SECONDS = 10.0
"""Far more than any of these files takes, and far less than a hang."""

few = settings(
    max_examples=250, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
mutations = st.tuples(st.randoms(use_true_random=False), st.integers(1, 4))


def mutated(text: str, mutation: tuple[random.Random, int]) -> str:
    """A few lines of it dropped, doubled, swapped, indented; a few bytes or words of it exchanged."""
    chance, times = mutation
    ways: tuple[Callable[[list[str], int, random.Random], None], ...] = (_line, _move, _word, _word, _byte, _cut)
    lines = text.split("\n")
    for _ in range(times):
        if lines:
            chance.choice(ways)(lines, chance.randrange(len(lines)), chance)
    return "\n".join(lines)


def _line(lines: list[str], at: int, chance: random.Random) -> None:
    indent = " " * chance.randrange(9)
    lines[at : at + chance.randrange(2)] = chance.choice(([], [lines[at]] * 2, [indent + chance.choice(TOKENS)]))


def _move(lines: list[str], at: int, chance: random.Random) -> None:
    other = chance.randrange(len(lines))
    lines[at], lines[other] = " " * chance.randrange(3) + lines[other], lines[at][chance.randrange(3) :]


def _word(lines: list[str], at: int, chance: random.Random) -> None:
    words = re.split(r"(\s+)", lines[at])
    words[chance.randrange(len(words))] = chance.choice(TOKENS)
    lines[at] = "".join(words)


def _byte(lines: list[str], at: int, chance: random.Random) -> None:
    column = chance.randrange(len(lines[at]) + 1)
    lines[at] = lines[at][:column] + chr(chance.randrange(1, 0x100)) + lines[at][column + 1 :]


def _cut(lines: list[str], at: int, chance: random.Random) -> None:
    lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
    del lines[at + 1 + chance.randrange(len(lines)) :]


@contextmanager
def soon() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < SECONDS


def loaded(folder: Path, talconfig: bytes, talenv: bytes) -> Desired | None:
    (folder / "talconfig.yaml").write_bytes(talconfig)
    (folder / "talenv.yaml").write_bytes(talenv)
    try:
        with soon():
            return load_desired(folder, runner=ShRunner(), environ={})
    except TalopsError as error:
        judge(error, "talconfig.yaml|talenv.yaml")
        return None


def judge(error: TalopsError, files: str) -> None:
    """Exit 6, and a text that begins with the file and, for all but the few that are about a whole file, the line."""
    assert error.exit is Exit.FILES
    assert re.match(rf"({files}):(\d+:(\d+:)? | )", error.what), error.what
    assert "\n" not in error.hint


def sound(desired: Desired) -> None:
    """What no file may break: there are nodes, and no two are the same."""
    names = [node.hostname for node in desired.nodes]
    addresses = [address for node in desired.nodes for address in node.addresses]
    assert names
    assert len(set(names)) == len(names)
    assert len(set(addresses)) == len(addresses)


@few
@given(talconfig=st.sampled_from(TALCONFIGS), mutation=mutations)
def test_a_mutated_talconfig_is_read_or_refused(talconfig: str, mutation: tuple[random.Random, int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = mutated(re.sub(r"\$\{(\w+)\}", "10.0.0.9", talconfig) if mutation[1] % 2 else talconfig, mutation)
        desired = loaded(Path(folder), text.encode("utf-8", "surrogatepass"), TALENV.encode())
        if desired is not None:
            sound(desired)


@few
@given(mutation=mutations)
def test_a_mutated_talenv_is_read_or_refused(mutation: tuple[random.Random, int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        talenv = mutated(TALENV, mutation).encode("utf-8", "surrogatepass")
        desired = loaded(Path(folder), EXAMPLE.encode(), talenv)
        assert desired is None or len(desired.nodes) == EXAMPLE.count("hostname:")


@few
@given(mutation=mutations)
def test_a_mutated_policy_is_read_or_refused(mutation: tuple[random.Random, int]) -> None:
    try:
        with soon():
            assert isinstance(read_policy(mutated(POLICY, mutation)), Policy)
    except TalopsError as error:
        judge(error, "talops.yaml")


@few
@given(talconfig=st.binary(max_size=200), talenv=st.binary(max_size=60), policy=st.binary(max_size=60))
def test_files_of_any_bytes_are_read_or_refused(talconfig: bytes, talenv: bytes, policy: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        assert loaded(folder, talconfig, talenv) is None
        loaded(folder, EXAMPLE.encode(), talenv)
        (folder / "talops.yaml").write_bytes(policy)
        try:
            assert load_policy(folder) == Policy()
        except TalopsError as error:
            judge(error, "talops.yaml")


@few
@given(text=st.text(st.sampled_from("ab: -[]{}#&*!|>'\"%@`,?~\t\n$0.<"), max_size=60))
def test_any_text_in_yaml_signs_is_read_or_refused(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        loaded(Path(folder), (EXAMPLE + text).replace("${", "").encode(), text.encode())


def test_the_unmutated_files_are_read(tmp_path: Path) -> None:
    desired = loaded(tmp_path, EXAMPLE.encode(), TALENV.encode())
    assert desired is not None
    (tmp_path / "talops.yaml").write_text(POLICY)
    check_policy(desired, load_policy(tmp_path), tmp_path)
    assert load_policy(tmp_path).skip == ("w-2",)
