"""Ctrl-C at a terminal, SIGTERM, SIGKILL (laws 1 and 10), on real processes."""

import signal
import time

import pytest
from live_place import Live, Make, wait_for_end
from live_talops import ran, started

from talops.domain.kubernetes import IN_FLIGHT

ONE = ("upgrade", "all", "--yes", "--only", "cp-2")


def test_ctrl_c_in_a_drain_puts_everything_back(make: Make) -> None:
    cluster, place = make("pdb-blocks@cp-2")
    with started(place, *ONE, terminal=True) as talops:
        talops.wait_for("held by the budget")
        talops.press_ctrl_c()

        assert talops.end() == 8, talops.printed
        assert "Left to do: cp-2" in talops.printed
    assert cluster.truth.went_down == []
    assert cluster.traces() == []
    assert place.processes() == {}
    assert place.left_over() == []


def test_sigterm_in_a_drain_puts_everything_back(make: Make) -> None:
    cluster, place = make("pdb-blocks@cp-2")
    with started(place, *ONE) as talops:
        talops.wait_for("held by the budget")
        talops.send(signal.SIGTERM)

        assert talops.end() == 8, talops.printed
    assert cluster.traces() == []


@pytest.mark.parametrize("terminal", [False, True], ids=["log", "terminal"])
def test_ctrl_c_in_an_upgrade_sees_the_node_through(live: Live, terminal: bool) -> None:
    cluster, place = live
    cluster.stop_in_the_middle("cp-1")
    with started(place, "upgrade", "all", "--yes", terminal=terminal) as talops:
        cluster.wait_for_stop()
        talops.press_ctrl_c()
        talops.wait_for("is seen through first")
        cluster.resume()

        assert talops.end() == 8, talops.printed
        assert "Left to do: cp-3, cp-2" in talops.printed
    assert cluster.versions() == {"cp-1": "v1.13.1", "cp-2": "v1.13.0", "cp-3": "v1.13.0"}
    assert cluster.traces() == []
    assert place.processes() == {}


def test_ctrl_c_twice_in_an_upgrade_leaves_the_mark_and_the_next_run_settles_it(live: Live) -> None:
    cluster, place = live
    cluster.stop_in_the_middle("cp-2")
    with started(place, *ONE, terminal=True) as talops:
        cluster.wait_for_stop()
        talops.press_ctrl_c()
        talops.wait_for("is seen through first")
        talops.press_ctrl_c()

        assert talops.end() == 130, talops.printed
        assert "kubectl uncordon cp-2" in talops.printed
    assert place.processes() == {}
    assert place.left_over() == []
    assert [trace for trace in cluster.traces() if not trace.startswith("the Lease")] == [
        "cp-2 is cordoned",
        f"cp-2 has {IN_FLIGHT}",
        "cp-2 has talops.dev/cordoned-by",
    ]

    cluster.resume()
    code, printed = ran(place, *ONE)

    assert code == 0, printed
    assert cluster.versions()["cp-2"] == "v1.13.1"
    assert cluster.truth.max_down_at_once == 1
    assert cluster.traces() == []


def test_sigterm_in_an_upgrade_waits_no_longer_than_its_deadline(live: Live) -> None:
    cluster, place = live
    cluster.stop_in_the_middle("cp-2")
    with started(place, *ONE) as talops:
        cluster.wait_for_stop()
        talops.send(signal.SIGTERM)

        assert talops.end() == 143, talops.printed
        assert "cp-2 was in flight" in talops.printed
    assert place.processes() == {}
    assert place.left_over() == []


def test_after_a_sigkill_the_next_run_waits_for_the_talosctl_that_goes_on(live: Live) -> None:
    cluster, place = live
    cluster.stop_time_when(lambda: any("upgrade" in argv for argv in cluster.argvs))
    with started(place, *ONE) as talops:
        cluster.wait_for_stop()
        proxy = place.process("kubectl")
        talops.send(signal.SIGKILL)
        assert talops.end() == -signal.SIGKILL
    wait_for_end(proxy)
    talosctl = place.process("talosctl")
    with started(place, *ONE) as again:
        again.wait_for("a talosctl of run")
        cluster.resume()
        assert again.end() == 0, again.printed
    wait_for_end(talosctl)
    assert cluster.versions()["cp-2"] == "v1.13.1"
    assert cluster.truth.max_down_at_once == 1
    assert cluster.traces() == []


def test_ctrl_c_does_not_wait_for_reads_that_hang(live: Live) -> None:
    cluster, place = live
    cluster.stop_in_the_middle("cp-2")
    with started(place, *ONE, read_seconds=30) as talops:
        cluster.wait_for_stop()
        asked_before = len(cluster.argvs)
        cluster.instead["version --json"] = None
        cluster.wait_until(lambda: any("--json" in argv for argv in cluster.argvs[asked_before:]))
        asked = time.monotonic()
        talops.press_ctrl_c()
        talops.wait_for("is seen through first")
        talops.press_ctrl_c()

        assert talops.end() == 130, talops.printed
        assert time.monotonic() - asked < 15
    assert place.processes() == {}


@pytest.mark.parametrize(
    ("command", "number", "code"),
    [("status", signal.SIGINT, 130), ("plan", signal.SIGTERM, 143), ("status", signal.SIGHUP, 143)],
)
def test_a_command_that_only_looks_ends_at_once(live: Live, command: str, number: signal.Signals, code: int) -> None:
    cluster, place = live
    cluster.instead["version --json"] = None
    with started(place, command, read_seconds=30) as talops:
        cluster.wait_until(lambda: any("--json" in argv for argv in cluster.argvs))
        asked = time.monotonic()
        talops.send(number)

        assert talops.end() == code, talops.printed
        assert time.monotonic() - asked < 15
    assert place.processes() == {}
    assert place.left_over() == []


def test_sigterm_at_the_question_is_a_no(live: Live) -> None:
    cluster, place = live
    with started(place, *ONE[:2], terminal=True) as talops:
        talops.wait_for_question("Upgrade 3 nodes")
        talops.send(signal.SIGTERM)

        assert talops.end() == 143, talops.printed
    assert cluster.traces() == []
    assert place.processes() == {}
    assert place.left_over() == []
