"""Cells of printed tables."""

from datetime import UTC, datetime, timedelta

import pytest

from talops.sim.network.kubernetes import cells

CRASHES = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=-5), "<invalid>"),
        (timedelta(seconds=-1), "0s"),
        (timedelta(seconds=119), "119s"),
        (timedelta(seconds=120), "2m"),
        (timedelta(seconds=121), "2m1s"),
        (timedelta(minutes=10, seconds=59), "10m"),
        (timedelta(minutes=179), "179m"),
        (timedelta(hours=3), "3h"),
        (timedelta(hours=7, minutes=59), "7h59m"),
        (timedelta(hours=8, minutes=59), "8h"),
        (timedelta(hours=47), "47h"),
        (timedelta(days=2), "2d"),
        (timedelta(days=7, hours=23), "7d23h"),
        (timedelta(days=8, hours=23), "8d"),
        (timedelta(days=729), "729d"),
        (timedelta(days=730), "2y"),
        (timedelta(days=800), "2y70d"),
        (timedelta(days=3000), "8y"),
    ],
)
def test_ages_are_written_as_kubectl_writes_them(passed: timedelta, words: str) -> None:
    assert cells.duration(passed) == words


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        ({"metadata": {}, "status": {"phase": "Running"}}, "Running"),
        ({"metadata": {}, "status": {"phase": "Succeeded"}}, "Completed"),
        ({"metadata": {}, "status": {"phase": "Failed", "reason": "Evicted"}}, "Evicted"),
        ({"metadata": {"deletionTimestamp": "x"}, "status": {"phase": "Running"}}, "Terminating"),
        ({"metadata": {}, "status": {"phase": "Pending", "containerStatuses": [CRASHES]}}, "CrashLoopBackOff"),
    ],
)
def test_a_pods_status_is_the_word_that_matters(pod: dict[str, object], words: str) -> None:
    assert cells.pod_status(pod) == words


def test_restarts_say_when_the_last_one_was() -> None:
    ended = (NOW - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    row = {"restartCount": 2, "lastState": {"terminated": {"finishedAt": ended}}}
    assert cells.pod_restarts({"status": {"containerStatuses": [row]}}, NOW) == "2 (3m ago)"


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"spec": {}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}, "Ready"),
        ({"spec": {}, "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, "NotReady"),
        ({"spec": {"unschedulable": True}, "status": {}}, "Unknown,SchedulingDisabled"),
    ],
)
def test_a_nodes_status_says_whether_it_takes_pods(node: dict[str, object], words: str) -> None:
    assert cells.node_status(node) == words
