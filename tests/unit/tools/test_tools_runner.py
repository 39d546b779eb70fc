"""Real processes: they end when they should, and take their children with them."""

import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from talops.domain.process import Call, End, Result, Stop, Wake
from talops.tools.child import boot_time
from talops.tools.clock import RealClock
from talops.tools.runner import ShRunner, tool_environment

SOON = timedelta(milliseconds=400)
LONG = timedelta(seconds=60)


def shell(script: str, *, deadline: timedelta = LONG) -> Call:
    return Call(template="test", argv=("sh", "-c", script), deadline=deadline)


@pytest.fixture
def runner() -> ShRunner:
    return ShRunner()


def run(runner: ShRunner, call: Call) -> Result:
    return runner.gather((call,))[0]


def test_exit_code_and_both_outputs_are_values(runner: ShRunner) -> None:
    result = run(runner, shell("echo out; echo err >&2; exit 3"))
    assert result == Result(exit=3, stdout=b"out\n", stderr=b"err\n")
    assert not result.ok


def test_output_stays_bytes(runner: ShRunner) -> None:
    assert run(runner, shell(r"printf '\377\376\000x'")).stdout == b"\xff\xfe\x00x"


def test_a_large_output_arrives_whole(runner: ShRunner) -> None:
    assert len(run(runner, shell("head -c 5000000 /dev/zero")).stdout) == 5_000_000


def test_of_long_messages_the_end_is_kept(runner: ShRunner) -> None:
    result = run(runner, shell("head -c 2000000 /dev/zero >&2; echo last >&2"))
    assert result.stderr.endswith(b"last\n")
    assert len(result.stderr) < 600_000


def test_a_missing_tool_is_a_value(runner: ShRunner) -> None:
    result = run(runner, Call(template="test", argv=("talops-no-such-tool",), deadline=LONG))
    assert result.end is End.NOT_FOUND


