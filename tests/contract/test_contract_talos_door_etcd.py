"""A member that is told to leave, at the network door."""

from pathlib import Path

import pytest
from play import cluster

from contract.talos_door import GENERATIONS, OpenDoor, open_door
from contract.transcripts import table

CP1 = "10.1.0.1"
BOTH = pytest.mark.parametrize("version", GENERATIONS)


def members(door: OpenDoor, node: str) -> list[str]:
    result = door.talosctl("etcd", "members", nodes=(node,))
    return [row[2] for row in table(result.stdout)[1:]] if result.exit == 0 else []


@BOTH
def test_a_member_leaves_by_itself_but_not_when_that_costs_the_quorum(version: str, tmp_path: Path) -> None:
    with open_door(cluster("etcd-member-lost@cp-3").world, tmp_path, still=True) as door:
        refused = door.talosctl("etcd", "leave", version=version, nodes=(CP1,))
        assert refused.exit == 1
        assert b"etcdserver: unhealthy cluster" in refused.stderr
        gone = next(member.id for member in door.world.truth.etcd.members if member.machine.hostname == "cp-3")
        assert door.talosctl("etcd", "remove-member", gone, version=version, nodes=(CP1,)).exit == 0
        assert members(door, CP1) == ["cp-1", "cp-2"]


def test_without_a_quorum_no_member_leaves(tmp_path: Path) -> None:
    with open_door(cluster("etcd-quorum-lost").world, tmp_path, still=True) as door:
        result = door.talosctl("etcd", "leave", nodes=(CP1,))
        assert result.exit == 1
        assert b"etcdserver: no leader" in result.stderr
