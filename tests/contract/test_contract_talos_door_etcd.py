"""What etcd is told at the network door changes the etcd of the cluster."""

from pathlib import Path

import pytest
from play import cluster

from contract.talos_door import GENERATIONS, OpenDoor, open_door
from contract.transcripts import table

CP1, CP2, CP3 = "10.1.0.1", "10.1.0.2", "10.1.0.3"
BOTH = pytest.mark.parametrize("version", GENERATIONS)


def members(door: OpenDoor, node: str) -> list[str]:
    result = door.talosctl("etcd", "members", nodes=(node,))
    return [row[2] for row in table(result.stdout)[1:]] if result.exit == 0 else []


@BOTH
def test_leadership_is_handed_over_by_the_leader_only(version: str, tmp_path: Path) -> None:
    with open_door(cluster().world, tmp_path, still=True) as door:
        etcd = door.world.truth.etcd
        leader = etcd.leader_hostname
        other = next(name for name in ("cp-1", "cp-2") if name != leader)
        assert door.talosctl("etcd", "forfeit-leadership", version=version, nodes=(other,)).exit == 0
        assert etcd.leader_hostname == leader
        assert door.talosctl("etcd", "forfeit-leadership", version=version, nodes=(leader,)).exit == 0
        assert etcd.leader_hostname not in {leader, ""}


@BOTH
def test_a_member_that_is_removed_is_gone_from_every_view(version: str, tmp_path: Path) -> None:
    with open_door(cluster().world, tmp_path, still=True) as door:
        gone = next(member.id for member in door.world.truth.etcd.members if member.machine.hostname == "cp-3")
        assert door.talosctl("etcd", "remove-member", gone, version=version, nodes=(CP1,)).exit == 0
        assert members(door, CP2) == ["cp-1", "cp-2"]
        assert members(door, CP3) == []


@BOTH
def test_a_member_leaves_by_itself_but_not_when_that_costs_the_quorum(version: str, tmp_path: Path) -> None:
    with open_door(cluster("etcd-member-lost@cp-3").world, tmp_path, still=True) as door:
        refused = door.talosctl("etcd", "leave", version=version, nodes=(CP1,))
        assert refused.exit == 1
        assert b"etcdserver: unhealthy cluster" in refused.stderr
        gone = next(member.id for member in door.world.truth.etcd.members if member.machine.hostname == "cp-3")
        assert door.talosctl("etcd", "remove-member", gone, version=version, nodes=(CP1,)).exit == 0
        assert members(door, CP1) == ["cp-1", "cp-2"]


@BOTH
def test_disarming_names_the_alarms_and_ends_them(version: str, tmp_path: Path) -> None:
    with open_door(cluster().world, tmp_path, still=True) as door:
        etcd = door.world.truth.etcd
        etcd.alarms[etcd.members[0].id] = "NOSPACE"
        disarmed = door.talosctl("etcd", "alarm", "disarm", version=version, nodes=(CP1,))
        assert table(disarmed.stdout)[1:] == [[CP1, etcd.members[0].id, "NOSPACE"]]
        assert door.talosctl("etcd", "alarm", "list", version=version, nodes=(CP1,)).stdout == b""
        assert door.talosctl("etcd", "defrag", version=version, nodes=(CP1,)).exit == 0


def test_without_a_quorum_nothing_is_handed_over_or_removed(tmp_path: Path) -> None:
    with open_door(cluster("etcd-member-lost@cp-2", "etcd-member-lost@cp-3").world, tmp_path, still=True) as door:
        for words in (("forfeit-leadership",), ("leave",)):
            result = door.talosctl("etcd", *words, nodes=(CP1,))
            assert result.exit == 1
            assert b"etcdserver: no leader" in result.stderr