def test_a_file_that_cannot_be_executed_is_a_value_without_its_arguments(runner: ShRunner, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_bytes(b"\x7fELF nonsense")
    tool.chmod(0o755)
    result = run(runner, Call(template="test", argv=(str(tool), "s3cret"), deadline=LONG))
    assert result.end is End.NOT_FOUND
    assert b"s3cret" not in result.stderr


def test_stdin_is_empty(runner: ShRunner) -> None:
    assert run(runner, shell("cat")).stdout == b""


def test_the_child_sees_no_terminal_and_no_colours(runner: ShRunner) -> None:
    said = run(runner, shell("test -t 0 || test -t 1 || test -t 2 && echo tty; echo $NO_COLOR $TERM")).stdout
    assert said == b"1 dumb\n"


def test_the_environment_is_passed_on_without_forced_colours() -> None:
    given = {"AWS_PROFILE": "home", "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    assert tool_environment(given) == {"AWS_PROFILE": "home", "NO_COLOR": "1", "TERM": "dumb", "GOGC": "400"}
    assert tool_environment({"GOGC": "50"})["GOGC"] == "50"


def test_every_child_has_a_session_of_its_own(runner: ShRunner) -> None:
    said = run(
        runner,
        Call(
            template="test", argv=(sys.executable, "-c", "import os; print(os.getsid(0), os.getpid())"), deadline=LONG
        ),
    )
    session, process = said.stdout.split()
    assert session == process
    assert int(session) != os.getsid(0)


def test_signals_are_not_blocked_in_the_child(runner: ShRunner) -> None:
    script = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    said = run(runner, Call(template="test", argv=(sys.executable, "-c", script), deadline=LONG))
    assert said.stdout == b"set()\n"


def gone(process: int) -> bool:
    """Whether it has ended, or does so soon: a signal that was sent takes a moment to arrive. A zombie has ended."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@linux
def test_the_deadline_takes_grandchildren_along_even_those_that_refuse_to_end(runner: ShRunner) -> None:
    result = run(
        runner, shell("trap '' TERM INT HUP; sleep 60 & echo $!; echo $$; wait; wait; sleep 60", deadline=SOON)
    )
    assert result.end is End.TIMED_OUT
    processes = [int(word) for word in result.stdout.split()]
    assert len(processes) == 2
    assert all(gone(process) for process in processes)


@linux
def test_a_grandchild_that_keeps_a_pipe_open_holds_nobody_up_and_does_not_stay(runner: ShRunner) -> None:
    began = boot_time()
    result = run(runner, shell("sleep 60 & echo $!"))
    assert result.ok
    assert boot_time() - began < 30
    assert gone(int(result.stdout))


@linux
def test_kill_takes_the_whole_group(runner: ShRunner, tmp_path: Path) -> None:
    said = tmp_path / "pid"
    running = runner.start(shell(f"sleep 60 & echo $! >{said}.new; mv {said}.new {said}; sleep 60"))
    while not said.exists():
        runner.watch((), boot_time() + 0.02)
    running.kill()
    result = running.poll()
    assert result is not None
    assert result.end is End.KILLED
    assert gone(int(said.read_text()))


def test_a_child_that_somebody_else_kills_did_not_exit(runner: ShRunner) -> None:
    assert run(runner, shell("kill -9 $$")).end is End.KILLED


def test_many_calls_run_side_by_side_and_answer_in_order(runner: ShRunner) -> None:
    results = runner.gather([shell(f"echo {number}") for number in range(40)])
    assert [int(result.stdout) for result in results] == list(range(40))


def test_reads_that_nobody_wants_any_more_are_not_waited_for(runner: ShRunner) -> None:
    runner.unwanted = lambda: True
    began = boot_time()
    results = runner.gather([shell("sleep 60") for _ in range(40)])
    assert boot_time() - began < 30
    assert [result.end for result in results] == [End.KILLED] * 40


def test_one_dead_call_holds_up_nobody_else(runner: ShRunner) -> None:
    began = boot_time()
    calls = [shell("sleep 60", deadline=SOON)] * 12 + [shell("echo x")]
    results = runner.gather(calls)
    assert [result.end for result in results] == [End.TIMED_OUT] * 12 + [End.EXITED]
    assert boot_time() - began < 12 * SOON.total_seconds()


def test_a_running_call_is_not_waited_for(runner: ShRunner) -> None:
    running = runner.start(shell("sleep 60"))
    assert running.poll() is None
    runner.close()
    assert running.poll() == Result(end=End.KILLED)


def open_descriptors() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def test_descriptors_are_given_back(runner: ShRunner) -> None:
    runner.gather([shell("true")] * 3)
    before = open_descriptors()
    runner.gather([shell("true"), shell("exit 1"), shell("sleep 9", deadline=timedelta(0))])
    assert open_descriptors() == before


def test_a_wait_ends_when_it_is_due(runner: ShRunner) -> None:
    clock = RealClock(runner)
    until = clock.now() + 0.05
    assert clock.wait(until) is Wake.DUE
    assert clock.now() >= until


def test_a_wait_ends_with_a_child(runner: ShRunner) -> None:
    clock = RealClock(runner)
    running = runner.start(shell("echo done"))
    assert clock.wait(clock.now() + 60) is Wake.CHILD
    assert running.poll() == Result(stdout=b"done\n")


def test_a_child_may_print_more_than_a_pipe_holds_while_we_wait(runner: ShRunner) -> None:
    clock = RealClock(runner)
    running = runner.start(shell("head -c 1000000 /dev/zero"))
    assert clock.wait(clock.now() + 60) is Wake.CHILD
    result = running.poll()
    assert result is not None
    assert len(result.stdout) == 1_000_000


def test_a_wait_ends_a_child_at_its_deadline(runner: ShRunner) -> None:
    clock = RealClock(runner)
    running = runner.start(shell("sleep 60", deadline=timedelta(milliseconds=50)))
    assert clock.wait(clock.now() + 60) is Wake.CHILD
    assert running.poll() == Result(end=End.TIMED_OUT)


def later(act: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(0.05, act)
    timer.start()
    return timer


@pytest.mark.parametrize(
    ("signals", "stop"),
    [
        ((signal.SIGINT,), Stop.FINISH),
        ((signal.SIGTERM,), Stop.TERMINATE),
        ((signal.SIGINT, signal.SIGINT), Stop.NOW),
        ((signal.SIGTERM, signal.SIGINT, signal.SIGINT), Stop.NOW),
    ],
)
def test_signals_end_a_wait_and_are_counted(runner: ShRunner, signals: tuple[signal.Signals, ...], stop: Stop) -> None:
    clock = RealClock(runner)
    with clock.listening():
        assert clock.stop() is Stop.NO
        for number in signals:
            timer = later(lambda number=number: os.kill(os.getpid(), number))  # type: ignore[misc]  # bound now
            assert clock.wait(clock.now() + 60) is Wake.SIGNAL
            timer.join()
    assert clock.stop() is stop


def test_a_signal_is_told_once(runner: ShRunner) -> None:
    clock = RealClock(runner)
    with clock.listening():
        os.kill(os.getpid(), signal.SIGINT)
        assert clock.wait(clock.now() + 60) is Wake.SIGNAL
        assert clock.wait(clock.now() + 0.02) is Wake.DUE


def test_a_terminal_that_goes_away_asks_once_however_often_it_is_said(runner: ShRunner) -> None:
    clock = RealClock(runner)
    with clock.listening():
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGHUP)
        assert clock.stop() is Stop.FINISH


def test_nohup_is_respected(runner: ShRunner) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    clock = RealClock(runner)
    try:
        with clock.listening():
            os.kill(os.getpid(), signal.SIGHUP)
            assert clock.stop() is Stop.NO
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_read_is_unwanted_until_the_signal_is_heeded(runner: ShRunner) -> None:
    clock = RealClock(runner)
    with clock.listening():
        os.kill(os.getpid(), signal.SIGINT)
        assert run(runner, shell("true")).end is End.KILLED
        clock.stop()
        assert run(runner, shell("true")).end is End.EXITED


def test_handlers_are_given_back(runner: ShRunner) -> None:
    before = (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))
    with RealClock(runner).listening():
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_wall_time_is_utc(runner: ShRunner) -> None:
    assert RealClock(runner).wall().utcoffset() == timedelta(0)
