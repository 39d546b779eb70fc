"""Laws 1 to 3 of a rollout: live state decides, gates fail closed, and they run before, between and after."""

import json
from dataclasses import replace
from datetime import datetime

import pytest
from play import Rehearsed, annotate, cluster, cordoned, versions

from talops.domain.event import Event, NodeState, Step, StepStarted, StepWaits
from talops.domain.talos import Version
from talops.errors import Exit
from talops.sim.faults import Fault
from talops.sim.kube.objects import Object

IN_FLIGHT = "talops.dev/in-flight"
UNDER_WAY = [Step.UPGRADE, Step.BOOT, Step.VERIFY, Step.UNCORDON, Step.SETTLE]


def mark(rehearsed: Rehearsed, hostname: str, *, minutes: int) -> None:
    """The mark of a run that died after it had started talosctl."""
    deadline = rehearsed.world.clock.wall().replace(minute=minutes)
    boot_id = rehearsed.world.truth.nodes[hostname].boot_id
    text = {"run": "dead", "action": "upgrade", "bootID": boot_id, "deadline": deadline.isoformat()}
    annotate(rehearsed, hostname, {IN_FLIGHT: json.dumps(text)})


def test_law_1_a_plan_is_made_again_when_somebody_else_has_upgraded_a_node_meanwhile() -> None:
    rehearsed = cluster()
    truth = rehearsed.world.truth

    def somebody_upgrades() -> None:
        machine = truth.nodes["w-2"]
        machine.slots[machine.booted] = replace(machine.system, version=Version.parse("v1.13.1"))
        machine.changes += 1
        truth.cluster.touch()

    rehearsed.when("cp-1", Step.DRAIN, somebody_upgrades)

    played = rehearsed.play()

    assert played.exit is Exit.DONE, played.said
    assert "w-2" not in truth.went_down
    assert "w-2" not in played.ended.upgraded


@pytest.mark.parametrize("step", UNDER_WAY)
def test_law_1_killed_in_a_step_the_next_run_waits_until_that_node_has_settled(step: Step) -> None:
    rehearsed = cluster()
    rehearsed.die_at("w-1", step, after=0.0 if step in {Step.VERIFY, Step.UNCORDON} else 0.5)
    rehearsed.play()
    rehearsed.restart()

    again = rehearsed.play()

    assert again.exit is Exit.DONE, again.said
    assert versions(rehearsed) == {"v1.13.1"}
    assert rehearsed.world.truth.max_down_at_once == 1


def test_law_1_a_node_that_may_still_go_down_is_waited_for_though_it_is_up() -> None:
    rehearsed = cluster()
    mark(rehearsed, "w-3", minutes=20)

    played = rehearsed.play()

    waits = [e for e in played.events if isinstance(e, StepWaits) and e.hostname == "w-3"]
    first_down = next(e for e in played.events if isinstance(e, StepStarted) and e.step is Step.CORDON)
    assert "talosctl of run dead to end" in waits[0].reason
    assert first_down.at - waits[0].at >= 19 * 60
    assert played.exit is Exit.DONE, played.said


def test_law_1_a_mark_on_a_node_that_the_files_have_forgotten_stops_everything() -> None:
    rehearsed = cluster().without("w-3")
    mark(rehearsed, "w-3", minutes=20)

    played = rehearsed.play()

    assert played.exit is Exit.REFUSED
    assert "w-3 is not in the files" in played.said
    assert "kubectl annotate node w-3 talops.dev/in-flight-" in played.said
    assert rehearsed.world.truth.went_down == []


def test_law_1_a_mark_that_cannot_be_read_stops_everything() -> None:
    rehearsed = cluster()
    annotate(rehearsed, "w-3", {IN_FLIGHT: "yes"})

    played = rehearsed.play()

    assert played.exit is Exit.REFUSED
    assert "kubectl annotate node w-3" in played.said
    assert rehearsed.world.truth.went_down == []


