"""The main job: every node goes to the target, one at a time, each between open gates."""

from itertools import pairwise

import pytest
from play import STEPS, cluster

from talops.domain.event import Ended, GatesJudged, NodeEnded, NodeState, StepStarted
from talops.domain.talos import Version
from talops.errors import Exit


@pytest.mark.parametrize(("start", "target"), [("v1.13.0", "v1.13.1"), ("v1.12.4", "v1.13.1"), ("v1.11.0", "v1.12.2")])
def test_every_node_reaches_the_target(start: str, target: str) -> None:
    rehearsed = cluster(start=start, target=target)

    played = rehearsed.play()

    assert played.exit is Exit.DONE, played.said
    assert {str(node.version) for node in rehearsed.world.truth.nodes.values()} == {target}


def test_control_planes_go_first_and_never_two_nodes_are_down_at_once() -> None:
    rehearsed = cluster()

    played = rehearsed.play()

    went = [event.hostname for event in played.events if isinstance(event, NodeEnded)]
    assert sorted(went[:3]) == ["cp-1", "cp-2", "cp-3"]
    assert went[3:] == ["w-1", "w-2", "w-3"]
    assert rehearsed.world.truth.max_down_at_once == 1


def test_the_etcd_leader_and_the_vip_holder_go_last_among_control_planes() -> None:
    rehearsed = cluster()
    leader = rehearsed.world.truth.etcd.leader_hostname

    played = rehearsed.play()

    went = [event.hostname for event in played.events if isinstance(event, NodeEnded)][:3]
    assert went[0] != leader


def test_each_node_goes_through_every_step_in_order() -> None:
    rehearsed = cluster()

    played = rehearsed.play()

    for hostname in ("cp-1", "w-2"):
        steps = [e.step for e in played.events if isinstance(e, StepStarted) and e.hostname == hostname]
        assert list(dict.fromkeys(steps)) == STEPS


def test_gates_are_judged_before_between_and_after() -> None:
    played = cluster().play()

    judged = [index for index, event in enumerate(played.events) if isinstance(event, GatesJudged)]
    ended = [index for index, event in enumerate(played.events) if isinstance(event, NodeEnded)]
    assert judged[0] < ended[0]
    assert all(any(before < j < after for j in judged) for before, after in pairwise(ended))


def test_nothing_of_ours_is_left_on_the_cluster() -> None:
    rehearsed = cluster()

    rehearsed.play()

    for node in rehearsed.world.truth.kube_nodes():
        assert not node.unschedulable
        assert not [key for key in node.annotations if key.startswith("talops.dev/")]
    assert rehearsed.world.truth.lease_holder is None


def test_a_second_run_has_nothing_to_do() -> None:
    rehearsed = cluster()
    rehearsed.play()

    again = rehearsed.play()

    assert again.exit is Exit.DONE
    assert again.ended.what == "Nothing to do: every node runs v1.13.1."
    assert [type(event) for event in again.events if isinstance(event, StepStarted | NodeEnded)] == []


def test_only_upgrades_what_was_asked_for() -> None:
    rehearsed = cluster()

    played = rehearsed.play(only=("w-2",))

    assert played.exit is Exit.DONE
    versions = {name: str(node.version) for name, node in rehearsed.world.truth.nodes.items()}
    assert [name for name, version in versions.items() if version == "v1.13.1"] == ["w-2"]


def test_a_cordon_that_a_person_made_stays() -> None:
    rehearsed = cluster()
    rehearsed.world.truth.cordon("cp-2")

    played = rehearsed.play()

    assert played.exit is Exit.DONE, played.said
    cordoned = [node.name for node in rehearsed.world.truth.kube_nodes() if node.unschedulable]
    assert cordoned == ["cp-2"]


def test_storage_on_a_node_that_a_person_cordoned_is_not_drained() -> None:
    rehearsed = cluster()
    rehearsed.world.truth.cordon("w-2")

    played = rehearsed.play()

    assert played.exit is Exit.REFUSED
    assert "rook-ceph/rook-ceph-osd" in played.said
    assert "kubectl uncordon w-2" in played.said
    assert rehearsed.world.truth.went_down == []


def test_without_a_yes_nothing_happens() -> None:
    rehearsed = cluster()

    played = rehearsed.play(confirm=lambda _plan: False)

    assert played.exit is Exit.STOPPED
    assert {node.version for node in rehearsed.world.truth.nodes.values()} == {Version.parse("v1.13.0")}


@pytest.mark.parametrize(("control_planes", "workers"), [(3, 0), (5, 1), (3, 10)])
def test_clusters_of_any_size(control_planes: int, workers: int) -> None:
    rehearsed = cluster(control_planes=control_planes, workers=workers)

    played = rehearsed.play()

    assert played.exit is Exit.DONE, played.said
    assert len(played.ended.upgraded) == control_planes + workers


@pytest.mark.parametrize("seed", range(10))
def test_whatever_the_delays(seed: int) -> None:
    rehearsed = cluster(seed=seed)

    played = rehearsed.play()

    assert played.exit is Exit.DONE, played.said
    assert rehearsed.world.truth.max_down_at_once == 1
    assert all(e.state is NodeState.DONE for e in played.events if isinstance(e, NodeEnded))
    assert isinstance(played.events[-1], Ended)
