"""Exit codes are an interface: scripts and CI jobs act on them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from command_line import ROOT, TALCONFIG, repository, talops
from talops.cli import acting
from talops.domain.context import Context
from talops.errors import Exit

ONE_CONTROL_PLANE = "\n".join(line for line in TALCONFIG.splitlines() if "cp-2" not in line and "cp-3" not in line)

EXITS = {
    # 0: done, nothing to do, healthy
    "nodes": 0,
    "nodes --json": 0,
    "rehearse upgrade all": 0,
    "rehearse upgrade-all --output json": 0,
    "rehearse upgrade all --from v1.13.2": 0,
    "rehearse upgrade all --only worker-1 worker-2": 0,
    "rehearse upgrade all --skip-node cp-1 cp-2 cp-3 worker-1 worker-2": 0,
    "rehearse plan --from v1.13.2": 0,
    "rehearse status": 0,
    "rehearse etcd status": 0,
    "rehearse etcd members": 0,
    "rehearse etcd alarms --json": 0,
    "rehearse services": 0,
    "rehearse services worker-1 --json --fault dead-node@cp-1": 0,
    "rehearse rollback worker-1": 0,
    "rehearse upgrade all --fault api-flaps": 0,
    # 2: wrong usage, or nobody to answer
    "nope": 2,
    "nodes extra": 2,
    "upgrade all": 2,
    "upgrade-all": 2,
    "rollback worker-1": 2,
    "unlock": 2,
    "rollback": 2,
    "upgrade all --yes --output nope": 2,
    "upgrade all --plan --output nope": 2,
    "plan --accept-downtime ceph": 2,
    "rehearse plan --from 1.x": 2,
    "rehearse plan --seed many": 2,
    "rehearse plan --only nobody": 2,
    "rehearse plan --fault nope": 2,
    "rehearse plan --fault install-fails@nobody": 2,
    "rehearse rollback nobody": 2,
    "rehearse services nobody": 2,
    "rehearse etcd status --fault nope": 2,
    # 3: something to do
    "rehearse plan": 3,
    "rehearse upgrade all --plan": 3,
    "rehearse plan --fault api-flaps": 3,
    # 4: a gate stayed shut or unknown; not healthy
    "rehearse upgrade all --fault ceph-stays-degraded@worker-1": 4,
    "rehearse upgrade all --fault kubectl-forbidden": 4,
    "rehearse status --fault dead-node@worker-1": 4,
    "rehearse etcd status --fault dead-node@cp-2": 4,
    "rehearse etcd status --json --fault etcd-member-lost@cp-2": 4,
    "rehearse etcd members --fault etcd-member-lost@cp-2": 4,
    "rehearse etcd alarms --fault etcd-nospace@cp-2": 4,
    "rehearse etcd status --fault etcd-quorum-lost": 4,
    "rehearse services --fault etcd-member-lost@cp-2": 4,
    # 5: a tool or a node failed
    "rehearse upgrade all --fault install-fails@worker-1": 5,
    "rehearse upgrade all --fault silent-rollback@cp-1": 5,
    "rehearse upgrade all --fault never-returns@worker-1": 5,
    "rehearse rollback worker-1 --fault never-returns@worker-1": 5,
    "rehearse services worker-1 --fault dead-node@worker-1": 5,
    # 6: the files are invalid
    "nodes -C nowhere": 6,
    "rehearse plan -C nowhere": 6,
    "upgrade all --yes -C nowhere": 6,
    "status": 6,
    "etcd status": 6,
    "services": 6,
    "plan": 6,
    "unlock --yes": 6,
    "rollback worker-1 --yes": 6,
    "upgrade all --yes": 6,
    "upgrade all --plan": 6,
    # 7: somebody else is at work
    "rehearse upgrade all --fault lease-held": 7,
    "rehearse upgrade all --fault foreign-kured": 7,
    # 9: refused
    "rehearse plan --from v1.13.3": 9,
    "rehearse upgrade all --from v1.13.3": 9,
    "rehearse plan --from v1.9.0": 9,
    "rehearse plan --from v1.7.0": 9,
    "rehearse upgrade all --fault two-clusters": 9,
    "rehearse plan --fault two-clusters": 9,
}


@pytest.mark.parametrize(("line", "code"), EXITS.items())
def test_a_command_line_ends_with_its_exit_code(repo: Path, line: str, code: int) -> None:
    said = talops(*line.split())
    assert said.exit == code, said.said
    assert "Traceback" not in said.said
    if code not in {0, 3}:
        assert said.said.strip()


def test_every_exit_code_that_a_command_line_can_cause_is_in_the_table() -> None:
    by_signals_and_answers = {Exit.STOPPED, Exit.INTERRUPTED, Exit.TERMINATED}
    assert set(EXITS.values()) == set(Exit) - by_signals_and_answers - {Exit.BUG}


@pytest.mark.parametrize("accepted", [False, True])
def test_a_lone_control_plane_needs_the_outage_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accepted: bool
) -> None:
    monkeypatch.chdir(repository(tmp_path, ONE_CONTROL_PLANE))
    words = ("--accept-downtime", "etcd") if accepted else ()
    assert talops("rehearse", "plan", *words).exit == (3 if accepted else 9)
    assert talops("rehearse", "upgrade", "all", *words).exit == (0 if accepted else 9)


@pytest.mark.parametrize("words", [("upgrade", "all"), ("upgrade-all",), ("rollback", "worker-1"), ("unlock",)])
def test_a_question_that_nobody_can_answer_is_not_asked_and_nothing_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    # there is no repository: whoever looked would say so
    monkeypatch.chdir(tmp_path)
    said = talops(*words)
    assert (said.exit, said.out) == (2, "")
    assert "--yes" in said.err


def test_upgrade_all_with_plan_is_plan(repo: Path) -> None:
    for options in ([], ["--fault", "two-clusters"], ["--from", "v1.13.2"], ["--only", "worker-1"]):
        assert talops("rehearse", "upgrade", "all", "--plan", *options) == talops("rehearse", "plan", *options)
    as_json = talops("rehearse", "upgrade", "all", "--plan", "--output", "json")
    assert as_json == talops("rehearse", "plan", "--json")


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is answered to questions, as at a terminal."""
    answers: list[str] = []

    def ask(question: str, *, yes: bool) -> bool:
        return answers.pop(0) == "y"

    monkeypatch.setattr(acting, "ask", ask)
    yield answers
    assert not answers, "a question was not asked"