def test_law_1_a_run_that_dies_while_we_wait_for_its_lease_leaves_a_node_that_is_settled_first() -> None:
    """We looked before it had marked anything: what counts is what is there once the Lease is ours."""
    rehearsed = cluster("lease-held")
    truth, began = rehearsed.world.truth, rehearsed.world.clock.now()

    def it_goes_on_and_dies() -> None:
        mark(rehearsed, "w-3", minutes=25)
        truth.cluster.store.remove("leases", "talops", "kube-system")

    rehearsed.world.at(began + 4, it_goes_on_and_dies)

    played = rehearsed.play()

    steps = [e.hostname for e in played.events if isinstance(e, StepStarted)]
    assert played.exit is Exit.DONE, played.said
    assert steps[0] == "w-3"


def test_law_2_a_ceph_status_from_before_the_last_reboot_is_no_news() -> None:
    """A node came back just now, perhaps by the hand of a talops that died: Rook's last word is from before that."""
    rehearsed = cluster()
    store, back = rehearsed.world.truth.cluster.store, rehearsed.world.clock.wall()
    checked: list[str] = []

    def comes_back(node: Object) -> None:
        node["status"]["conditions"][0]["lastTransitionTime"] = f"{back:%Y-%m-%dT%H:%M:%SZ}"

    def see(event: Event) -> None:
        found = store.get("cephclusters", "rook-ceph", "rook-ceph")
        if isinstance(event, StepStarted) and event.step is Step.CORDON and found is not None:
            checked.append(found["status"]["ceph"]["lastChecked"])

    store.update("nodes", "w-3", "", comes_back)
    rehearsed.watch = see

    rehearsed.play()

    assert datetime.fromisoformat(checked[0]) > back


def test_law_2_a_rook_that_does_not_look_any_more_opens_no_gate() -> None:
    rehearsed = cluster("stale-ceph")

    played = rehearsed.play()

    assert played.exit is Exit.GATE
    assert len(rehearsed.world.truth.went_down) <= 1
    assert "every gate says open, but that is not proven: open; waiting for a newer status of rook-ceph" in played.said
    assert "Rook's operator" in played.said


def test_law_2_an_api_that_is_silent_is_unknown_and_not_empty() -> None:
    rehearsed = cluster()
    truth = rehearsed.world.truth
    rehearsed.when("cp-1", Step.GATES, lambda: setattr(truth.cluster, "api_gap_until", 1e12), after=0.0)
    first = next(iter(truth.nodes))

    played = rehearsed.play(only=(first,))

    assert played.exit in {Exit.GATE, Exit.FAILED}
    assert "did not answer" in played.said
    assert truth.went_down == []


def test_law_3_a_node_that_dies_elsewhere_while_one_is_drained_keeps_that_one_up() -> None:
    rehearsed = cluster("pdb-blocks@w-1")
    truth = rehearsed.world.truth

    def dies() -> None:
        truth.power_cut("w-2")
        # and the drain, which a budget had held up, comes to its end
        budget = Fault(name="pdb-blocks", hostname="w-1")
        rehearsed.world.at(truth.cluster.timeline.now + 60, lambda: truth.parts.trouble.end(budget))

    rehearsed.when("w-1", Step.DRAIN, dies)

    played = rehearsed.play()

    assert played.exit is Exit.GATE, played.said
    assert "w-2 is NotReady" in played.said
    assert "w-1" not in truth.went_down
    assert cordoned(rehearsed) == []


def test_law_3_gates_run_after_the_last_node_even_if_talops_died_before_them() -> None:
    rehearsed = cluster("ceph-stays-degraded@w-1", workers=3)
    first = rehearsed.play(skip=("w-2", "w-3"))

    again = rehearsed.play(skip=("w-2", "w-3"))

    assert first.left("w-1") is NodeState.GATE_SHUT
    assert again.exit is Exit.GATE
    assert "nothing is left to upgrade, but" in again.said
    assert "PG_DEGRADED" in again.said
