"""The process of a sandbox from within: what it imports, what it answers, and that no bug lets it live on half dead."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from builders import desired_cluster
from talops.domain.sandbox import Orders
from talops.errors import UsageError
from talops.sim.network import control
from talops.sim.network.process import leave, serve
from talops.sim.network.pulse import Pulse

ORDERS = Orders(name="a", desired=desired_cluster(), repository="/here")


def imported(module: str) -> set[str]:
    """Everything that is there after an import of it."""
    code = f"import {module}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return set(done.stdout.decode().split())


def test_the_process_has_nothing_of_the_tools_of_a_run() -> None:
    modules = imported("talops.sim.network.process")
    assert "sh" not in modules
    assert not [name for name in modules if name.startswith(("talops.tools", "talops.execute", "talops.plan"))]


def test_the_command_has_nothing_of_the_sockets_of_the_process() -> None:
    modules = imported("talops.cli.sandbox")
    assert not modules & {"grpclib", "aiohttp", "cryptography", "google.protobuf", "asyncio"}


async def asked(deeds: control.Deeds, line: bytes) -> bytes:
    async with control.listening(deeds):
        reader, writer = await asyncio.open_unix_connection(control.SOCKET)
        writer.write(line)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
    return answer


async def _echo(words: Sequence[str]) -> object:
    return list(words)


async def _refuse(_words: Sequence[str]) -> object:
    raise UsageError("no", hint="yes")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b'{"do": "echo", "words": ["a", "b"]}\n', {"ok": ["a", "b"]}),
        (b'{"do": "echo"}\n', {"ok": []}),
        (b'{"do": "refuse"}\n', {"error": "no", "hint": "yes", "exit": 2}),
    ],
)
def test_each_question_has_one_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes, answer: dict[str, object]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert json.loads(asyncio.run(asked({"echo": _echo, "refuse": _refuse}, line))) == answer


@pytest.mark.parametrize(
    "line", [b"nonsense\n", b"[]\n", b"{}\n", b'{"do": "fly"}\n', b'{"do": []}\n', b"\xff\n", b"1\n"]
)
def test_what_is_not_understood_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    answer = json.loads(asyncio.run(asked({"echo": _echo}, line)))
    assert "does not understand" in answer["error"]


@pytest.mark.parametrize("line", [b"", b"x" * 200_000])
def test_whoever_says_nothing_or_does_not_stop_gets_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    assert asyncio.run(asked({"echo": _echo}, line)) == b""


def test_a_bug_ends_the_process_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ready: list[bool] = []

    async def dies(_pulse: Pulse) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Pulse, "run", dies)
    with pytest.raises(RuntimeError, match="a bug"):
        asyncio.run(serve(ORDERS, tmp_path, lambda: ready.append(True)))


def test_it_takes_away_its_own_folder_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, moved = tmp_path / "mine", tmp_path / "moved"
    mine.mkdir()
    monkeypatch.chdir(mine)
    mine.rename(moved)
    mine.mkdir()
    (mine / "another").touch()

    leave(mine)
    assert [entry.name for entry in mine.iterdir()] == ["another"]

    leave(moved)
    assert not moved.exists()