@pytest.mark.parametrize(("said", "code"), [("y", 0), ("n", 8)])
def test_a_no_takes_no_node_down_and_is_work_left(repo: Path, answer: list[str], said: str, code: int) -> None:
    answer.append(said)
    ran = talops("rehearse", "upgrade", "all")
    assert ran.exit == code
    assert ("no node was taken down" in ran.out) is (said == "n")


@pytest.mark.parametrize("line", ["nodes --json", "rehearse plan --json", "rehearse status --json"])
def test_json_is_json_with_its_schema_and_nothing_else(repo: Path, line: str) -> None:
    said = talops(*line.split())
    value = json.loads(said.out)
    assert value["schema"] == 1
    assert said.err == ""


def test_the_events_of_a_rollout_are_json_lines(repo: Path) -> None:
    said = talops("rehearse", "upgrade", "all", "--output", "json", "--only", "worker-1")
    events = [json.loads(line) for line in said.out.splitlines()]
    assert [events[0]["event"], events[1]["event"], events[-1]["event"]] == ["noted", "planned", "ended"]
    assert {event["schema"] for event in events} == {1}
    assert events[-1]["exit"] == said.exit == 0


def test_json_says_what_the_exit_code_says(repo: Path) -> None:
    assert json.loads(talops("rehearse", "status", "--json").out)["healthy"] is True
    assert json.loads(talops("rehearse", "status", "--json", "--fault", "dead-node").out)["healthy"] is False
    refused = talops("rehearse", "plan", "--json", "--fault", "two-clusters")
    assert refused.exit == 9
    assert json.loads(refused.out)["plan"]["refusals"]


def test_ctrl_c_while_we_look_is_130_without_a_traceback(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_context: Context) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("talops.wiring.nodes", interrupted)
    said = talops("nodes")
    assert said.exit == 130
    assert "Traceback" not in said.err


def test_a_bug_is_exit_1_with_what_a_report_needs(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talops.wiring.nodes", lambda _context: 1 // 0)
    said = talops("nodes")
    assert said.exit == 1
    assert "Traceback" in said.err
    assert "report" in said.err


def test_the_example_at_the_root_is_rehearsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(ROOT / "example.agekey"))
    assert talops("-C", str(ROOT), "rehearse", "upgrade", "all").exit == 0
