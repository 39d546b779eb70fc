"""The other commands on the live path, and tools that are missing, mute or mad."""

import json
from dataclasses import replace

import pytest
from live_place import Live, Make
from live_talops import ran

from talops.domain.process import Result
from talops.domain.talos import Version
from talops.sim.kube.objects import Object

GARBAGE = Result(stdout=b"\xff\xfe{[\x00 \x1b[31mno\n", stderr=b"\x1b]0;title\x07\xff what?\n")

DEAD_LEASE: Object = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {"name": "talops", "namespace": "kube-system"},
    "spec": {
        "holderIdentity": "somebody@elsewhere",
        "leaseDurationSeconds": 60,
        "renewTime": "2026-03-01T02:00:00.000000Z",
    },
}


def test_status_shows_a_healthy_cluster(live: Live) -> None:
    _, place = live

    code, printed = ran(place, "status")

    assert code == 0, printed
    shown = ("cp-1", "cp-2", "cp-3", "v1.13.0", "etcd", "ceph", "postgres")
    assert [name for name in shown if name not in printed] == []
    assert place.left_over() == []
    assert place.processes() == {}


def test_status_of_a_cluster_with_a_dead_node_is_not_healthy(make: Make) -> None:
    _, place = make("dead-node@cp-2")

    code, printed = ran(place, "status", "--json")

    assert code == 4, printed
    assert json.loads(printed)["healthy"] is False


def test_plan_says_what_is_pending_and_changes_nothing(live: Live) -> None:
    cluster, place = live

    code, printed = ran(place, "plan", "--json")

    assert code == 3, printed
    assert [node["hostname"] for node in json.loads(printed)["plan"]["upgrades"]] == ["cp-1", "cp-3", "cp-2"]
    assert [request for request in cluster.requests if not request.startswith("GET ")] == []
    assert place.journals() == []


def test_nodes_needs_no_cluster_and_no_tool(live: Live) -> None:
    cluster, place = live

    code, printed = ran(place, "nodes")

    assert code == 0, printed
    assert "10.30.0.12" in printed
    assert (cluster.argvs, cluster.requests) == ([], [])


def test_rollback_boots_the_other_slot(live: Live) -> None:
    cluster, place = live
    with cluster.lock:
        machine = cluster.node("cp-2")
        machine.slots["B"] = replace(machine.system, version=Version.parse("v1.12.9"))

    code, printed = ran(place, "rollback", "cp-2", "--yes")

    assert code == 0, printed
    assert cluster.versions() == {"cp-1": "v1.13.0", "cp-2": "v1.12.9", "cp-3": "v1.13.0"}
    assert cluster.traces() == []


def test_rollback_without_an_older_system_leaves_the_node_as_it_was(live: Live) -> None:
    cluster, place = live
    with cluster.lock:
        cluster.node("cp-2").slots["B"] = None

    code, printed = ran(place, "rollback", "cp-2", "--yes")

    assert code == 5, printed
    assert "no previous boot entry" in printed
    assert cluster.truth.went_down == []
    assert cluster.traces() == []


def test_unlock_takes_the_lease_of_a_dead_run_away(live: Live) -> None:
    cluster, place = live
    with cluster.lock:
        # a holder that lives may renew it between the look and the deletion, which is refused then
        cluster.truth.cluster.store.create("leases", DEAD_LEASE)

    code, printed = ran(place, "unlock", "--yes")

    assert code == 0, printed
    assert "somebody@elsewhere" in printed
    assert cluster.traces() == []


@pytest.mark.parametrize("command", ["plan", "upgrade all --yes"])
def test_a_mistyped_node_is_told_before_anything_is_asked(live: Live, command: str) -> None:
    cluster, place = live

    code, printed = ran(place, *command.split(), "--only", "cp-9")

    assert code == 2, printed
    assert "there is no node cp-9" in printed
    assert cluster.requests == []


@pytest.mark.parametrize("tool", ["talosctl", "kubectl"])
@pytest.mark.parametrize("command", ["status", "upgrade all --yes"])
def test_a_missing_tool_is_named(live: Live, tool: str, command: str) -> None:
    _, place = live
    (place.root / "bin" / tool).unlink()

    code, printed = ran(place, *command.split())

    assert code == 5, printed
    assert f"{tool} is not installed" in printed
    assert "install" in printed
    assert place.left_over() == []


@pytest.mark.parametrize("asked", ["version --json", "read"])
def test_garbage_from_talosctl_is_no_fact(live: Live, asked: str) -> None:
    cluster, place = live
    cluster.instead[asked] = GARBAGE

    code, printed = ran(place, "upgrade", "all", "--yes")

    assert code == 9, printed
    assert "talosctl printed something that talops does not understand" in printed
    assert "Traceback" not in printed
    assert "\x1b" not in printed
    assert cluster.truth.went_down == []
    assert cluster.traces() == []


def test_status_of_a_mad_talosctl_is_not_healthy(live: Live) -> None:
    cluster, place = live
    cluster.instead |= dict.fromkeys(["version --json", "get", "etcd"], GARBAGE)

    code, printed = ran(place, "status")

    assert code == 4, printed
    assert "Traceback" not in printed
    assert "\x1b" not in printed


def test_a_talosctl_that_hangs_ends_at_its_deadline(live: Live) -> None:
    cluster, place = live
    cluster.instead["etcd status"] = None

    code, printed = ran(place, "status", read_seconds=1)

    assert code == 4, printed
    assert "no answer at its deadline" in printed
    assert place.processes() == {}


def test_an_upgrade_that_does_nothing_and_says_all_is_well_is_not_believed(live: Live) -> None:
    cluster, place = live
    cluster.instead["upgrade"] = GARBAGE

    code, printed = ran(place, "upgrade", "all", "--yes")

    assert code == 5, printed
    assert "was not changed and did not reboot" in printed
    assert cluster.traces() == []
