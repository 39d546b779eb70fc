"""Whatever words are typed: a documented exit code that is no bug, and never a traceback."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from command_line import repository, talops
from talops.cli.optiontable import OPTIONS
from talops.cli.table import COMMANDS
from talops.errors import Exit
from talops.sim.faults import FAULTS

NODES = ["cp-1", "cp-2", "cp-3", "worker-1", "worker-2", "nobody", "cp-1,worker-1", ",", ""]
ODD = ["", "-", "--", "---", "-C", "=", "@", "-h", "--help", "-x", "é", "\udcff", "a b", "$X", "*", "-1", "%s", "{}"]
FAULT_NAMES = [f"{fault}@{node}" for fault in FAULTS for node in ("cp-1", "worker-1", "nobody", "")] + list(FAULTS)

OPTION = st.sampled_from([name for option in OPTIONS.values() for name in option.names])
VALUE = st.one_of(
    st.sampled_from(NODES),
    st.sampled_from(FAULT_NAMES),
    st.sampled_from(ODD),
    st.sampled_from(["v1.12.0", "v1.13.1", "v1.13.2", "v2.0.0", "1", "etcd", "json", "plain", "live", ".", "nowhere"]),
)
WITH_VALUE = st.tuples(OPTION, st.sampled_from([" ", "=", ""]), VALUE).map(
    lambda it: list(it[::2]) if it[1] == " " else [it[0] + it[1] + it[2]]
)
# mostly rehearsals: they get the farthest without a cluster
COMMAND = st.sampled_from([path for path in COMMANDS if path[0] == "rehearse"] * 2 + list(COMMANDS)).map(list)
PIECE = st.one_of(WITH_VALUE, OPTION.map(lambda name: [name]), VALUE.map(lambda word: [word]))
LINES = st.tuples(st.lists(PIECE, max_size=1), COMMAND, st.lists(PIECE, max_size=4)).map(
    lambda it: [word for piece in (*it[0], it[1], *it[2]) for word in piece]
)


@pytest.fixture(scope="module")
def _stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(repository(tmp_path_factory.mktemp("repo")))
    yield
    os.chdir(before)


@pytest.fixture(autouse=True)
def _no_sandbox_is_left() -> Iterator[None]:
    """Among the words are those that start one."""
    yield
    assert talops("sandbox", "down", "--all").exit == 0


def ends_well(words: list[str]) -> None:
    said = talops(*words)
    assert said.exit in set(Exit) - {Exit.BUG}, said.said
    assert "Traceback" not in said.said
    if said.exit == Exit.USAGE:
        assert said.out == ""
        assert "next: " in said.err or said.err.startswith("Usage: ")


@pytest.mark.usefixtures("_stand")
@settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(LINES)
@example(["rehearse", "plan", "--only", "\udcff"])
@example(["rehearse", "plan", "--fault", "@"])
@example(["-C", "\udcff", "nodes"])
@example(["rehearse", "plan", "--from", "v1.13"])
@example(["rehearse", "plan", "--from", "v1.13.99999999999999999999"])
@example(["rehearse", "rollback", "", "--seed", "1"])
@example(["rehearse", "upgrade", "all", "--only", "nobody"])
@example(["rehearse", "plan", "--fault", "pdb-blocks@cp-1", "--fault", "pdb-blocks@worker-1"])
@example(["rehearse", "plan", "--fault", "bare-pod@cp-1", "--fault", "bare-pod@worker-1"])
def test_any_words_end_with_a_documented_exit_code(words: list[str]) -> None:
    ends_well(words)


@pytest.mark.usefixtures("_stand")
@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.one_of(st.sampled_from([word for path in COMMANDS for word in path]), OPTION, VALUE), max_size=7))
def test_any_words_in_any_order_end_with_a_documented_exit_code(words: list[str]) -> None:
    ends_well(words)


@pytest.mark.usefixtures("_stand")
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(FAULT_NAMES), max_size=3), st.integers(0, 99), st.sampled_from(["plan", "status"]))
def test_any_faults_together_can_be_looked_at(faults: list[str], seed: int, command: str) -> None:
    ends_well(["rehearse", command, "--seed", str(seed), *(word for fault in faults for word in ("--fault", fault))])
