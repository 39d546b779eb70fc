"""What doctor finds in a repository, whom it asks, and what it makes of the answers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from talops.domain.doctor import State
from talops.domain.process import Call, End, Result, Running
from talops.toolbox.encrypted import MOST, decryption, encrypted_files, keys, recipients
from talops.toolbox.places_seen import state_folder
from talops.toolbox.questions import Question, asked, known
from talops.toolbox.reach import api_server, certificate, endpoints
from talops.tools.calls import Kubectl, Talosctl
from talops.tools.pins import PinnedTalos
from talops.tools.talosctl import ConfigInfo

SEALED = "A: ENC[AES256_GCM,data:x]\nsops:\n  age:\n    - recipient: age1abc\n  mac: ENC[AES256_GCM,data:y]\n"


class Answers:
    """Implements Runner, by results that are given."""

    def __init__(self, *results: Result) -> None:
        self.results = list(results)
        self.asked: list[Call] = []

    def gather(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        self.asked += calls
        return tuple(self.results.pop(0) for _ in calls)

    def start(self, call: Call) -> Running:
        raise AssertionError(call)


def pinned(endpoints: tuple[str, ...], nodes: tuple[str, ...], ends: str = "2027-01-01") -> PinnedTalos:
    info = ConfigInfo(context="home", endpoints=endpoints, nodes=nodes, certificate_ends=ends)
    return PinnedTalos(talosctl=Talosctl(), source=Path("talosconfig"), info=info)


def test_encrypted_files_are_found_by_content_and_not_where_they_are_no_files_of_ours(tmp_path: Path) -> None:
    for name in ("talenv.sops.yaml", "apps/secret.yml", ".git/x.yaml", "clusterconfig/a.yaml", "node_modules/b.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(SEALED)
    (tmp_path / ".sops.yaml").write_text("creation_rules: []")
    (tmp_path / "plain.sops.yaml").write_text("A: b")
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    assert encrypted_files(tmp_path) == ("apps/secret.yml", "talenv.sops.yaml")
    assert recipients(tmp_path, encrypted_files(tmp_path)) == ("age1abc",)


def test_all_questions_are_asked_at_once_and_answered_in_their_order(tmp_path: Path) -> None:
    runner = Answers(Result(stdout=b'{"gitVersion": "v1.36.3"}'), Result(exit=1, stderr=b"refused"))
    question = api_server(Kubectl())
    checks = asked(runner, [question, known(keys({}, tmp_path)), question])
    assert [check.state for check in checks] == [State.OK, State.WARNING, State.BAD]
    assert len(runner.asked) == 2


def test_the_same_fault_of_many_files_is_said_once(tmp_path: Path) -> None:
    names = tuple(f"{number}.yaml" for number in range(MOST + 5))
    for name in names:
        (tmp_path / name).write_text(SEALED)
    question = decryption(tmp_path, names, "sops")
    results = [Result(exit=128, stderr=b"age1abc: FAILED")] * (MOST - 1) + [Result(stdout=b"A: b")]
    broken, readable, rest = question.meaning(results)
    assert broken.what.startswith("0.yaml, 1.yaml, 2.yaml, 3.yaml and 95 more: it cannot be decrypted")
    assert "age1abc" in broken.what
    assert readable.state is State.OK
    assert rest.what == "5 more encrypted files were not looked at"


@pytest.mark.parametrize(
    ("endpoint", "nodes", "asked_there"),
    [
        ("10.0.0.11", ("10.0.0.11", "10.0.0.12"), "10.0.0.11"),
        ("vip.example", ("10.0.0.11",), "vip.example"),
        ("10.0.0.11:50000", ("10.0.0.11",), "10.0.0.11"),
        ("127.0.0.1:40001", ("10.0.0.11",), "10.0.0.11"),
        ("localhost", ("10.0.0.11",), "10.0.0.11"),
        ("[::1]:40001", ("10.0.0.11",), "10.0.0.11"),
        ("fd00::11", ("fd00::11",), "fd00::11"),
        ("[fd00::11]:50000", ("fd00::11",), "fd00::11"),
        ("127.0.0.1", (), "127.0.0.1"),
    ],
)
def test_an_endpoint_is_asked_about_itself(endpoint: str, nodes: tuple[str, ...], asked_there: str) -> None:
    (call,) = endpoints(pinned((endpoint,), nodes)).calls
    assert call.argv[call.argv.index("-e") + 1] == endpoint
    assert call.argv[call.argv.index("-n") + 1] == asked_there


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (Result(stdout=b"{}"), State.OK),
        # the node behind it is dead, and it says so
        (Result(exit=1, stderr=b"1 error occurred:\n\t* 10.0.0.11: rpc error: code = Unavailable desc = x"), State.OK),
        (Result(exit=1, stderr=b"error: rpc error: code = Unavailable desc = connection refused"), State.BAD),
        (Result(end=End.TIMED_OUT), State.BAD),
        (Result(end=End.NOT_FOUND), State.BAD),
    ],
)
def test_an_endpoint_that_speaks_of_a_node_answers(result: Result, state: State) -> None:
    (check,) = endpoints(pinned(("10.0.0.11",), ("10.0.0.11",))).meaning([result])
    assert check.state is state
    assert (check.hint == "") is (state is State.OK)


def test_a_context_without_endpoints_is_bad() -> None:
    (check,) = endpoints(pinned((), ())).meaning([])
    assert check.state is State.BAD


@pytest.mark.parametrize(
    ("days", "state"), [(-1, State.BAD), (0, State.WARNING), (29, State.WARNING), (30, State.OK), (365, State.OK)]
)
def test_a_certificate_is_told_of_a_month_before_its_end(days: int, state: State) -> None:
    today = date(2026, 11, 24)
    check = certificate(pinned((), (), (today + timedelta(days=days)).isoformat()), today)
    assert check.state is state


@pytest.mark.parametrize(
    "result",
    [
        Result(stdout=b"hello"),
        Result(stdout=b"{}"),
        Result(stdout=b"[]"),
        Result(end=End.TIMED_OUT),
        Result(exit=1, stderr=b"Unable to connect to the server: x509: certificate signed by unknown authority"),
    ],
)
def test_only_an_api_server_says_its_version(result: Result) -> None:
    (check,) = api_server(Kubectl()).meaning([result])
    assert check.state is State.BAD
    assert check.what


def test_where_keys_are_looked_for_is_said_and_no_key(tmp_path: Path) -> None:
    found = keys({"SOPS_AGE_KEY": "AGE-SECRET-KEY-1X", "HOME": str(tmp_path)}, tmp_path)
    assert (found.state, found.what) == (State.OK, "SOPS_AGE_KEY")
    nothing = keys({"HOME": str(tmp_path)}, tmp_path)
    assert nothing.state is State.WARNING
    assert all(
        place in nothing.what for place in ("SOPS_AGE_KEY,", "SOPS_AGE_KEY_CMD", "SOPS_AGE_KEY_FILE", "keys.txt")
    )


def test_the_state_folder_need_not_be_there_yet(tmp_path: Path) -> None:
    assert state_folder(tmp_path / "a" / "b").state is State.OK
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    assert state_folder(tmp_path / "file" / "b").state is State.BAD


def test_a_question_of_no_call_needs_nobody() -> None:
    check = replace(keys({}, Path("/")), name="x")
    assert asked(Answers(), [known(check), Question((), lambda _: ())]) == (check,)
