"""`talops status` through the real tools: how many processes it starts, and what it takes beside them."""

import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.practice import TOOLS, Practice, practice
from benchmarks.rollout import generated

RUNS = 7
_PROXY = "proxy"
_NOTING = """#!/bin/bash
printf '%s\\t%s\\t%s\\n' $$ "$EPOCHREALTIME" {name}" ${{*@Q}}" >> {log}
{real} "$@"
code=$?
printf '%s\\t%s\\t\\n' $$ "$EPOCHREALTIME" >> {log}
exit $code
"""


@dataclass(slots=True)
class Process:
    """One that was started; `end` is infinite for one that was killed."""

    argv: Sequence[str]
    begin: float
    end: float = float("inf")

    @property
    def is_proxy(self) -> bool:
        return _PROXY in self.argv


def processes(sandbox: Practice, command: str = "status", *, tools: Sequence[str] = TOOLS) -> Sequence[Process]:
    """What one `talops COMMAND` starts, in order: noted by scripts that stand before the tools."""
    folder = sandbox.root / "noting"
    folder.mkdir()
    log = folder / "log"
    for name in tools:
        real = shutil.which(name)
        assert real is not None
        (folder / name).write_text(_NOTING.format(name=name, real=shlex.quote(real), log=shlex.quote(str(log))))
        (folder / name).chmod(0o755)
    sandbox.ran(command, path=f"{folder}{os.pathsep}")
    found: dict[str, Process] = {}
    for line in log.read_text().splitlines():
        number, at, words = line.split("\t")
        if words:
            found[number] = Process(shlex.split(words), float(at))
        else:
            found[number].end = float(at)
    return sorted(found.values(), key=lambda process: process.begin)


def rounds(started: Sequence[Process]) -> Sequence[Sequence[Process]]:
    """Those that ran side by side, together. The proxy is a round of its own, which ends when it listens."""
    found: list[list[Process]] = [[one] for one in started if one.is_proxy]
    until = 0.0
    for one in started:
        if one.is_proxy:
            continue
        if one.begin >= until:
            found.append([])
        found[-1].append(one)
        until = max(until, one.end)
    return found


def bare(sandbox: Practice, steps: Sequence[Sequence[Process]]) -> float:
    """Seconds that the same calls take without talops: each round side by side, one round after the other."""
    began = time.perf_counter()
    for step in steps:
        calls = [_start(sandbox, one) for one in step]
        for call, one in zip(calls, step, strict=True):
            if one.is_proxy:
                _until_it_listens(sandbox.root / "proxy")
                call.kill()
            call.wait()
    return time.perf_counter() - began


def _start(sandbox: Practice, one: Process) -> "subprocess.Popen[bytes]":
    """With the configs of the sandbox in place of the private copies that are gone."""
    configs = {"--talosconfig": "TALOSCONFIG", "--kubeconfig": "KUBECONFIG"}
    argv = list(one.argv)
    for number, word in enumerate(argv):
        name, is_one_word, _ = word.partition("=")
        if name == "--unix-socket":
            argv[number] = f"{name}={sandbox.root / 'proxy'}"
        elif name in configs and is_one_word:
            argv[number] = f"{name}={sandbox.environment[configs[name]]}"
        elif name in configs:
            argv[number + 1] = sandbox.environment[configs[name]]
    # a pipe that nobody reads would hold it up
    nothing = subprocess.DEVNULL
    return subprocess.Popen(argv, env=sandbox.environment, stdin=nothing, stdout=nothing, stderr=nothing)


def _until_it_listens(path: Path) -> None:
    while True:
        with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
            connection.connect(str(path))
            path.unlink()
            return
        time.sleep(0.005)


def _seconds(sandbox: Practice) -> float:
    began = time.perf_counter()
    sandbox.ran("status")
    return time.perf_counter() - began


def rows() -> list[tuple[str, float, float, str]]:
    """(what, measured, limit, unit) of each number. Command and bare calls take turns, so that noise hits both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with practice(generated(folder, 10)) as sandbox:
            few = len(processes(sandbox))
        with practice(generated(folder, 100)) as sandbox:
            started = processes(sandbox)
            steps = rounds(started)
            pairs = [(_seconds(sandbox), bare(sandbox, steps)) for _ in range(RUNS)]
    # both are the same work each time: the fastest of each is the one that nothing else held up
    whole, tools = map(min, zip(*pairs, strict=True))
    return [
        ("status: processes for 100 nodes, against 10", len(started) / few, 1.0, "x"),
        ("status of 100 nodes: wall beside its tool calls", whole - tools, 0.6, "s"),
        (f"  the {len(started)} calls alone, in {len(steps)} rounds", tools, float("inf"), "s"),
        ("  the whole command", whole, float("inf"), "s"),
    ]
