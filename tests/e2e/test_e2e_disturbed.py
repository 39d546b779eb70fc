"""What happens around a rollout while it runs."""

import os
import signal

import pytest
from live_place import Live, Make, kubeconfig
from live_talops import ran, started

ONE = ("upgrade", "all", "--yes", "--only", "cp-2")


def test_a_second_talops_is_told_who_is_at_work(live: Live) -> None:
    cluster, place = live
    cluster.stop_in_the_middle("cp-2")
    with started(place, *ONE) as first:
        cluster.wait_for_stop()

        code, printed = ran(place, "upgrade", "all", "--yes")

        assert code == 7, printed
        assert "another rollout is at work in this cluster" in printed
        cluster.resume()
        assert first.end() == 0, first.printed
    assert cluster.versions()["cp-1"] == "v1.13.0"


def test_another_context_and_a_killed_proxy_change_nothing_for_a_run_that_has_begun(live: Live) -> None:
    """The proxy is started again, from the copies that the run made at its beginning."""
    cluster, place = live
    cluster.stop_in_the_middle("cp-2")
    with started(place, *ONE) as talops:
        cluster.wait_for_stop()
        place.kubeconfig.write_text(kubeconfig(1, current="elsewhere"))
        place.talosconfig.write_text("")
        os.kill(place.process("kubectl"), signal.SIGKILL)
        cluster.resume()

        assert talops.end() == 0, talops.printed
    assert cluster.versions()["cp-2"] == "v1.13.1"
    assert cluster.traces() == []
    assert place.processes() == {}
    assert place.left_over() == []


def test_the_api_server_may_be_away_while_a_control_plane_boots(live: Live) -> None:
    cluster, place = live
    cluster.stop_in_the_middle("cp-2")
    with started(place, *ONE) as talops:
        cluster.wait_for_stop()
        cluster.api_is_down = True
        cluster.resume()
        talops.wait_for("Kubernetes to answer for it")
        cluster.api_is_down = False

        assert talops.end() == 0, talops.printed
    assert cluster.traces() == []


def test_an_api_server_that_is_away_in_a_drain_only_delays_it(make: Make) -> None:
    cluster, place = make("pdb-blocks@cp-2")
    with started(place, *ONE) as talops:
        talops.wait_for("held by the budget")
        cluster.api_is_down = True
        talops.wait_for("the list of pods on cp-2")
        with cluster.lock:
            cluster.truth.cluster.store.remove("poddisruptionbudgets", "legacy", "legacy")
        cluster.api_is_down = False

        assert talops.end() == 0, talops.printed
    assert cluster.traces() == []


@pytest.mark.parametrize("terminal", [False, True], ids=["log", "terminal"])
def test_a_reader_that_goes_away_stops_the_rollout_after_the_node_in_flight(live: Live, terminal: bool) -> None:
    cluster, place = live
    cluster.stop_in_the_middle("cp-1")
    with started(place, "upgrade", "all", "--yes", terminal=terminal) as talops:
        cluster.wait_for_stop()
        talops.look_away()
        cluster.resume()

        assert talops.end() == 8
    assert cluster.versions() == {"cp-1": "v1.13.1", "cp-2": "v1.13.0", "cp-3": "v1.13.0"}
    assert cluster.traces() == []
    assert place.processes() == {}
