"""What happens to the tools in the middle of an upgrade, and to talops, with the real ones on a practice cluster."""

import os
import signal
from collections.abc import Iterator

import pytest
from live_place import wait_for_end
from live_talops import ran, started
from practice import Practice, kill_all, practice

START, TARGET = "v1.13.0", "v1.13.1"
NODE = "cp-2"
ONE = ("upgrade", "all", "--yes", "--only", NODE)
SLOW = "25"
"""Slow enough to strike in the middle of a step."""
LONGEST = 90.0


@pytest.fixture
def place() -> Iterator[Practice]:
    with practice(start=START, target=TARGET, speed=SLOW) as found:
        yield found


def is_installing(place: Practice) -> bool:
    return place.node(NODE)["state"] == "installing"


def is_off(place: Practice) -> bool:
    return place.node(NODE)["state"] == "off"


def is_given_back(place: Practice) -> None:
    """Whatever became of it: the next run brings it to the target, and leaves nothing of either."""
    code, printed = ran(place, *ONE, patience=LONGEST)

    assert code == 0, printed
    assert place.node(NODE)["version"] == TARGET
    assert place.traces() == []


def test_a_broken_cluster_is_waited_for_and_a_mended_one_is_upgraded(place: Practice) -> None:
    place.begin("etcd-member-lost@cp-1")
    with started(place, *ONE) as talops:
        talops.wait_for("etcd on cp-1 does not answer")
        assert place.node(NODE)["version"] == START
        place.mend()

        assert talops.end(LONGEST) == 0, talops.printed
    assert place.node(NODE)["version"] == TARGET
    assert place.traces() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_talosctl_that_is_ended_while_the_installer_runs_is_not_believed(
    place: Practice, number: signal.Signals
) -> None:
    """An interrupted one may reboot the node and exit 0: what counts is what the node says."""
    with started(place, *ONE) as talops:
        place.wait_until(lambda: is_installing(place))
        kill_all(place, "talosctl", number)

        assert talops.end(LONGEST) == 5, talops.printed
        assert "not installed" in talops.printed
    assert (place.node(NODE)["version"], place.node(NODE)["cordoned"]) == (START, False)
    assert place.traces() == []
    is_given_back(place)


def test_a_talosctl_that_is_killed_while_the_image_is_pulled_has_changed_nothing(place: Practice) -> None:
    with started(place, *ONE) as talops:
        talops.wait_for("waits: talosctl to upgrade it")
        kill_all(place, "talosctl", signal.SIGKILL)

        assert talops.end(LONGEST) == 5, talops.printed
        assert "was not changed and did not reboot" in talops.printed
    assert place.traces() == []
    is_given_back(place)


def test_a_talosctl_that_is_killed_while_the_node_reboots_is_not_needed_any_more(place: Practice) -> None:
    with started(place, *ONE) as talops:
        place.wait_until(lambda: is_off(place))
        kill_all(place, "talosctl", signal.SIGKILL)

        assert talops.end(LONGEST) == 0, talops.printed
    assert place.node(NODE)["version"] == TARGET
    assert place.traces() == []


def test_a_kubectl_proxy_that_dies_is_started_again(place: Practice) -> None:
    with started(place, *ONE) as talops:
        place.wait_until(lambda: is_off(place))
        kill_all(place, "kubectl", signal.SIGKILL)

        assert talops.end(LONGEST) == 0, talops.printed
    assert place.traces() == []


def test_the_api_server_may_be_on_the_node_that_reboots() -> None:
    with practice(start=START, target=TARGET, endpoint=NODE, speed=SLOW) as place:
        with started(place, *ONE) as talops:
            place.wait_until(lambda: is_off(place))
            refused = place.ran_tool("kubectl", "get", "nodes")

            assert talops.end(LONGEST) == 0, talops.printed
        assert "refused" in refused.stderr
        assert place.traces() == []


def test_a_connection_that_is_cut_in_the_middle_of_an_install_leaves_a_node_that_says_what_it_runs(
    place: Practice,
) -> None:
    with started(place, *ONE) as talops:
        place.wait_until(lambda: is_installing(place))
        place.begin(*(f"endpoint-cut@cp-{number}" for number in (1, 2, 3)))

        assert talops.end(LONGEST) == 5, talops.printed
    assert place.node(NODE)["cordoned"] is False
    assert place.traces() == []
    is_given_back(place)


@pytest.mark.parametrize("start", [START, "v1.12.0"], ids=["new call", "old call"])
def test_what_a_killed_talops_has_left_in_flight_is_settled_by_the_next_run(start: str) -> None:
    """Its talosctl lives on until it has something to say: nobody is left to whom it could."""
    with practice(start=start, target=TARGET, speed=SLOW) as place:
        with started(place, *ONE) as talops:
            place.wait_until(lambda: place.node(NODE)["state"] in {"installing", "upgrading"})
            os.kill(talops.process.pid, signal.SIGKILL)
            assert talops.end() == -signal.SIGKILL
        orphans = [number for number, line in place.processes().items() if " upgrade " in line]

        code, printed = ran(place, *ONE, patience=LONGEST)

        assert code == 0, printed
        assert f"{NODE} carries the mark of run" in printed
        assert place.node(NODE)["version"] == TARGET
        for orphan in orphans:
            wait_for_end(orphan)
        assert [trace for trace in place.traces() if trace not in place.left_over()] == []
