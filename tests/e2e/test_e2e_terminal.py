"""A person at a terminal: the question, its answers, and the table."""

import pytest
from live_place import Live
from live_talops import started


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04", "\x03"], ids=["n", "return", "end of input", "ctrl-c"])
def test_anything_but_a_yes_changes_nothing(live: Live, answer: str) -> None:
    cluster, place = live
    with started(place, "upgrade", "all", terminal=True) as talops:
        talops.wait_for_question("Upgrade 3 nodes, one at a time, to v1.13.1?")
        talops.type(answer)

        assert talops.end() == 8, talops.printed
        assert "no node was taken down" in talops.printed
    assert "factory.talos.dev/metal-installer/" in talops.printed
    assert [request for request in cluster.requests if not request.startswith("GET ")] == []
    assert place.left_over() == []


def test_a_rollback_that_is_not_wanted_says_so(live: Live) -> None:
    cluster, place = live
    with started(place, "rollback", "cp-2", terminal=True) as talops:
        talops.wait_for_question("cp-2 runs v1.13.0. Roll it back")
        talops.type("n\n")

        assert talops.end() == 8, talops.printed
        assert "Not confirmed; cp-2 was left as it is." in talops.printed
    assert [request for request in cluster.requests if not request.startswith("GET ")] == []


def test_a_yes_runs_with_the_live_table(live: Live) -> None:
    cluster, place = live
    with started(place, "upgrade", "all", "--only", "cp-2", terminal=True) as talops:
        talops.wait_for_question("Upgrade 1 node, to v1.13.1?")
        talops.type("y\n")

        assert talops.end() == 0, talops.printed
        assert "> cp-2  working" in talops.printed
        assert "Traceback" not in talops.printed
    assert cluster.versions()["cp-2"] == "v1.13.1"
    assert cluster.traces() == []


def test_without_a_terminal_there_must_be_a_yes(live: Live) -> None:
    cluster, place = live
    with started(place, "upgrade", "all") as talops:
        assert talops.end() == 2, talops.printed
        assert "--yes" in talops.printed
    assert (cluster.argvs, cluster.requests) == ([], [])
