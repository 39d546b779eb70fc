"""Laws 8 and 9 of a rollout: one rollout a cluster, and extensions and version paths."""

import json

import pytest
from adversary import IN_FLIGHT, OURS
from play import Rehearsed, cluster, cordoned, marked

from builders import desired_cluster
from talops.domain.cluster import Desired
from talops.domain.event import Step, StepStarted
from talops.domain.talos import Version
from talops.errors import Exit
from talops.sim.world import rehearsal


@pytest.mark.parametrize("step", [Step.GATES, Step.DATABASES, Step.DRAIN])
def test_law_8_who_loses_the_lease_gives_the_node_back_and_takes_none_down(step: Step) -> None:
    rehearsed = cluster()
    truth = rehearsed.world.truth
    rehearsed.when("w-1", step, lambda: truth.take_lease("thief"), after=0.1)

    played = rehearsed.play()

    assert played.exit is Exit.LOCKED, played.said
    assert "thief" in played.said
    assert "w-1" not in truth.went_down
    assert cordoned(rehearsed) == marked(rehearsed) == []
    assert truth.lease_holder == "thief"


@pytest.mark.parametrize("step", [Step.UPGRADE, Step.BOOT, Step.SETTLE])
def test_law_8_who_loses_the_lease_in_a_reboot_sees_it_through_and_begins_no_other(step: Step) -> None:
    rehearsed = cluster()
    truth = rehearsed.world.truth
    rehearsed.when("w-1", step, lambda: truth.take_lease("thief"))

    played = rehearsed.play()

    assert played.exit is Exit.LOCKED, played.said
    assert str(truth.nodes["w-1"].version) == "v1.13.1"
    assert not [e for e in played.events if isinstance(e, StepStarted) and (e.hostname, e.step) == ("w-2", Step.CORDON)]
    assert cordoned(rehearsed) == marked(rehearsed) == []


@pytest.mark.parametrize(
    ("fault", "held"), [("never-returns@w-1", True), ("hangs-rebooting@w-1", True), ("install-fails@w-1", False)]
)
def test_law_8_the_lease_stays_while_a_node_may_still_go_down(fault: str, held: bool) -> None:
    rehearsed = cluster(fault)

    rehearsed.play()

    assert (rehearsed.world.truth.lease_holder is not None) is held


def test_law_8_the_mark_that_another_run_has_put_meanwhile_is_not_ours_to_take() -> None:
    rehearsed = cluster("pdb-blocks@w-1")
    truth = rehearsed.world.truth
    other = json.dumps({"run": "other", "action": "upgrade", "bootID": "x", "deadline": "2026-03-01T09:00:00+00:00"})

    def another_run_takes_over() -> None:
        truth.take_lease("thief")
        truth.cluster.store.update(
            "nodes", "w-1", "", lambda n: n["metadata"]["annotations"].update({IN_FLIGHT: other, OURS: "other"})
        )

    rehearsed.when("w-1", Step.DRAIN, another_run_takes_over)

    rehearsed.play()

    assert cordoned(rehearsed) == marked(rehearsed) == ["w-1"]


def test_law_8_a_tool_that_began_while_the_question_stood_open_stops_us() -> None:
    rehearsed = cluster()
    truth = rehearsed.world.truth

    def yes_after_a_while(_plan: object) -> bool:
        truth.parts.trouble.kured("w-1")
        rehearsed.world.advance(600)
        return True

    played = rehearsed.play(confirm=yes_after_a_while)

    assert played.exit is Exit.LOCKED, played.said
    assert truth.went_down == []


@pytest.mark.parametrize("fault", ["foreign-kured", "lease-held"])
def test_law_8_another_actor_stops_us_before_anything_is_written(fault: str) -> None:
    rehearsed = cluster(fault)

    played = rehearsed.play()

    assert played.exit is Exit.LOCKED
    assert rehearsed.world.truth.went_down == []
    assert marked(rehearsed) == []


def desired_from(schematic: str, extensions: tuple[str, ...] | None) -> Desired:
    return desired_cluster(schematic=schematic, extensions=extensions)


def test_law_9_a_target_without_a_running_extension_is_refused_before_anything_is_touched() -> None:
    world = rehearsal(desired_cluster(), start=Version.parse("v1.13.0"))
    rehearsed = Rehearsed(desired=desired_from("c" * 64, ("siderolabs/iscsi-tools",)), world=world)

    played = rehearsed.play()

    assert played.exit is Exit.REFUSED
    assert "would lose util-linux-tools" in played.said
    assert world.truth.went_down == []


@pytest.mark.parametrize(
    ("start", "target", "why"),
    [
        ("v1.10.0", "v1.13.1", "too old"),
        ("v1.13.1", "v1.13.0", "downgrade"),
        ("v1.7.6", "v1.8.3", "wipes"),
    ],
)
def test_law_9_an_unsupported_path_is_refused_with_the_way_round(start: str, target: str, why: str) -> None:
    rehearsed = cluster(start=start, target=target)

    played = rehearsed.play()

    assert played.exit is Exit.REFUSED
    assert why in played.said
    assert played.error is None
    assert rehearsed.world.truth.went_down == []


def test_law_9_mixed_versions_after_an_aborted_run_are_brought_together() -> None:
    rehearsed = cluster("install-fails@w-2")
    rehearsed.play()
    rehearsed.world.mend()
    went = len(rehearsed.world.truth.went_down)

    again = rehearsed.play()

    assert again.exit is Exit.DONE, again.said
    assert again.ended.upgraded == ("w-2", "w-3")
    assert len(rehearsed.world.truth.went_down) == went + 2
