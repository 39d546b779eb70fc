"""Laws 6 and 7 of a rollout: cordons are given back as they were, and an exit code proves nothing."""

from dataclasses import replace

import pytest
from adversary import OURS
from play import Rehearsed, annotate, cluster, cordoned, marked

from talops.domain.event import NodeState, Step
from talops.errors import Exit


def renamed(rehearsed: Rehearsed, **names: str) -> Rehearsed:
    """The same cluster, whose machines are called otherwise in the files than in Kubernetes."""
    nodes = tuple(
        replace(node, hostname=names.get(node.hostname.replace("-", "_"), node.hostname))
        for node in rehearsed.desired.nodes
    )
    return Rehearsed(desired=replace(rehearsed.desired, nodes=nodes), world=rehearsed.world, policy=rehearsed.policy)


@pytest.mark.parametrize("fault", ["", "install-fails@cp-2", "silent-rollback@cp-2", "never-returns@cp-2"])
def test_law_6_a_person_s_cordon_is_there_after_whatever_happened(fault: str) -> None:
    rehearsed = cluster(*([fault] if fault else []))
    rehearsed.world.truth.cordon("cp-2")

    rehearsed.play(only=("cp-2",))

    assert cordoned(rehearsed) == ["cp-2"]


def test_law_6_a_node_that_a_person_had_cordoned_is_not_said_to_be_uncordoned_by_hand() -> None:
    rehearsed = cluster("never-returns@cp-2")
    rehearsed.world.truth.cordon("cp-2")

    played = rehearsed.play(only=("cp-2",))

    assert "kubectl uncordon" not in played.said
    assert "kubectl annotate node cp-2 talops.dev/in-flight-" in played.said


def test_law_6_a_node_that_dies_in_its_drain_keeps_the_cordon_and_the_message_says_so() -> None:
    rehearsed = cluster("pdb-blocks@w-1")
    rehearsed.when("w-1", Step.DRAIN, lambda: rehearsed.world.truth.power_cut("w-1"))

    played = rehearsed.play()

    assert cordoned(rehearsed) == ["w-1"]
    assert "w-1 stays cordoned" in played.said
    assert "kubectl uncordon w-1" in played.said


def test_law_6_a_cordon_of_ours_without_its_mark_is_lifted_only_once_the_node_is_up() -> None:
    rehearsed = cluster("dead-node@w-3")
    rehearsed.world.truth.cordon("w-3")
    annotate(rehearsed, "w-3", {OURS: "dead"})

    played = rehearsed.play()

    assert played.exit is Exit.FAILED, played.said
    assert cordoned(rehearsed) == ["w-3"]
    assert "kubectl uncordon w-3" in played.said


def test_law_6_the_commands_by_hand_name_the_node_as_kubernetes_calls_it() -> None:
    rehearsed = renamed(cluster("never-returns@w-1"), w_1="storage-one")

    played = rehearsed.play()

    assert played.exit is Exit.FAILED
    assert "storage-one does not answer" in played.said
    assert "kubectl uncordon w-1" in played.said


def test_law_6_machines_with_other_names_in_kubernetes_are_upgraded_all_the_same() -> None:
    rehearsed = renamed(cluster(), w_1="storage-one", cp_2="head-two")

    played = rehearsed.play()

    assert played.exit is Exit.DONE, played.said
    assert marked(rehearsed) == cordoned(rehearsed) == []


def test_law_7_exit_zero_of_talosctl_is_not_believed() -> None:
    played = cluster("exit-zero-not-upgraded@w-1").play()

    assert (played.exit, played.left("w-1")) == (Exit.FAILED, NodeState.NOT_INSTALLED)
    assert "w-2" in played.ended.left


def test_law_7_a_failing_talosctl_is_not_believed_either() -> None:
    """It lost its connection and said exit 1; the node went to the target all the same."""
    rehearsed = cluster()
    truth = rehearsed.world.truth

    def breaks() -> None:
        for client in truth.cluster.clients:
            client.break_off()

    rehearsed.when("w-1", Step.UPGRADE, breaks, after=110)

    played = rehearsed.play(only=("w-1",))

    assert played.exit is Exit.DONE, played.said
    assert str(truth.nodes["w-1"].version) == "v1.13.1"


def test_law_7_a_rollback_that_boots_the_same_system_again_is_no_rollback() -> None:
    rehearsed = cluster(start="v1.13.1")
    machine = rehearsed.world.truth.nodes["w-1"]
    machine.slots["B"] = machine.system

    played = rehearsed.roll_back("w-1")

    assert played.exit is Exit.FAILED
    assert "it booted v1.13.1 again" in played.said


def test_law_7_a_rollback_goes_to_the_other_slot_with_the_same_care() -> None:
    rehearsed = cluster()
    rehearsed.play()

    played = rehearsed.roll_back("w-1")

    assert played.exit is Exit.DONE, played.said
    assert str(rehearsed.world.truth.nodes["w-1"].version) == "v1.13.0"
    assert marked(rehearsed) == cordoned(rehearsed) == []


def test_law_7_while_kubernetes_is_silent_nobody_knows_that_all_is_done() -> None:
    rehearsed = cluster(workers=1)
    rehearsed.die_at("w-1", Step.VERIFY)
    rehearsed.play(only=("w-1",))
    rehearsed.restart()
    rehearsed.world.truth.cluster.api_gap_until = rehearsed.world.clock.now() + 300

    blind = rehearsed.play(only=("w-1",))
    rehearsed.world.advance(300)
    again = rehearsed.play(only=("w-1",))

    assert blind.exit is Exit.REFUSED
    assert "whether an earlier run left a node in flight is not known" in blind.said
    assert "did not answer" in blind.said
    assert again.exit is Exit.DONE, again.said
    assert cordoned(rehearsed) == marked(rehearsed) == []
