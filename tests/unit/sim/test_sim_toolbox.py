"""The Ceph toolbox speaks of the cluster as it is now."""

import json

import pytest
from play import cluster

from talops.sim.ceph import Ceph
from talops.sim.toolbox import run


@pytest.fixture
def ceph() -> Ceph:
    found = cluster().world.truth.ceph
    assert found is not None
    return found


def lose_an_osd(ceph: Ceph) -> None:
    ceph.osds_down.add("rook-ceph-osd-1")
    ceph.recovering = True


def test_an_osd_that_is_down_shows_everywhere(ceph: Ceph) -> None:
    lose_an_osd(ceph)
    status = json.loads(run(ceph, ["ceph", "status", "-f", "json"]).stdout)
    osds = len(ceph.hosts)
    assert status["health"]["status"] == "HEALTH_WARN"
    assert set(status["health"]["checks"]) == {"OSD_DOWN", "PG_DEGRADED"}
    assert (status["osdmap"]["num_osds"], status["osdmap"]["num_up_osds"]) == (osds, osds - 1)
    states = {row["state_name"]: row["count"] for row in status["pgmap"]["pgs_by_state"]}
    assert states["active+undersized+degraded"] > 0
    assert sum(states.values()) == status["pgmap"]["num_pgs"]
    assert f"osd: {osds} osds: {osds - 1} up, {osds} in" in run(ceph, ["ceph", "-s"]).stdout
    assert "[WARN] OSD_DOWN: 1 osds down" in run(ceph, ["ceph", "health", "detail"]).stdout
    tree = json.loads(run(ceph, ["ceph", "osd", "tree", "--format=json"]).stdout)
    assert {row["name"]: row["status"] for row in tree["nodes"] if row["type"] == "osd"}["osd.1"] == "down"


def test_a_monitor_that_is_down_is_out_of_quorum(ceph: Ceph) -> None:
    ceph.monitors_down.add("rook-ceph-mon-b")
    status = json.loads(run(ceph, ["ceph", "status", "-f", "json"]).stdout)
    assert (status["quorum_names"], status["monmap"]["num_mons"]) == (["a", "c"], 3)
    assert "quorum a,c, out of quorum: b" in run(ceph, ["ceph", "status"]).stdout


def test_without_a_quorum_of_monitors_every_command_times_out(ceph: Ceph) -> None:
    ceph.monitors_down.update({"rook-ceph-mon-a", "rook-ceph-mon-b"})
    ended = run(ceph, ["ceph", "status"])
    assert (ended.exit, ended.stdout) == (1, "")
    assert "timed out" in ended.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["ceph", "health"], 0),
        (["timeout", "15", "ceph", "status", "-f", "json", "--connect-timeout", "10"], 0),
        (["bash", "-lc", "ceph osd tree"], 0),
        (["bash", "-c", "ceph 'unbalanced"], 127),
        (["bash"], 127),
        (["timeout", "15"], 127),
        (["rm", "-rf", "/"], 127),
        (["ceph"], 22),
        (["ceph", "osd", "purge", "1"], 22),
        (["ceph", "status", "-f"], 0),
    ],
)
def test_only_what_is_known_is_run(ceph: Ceph, words: list[str], code: int) -> None:
    assert run(ceph, words).exit == code
