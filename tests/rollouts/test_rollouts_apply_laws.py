"""The laws of a rollout, where it is a config that nodes get."""

import json
import re
import stat
from pathlib import Path

import pytest
from configs import SECRET, Edit, configured, kubelet, live, newer_kubernetes, of_etcd, rebooting, secret, unlike
from play import Rehearsed, annotate, cordoned, marked

from talops.domain.cluster import Policy
from talops.domain.event import Event, Step, StepStarted
from talops.domain.event_json import event_to_json
from talops.errors import Exit
from talops.sim.faults import Fault
from talops.sim.kube.store import Change

IN_FLIGHT = "talops.dev/in-flight"
LIVE_STEPS = [Step.GATES, Step.MARK, Step.APPLY, Step.VERIFY, Step.SETTLE]
REBOOT_STEPS = [Step.DRAIN, Step.STAGE, Step.PROOF, Step.REBOOT, Step.BOOT, Step.VERIFY, Step.UNCORDON, Step.SETTLE]


def watch_marks(rehearsed: Rehearsed) -> list[str]:
    """The config versions at which each node was marked, as `hostname version`."""
    seen: list[str] = []

    def hear(change: Change) -> None:
        if change.plural == "nodes" and change.old is not None and change.new is not None:
            before, after = (one["metadata"].get("annotations") or {} for one in (change.old, change.new))
            name = change.new["metadata"]["name"]
            if IN_FLIGHT in after and IN_FLIGHT not in before:
                version = rehearsed.world.truth.nodes[name].config.active_version
                seen.append(f"{name} {json.loads(after[IN_FLIGHT])['action']} at version {version}")

    rehearsed.world.truth.cluster.store.subscribe(hear)
    return seen


@pytest.mark.parametrize("step", LIVE_STEPS)
def test_law_1_killed_in_a_live_apply_the_next_run_settles_that_node_and_goes_on(step: Step) -> None:
    rehearsed = configured(kubelet)
    rehearsed.die_at("w-1", step, after=0.02)
    killed = rehearsed.apply()
    rehearsed.restart()

    again = rehearsed.apply()

    assert killed.exit is None
    assert again.exit is Exit.DONE, again.said
    assert unlike(rehearsed) == []
    assert marked(rehearsed) == []
    assert rehearsed.world.truth.went_down == []


@pytest.mark.parametrize("step", REBOOT_STEPS)
def test_law_1_killed_on_the_way_through_a_reboot_the_next_run_settles_that_node_first(step: Step) -> None:
    rehearsed = configured(rebooting, nodes=("w-1", "w-2"))
    rehearsed.die_at("w-1", step, after=0.0 if step in {Step.VERIFY, Step.UNCORDON, Step.PROOF} else 0.02)
    killed = rehearsed.apply()
    rehearsed.restart()

    again = rehearsed.apply()

    assert killed.exit is None
    assert again.exit is Exit.DONE, again.said
    assert unlike(rehearsed) == []
    assert rehearsed.world.truth.max_down_at_once == 1
    assert cordoned(rehearsed) == marked(rehearsed) == []


def test_law_1_a_node_is_marked_before_it_is_given_a_config() -> None:
    rehearsed = configured(live, nodes=("cp-1", "w-1"))
    seen = watch_marks(rehearsed)

    rehearsed.apply()

    assert seen == ["cp-1 apply at version 1", "w-1 apply at version 1"]


def test_law_1_a_node_that_has_changed_meanwhile_is_planned_anew() -> None:
    rehearsed = configured(live, nodes=("cp-1", "w-1"))
    machine, truth = rehearsed.world.truth.nodes["w-1"], rehearsed.world.truth

    def somebody_applies() -> None:
        machine.config.run_with(rehearsed.wanted["w-1"])
        machine.config.persist(rehearsed.wanted["w-1"])
        machine.changes += 1
        truth.cluster.touch()

    rehearsed.when("cp-1", Step.APPLY, somebody_applies)

    played = rehearsed.apply()

    assert played.exit is Exit.DONE
    assert played.ended.upgraded == ("cp-1",)


def test_law_2_a_node_that_does_not_tell_its_config_is_left_alone() -> None:
    rehearsed = configured(live, "dead-node@w-2")

    played = rehearsed.apply()

    assert played.exit in {Exit.REFUSED, Exit.GATE}
    assert len(unlike(rehearsed)) == 6


def test_law_3_a_shut_gate_keeps_every_config_away() -> None:
    rehearsed = configured(live, "etcd-member-lost@cp-2")

    played = rehearsed.apply()

    assert played.exit is Exit.GATE
    assert len(unlike(rehearsed)) == 6
    assert "cp-2" in played.said


def test_law_3_a_node_that_keeps_running_waits_for_no_storage() -> None:
    """Ceph may recover for hours, and no pod of it is touched."""
    rehearsed = configured(live, "stale-ceph", "postgres-never-switches")

    assert rehearsed.apply().exit is Exit.DONE
    assert unlike(rehearsed) == []


def test_law_3_one_that_reboots_waits_for_storage_like_an_upgrade() -> None:
    rehearsed = configured(rebooting, "ceph-stays-degraded@w-1", nodes=("w-1", "w-2"))

    played = rehearsed.apply()

    assert played.exit is Exit.GATE
    assert rehearsed.world.truth.went_down == ["w-1"]
    assert "PG_DEGRADED" in played.said


@pytest.mark.parametrize(
    "fault", ["kubelet-fails-after-apply@cp-2", "config-ignored@cp-2", "config-busy@cp-2", "power-cut@cp-2"]
)
def test_law_4_a_config_that_breaks_the_first_control_plane_never_reaches_the_second(fault: str) -> None:
    rehearsed = configured(kubelet)
    trouble = rehearsed.world.truth.parts.trouble
    name, _, hostname = fault.partition("@")
    rehearsed.when("cp-2", Step.MARK, lambda: trouble.begin(Fault(name=name, hostname=hostname)), after=0.0)

    played = rehearsed.apply()

    assert played.exit not in {Exit.DONE, None}, played.said
    assert set(unlike(rehearsed)) >= {"cp-1", "cp-3", "w-1", "w-2", "w-3"}
    assert played.ended.hint


def test_law_4_the_next_run_does_not_go_on_to_the_second_either() -> None:
    rehearsed = configured(kubelet, "kubelet-fails-after-apply@cp-2")
    rehearsed.apply()
    rehearsed.restart()

    again = rehearsed.apply()

    assert again.exit is Exit.FAILED
    assert set(unlike(rehearsed)) == {"cp-1", "cp-3", "w-1", "w-2", "w-3"}


@pytest.mark.parametrize("edit", [rebooting, of_etcd], ids=["reboot", "etcd restarts"])
@pytest.mark.parametrize("voters", [1, 2])
def test_law_4_without_a_quorum_to_keep_the_outage_has_to_be_accepted(edit: Edit, voters: int) -> None:
    refused = configured(edit, nodes=("cp-1",), control_planes=voters)
    accepted = configured(
        edit, nodes=("cp-1",), control_planes=voters, policy=Policy(accept_downtime=frozenset({"etcd"}))
    )

    no, yes = refused.apply(), accepted.apply()

    assert no.exit is Exit.REFUSED
    assert "talops apply --accept-downtime etcd" in no.said
    assert unlike(refused) == ["cp-1"]
    assert yes.exit is Exit.DONE, yes.said


def test_law_4_a_single_control_plane_takes_what_is_live() -> None:
    rehearsed = configured(live, control_planes=1)

    assert rehearsed.apply().exit is Exit.DONE


def test_law_6_a_cordon_of_a_person_is_there_before_and_after() -> None:
    rehearsed = configured(rebooting, nodes=("cp-1", "cp-2"))
    rehearsed.world.truth.cordon("cp-1")

    played = rehearsed.apply()

    assert played.exit is Exit.DONE, played.said
    assert cordoned(rehearsed) == ["cp-1"]


@pytest.mark.parametrize("edit", [live, rebooting], ids=["live", "reboot"])
def test_law_7_an_exit_code_of_zero_is_no_proof(edit: Edit) -> None:
    rehearsed = configured(edit, "config-ignored@w-1", nodes=("w-1", "w-2"))

    played = rehearsed.apply()

    assert played.exit is Exit.FAILED
    assert "w-1 has not taken its config" in played.said
    assert "talosctl said it succeeded" in played.said
    assert sorted(unlike(rehearsed)) == ["w-1", "w-2"]
    assert rehearsed.world.truth.went_down == []
    assert cordoned(rehearsed) == marked(rehearsed) == []


def test_law_8_another_run_keeps_this_one_away() -> None:
    rehearsed = configured(live, "lease-held")

    played = rehearsed.apply()

    assert played.exit is Exit.LOCKED
    assert len(unlike(rehearsed)) == 6


def test_law_8_so_does_another_tool() -> None:
    rehearsed = configured(live, "foreign-kured")

    assert rehearsed.apply().exit is Exit.LOCKED
    assert len(unlike(rehearsed)) == 6


def test_law_8_a_lease_that_was_taken_away_ends_the_run_before_the_next_node() -> None:
    rehearsed = configured(live)
    rehearsed.when("cp-2", Step.SETTLE, lambda: rehearsed.world.truth.take_lease("somebody"), after=0.0)

    played = rehearsed.apply()

    assert played.exit is Exit.LOCKED
    assert sorted(unlike(rehearsed)) == ["cp-1", "cp-3", "w-1", "w-2", "w-3"]


def test_law_9_another_version_of_kubernetes_is_not_for_apply() -> None:
    rehearsed = configured(newer_kubernetes)

    played = rehearsed.apply()

    assert played.exit is Exit.REFUSED
    assert "takes Kubernetes from v1.35.4 to v1.36.1" in played.said
    assert "talops upgrade k8s" in played.said
    assert len(unlike(rehearsed)) == 6


def test_what_cannot_be_changed_on_a_running_node_is_refused() -> None:
    rehearsed = configured(lambda text: text.replace("type: worker", "type: controlplane"), nodes=("w-1",))

    played = rehearsed.apply()

    assert played.exit is Exit.REFUSED
    assert "machine.type cannot be changed" in played.said


def test_never_a_reboot_that_nobody_agreed_to() -> None:
    """The node had said live; between the plan and the call somebody has given it something else."""
    rehearsed = configured(live, nodes=("cp-1", "w-1"))
    machine = rehearsed.world.truth.nodes["w-1"]

    def somebody_applies() -> None:
        machine.config.run_with(rebooting(machine.config.active))
        machine.changes += 1
        rehearsed.world.truth.cluster.touch()

    rehearsed.when("cp-1", Step.APPLY, somebody_applies)

    played = rehearsed.apply()

    assert played.exit is Exit.REFUSED
    assert "w-1 needs a reboot for its config, which was not in the plan" in played.said
    assert rehearsed.world.truth.went_down == []


def test_nor_one_that_the_node_asks_for_in_the_last_moment() -> None:
    rehearsed = configured(live, nodes=("w-1",))
    machine = rehearsed.world.truth.nodes["w-1"]

    def somebody_applies() -> None:
        machine.config.run_with(rebooting(machine.config.active))
        machine.changes += 1
        rehearsed.world.truth.cluster.touch()

    rehearsed.when("w-1", Step.GATES, somebody_applies)

    played = rehearsed.apply()

    assert played.exit is Exit.REFUSED
    assert "w-1 says that it needs a reboot for its config by now" in played.said
    assert "Nothing was changed on it" in played.said
    assert rehearsed.world.truth.went_down == marked(rehearsed) == []


@pytest.mark.parametrize("edit", [live, rebooting], ids=["live", "reboot"])
def test_law_10_ctrl_c_once_sees_the_node_through(edit: Edit) -> None:
    rehearsed = configured(edit)
    step = Step.APPLY if edit is live else Step.REBOOT
    rehearsed.when("cp-2", step, lambda: rehearsed.world.send("INT"), after=0.0)

    played = rehearsed.apply()

    assert played.exit is Exit.STOPPED
    assert played.ended.upgraded == ("cp-2",)
    assert "cp-1" in played.said
    assert sorted(unlike(rehearsed)) == ["cp-1", "cp-3", "w-1", "w-2", "w-3"]
    assert cordoned(rehearsed) == marked(rehearsed) == []
    assert rehearsed.world.truth.lease_holder is None


IN_EACH_STEP: list[tuple[Edit, Step]] = [(live, step) for step in LIVE_STEPS if step is not Step.MARK]
IN_EACH_STEP += [(rebooting, step) for step in REBOOT_STEPS if step is not Step.PROOF]


@pytest.mark.parametrize("signals", [("INT",), ("INT", "INT"), ("TERM",)])
@pytest.mark.parametrize(("edit", "step"), IN_EACH_STEP, ids=lambda one: str(getattr(one, "__name__", one)))
def test_law_10_a_signal_in_any_step_leaves_a_cluster_that_the_next_run_finishes(
    edit: Edit, step: Step, signals: tuple[str, ...]
) -> None:
    rehearsed = configured(edit)
    world = rehearsed.world

    def send() -> None:
        for signal in signals:
            world.send(signal)

    rehearsed.when("w-1", step, send, after=0.01)
    played = rehearsed.apply()
    left = cordoned(rehearsed)
    rehearsed.restart()

    again = rehearsed.apply()

    assert played.exit in {Exit.STOPPED, Exit.INTERRUPTED, Exit.TERMINATED}, played.said
    assert played.ended.hint
    assert all(f"kubectl uncordon {name}" in played.said for name in left)
    assert again.exit is Exit.DONE, again.said
    assert unlike(rehearsed) == []
    assert rehearsed.world.truth.max_down_at_once <= 1
    assert marked(rehearsed) == cordoned(rehearsed) == []


def test_law_10_ctrl_c_twice_stops_waiting_and_says_how_it_was() -> None:
    rehearsed = configured(kubelet)

    def twice() -> None:
        rehearsed.world.send("INT")
        rehearsed.world.send("INT")

    rehearsed.when("cp-2", Step.VERIFY, twice, after=0.5)

    played = rehearsed.apply()

    assert played.exit is Exit.INTERRUPTED
    assert "it had its new config" in played.said
    assert "stays cordoned" not in played.said
    assert "kubectl annotate node cp-2 talops.dev/in-flight-" in played.said
    assert marked(rehearsed) == ["cp-2"]
    assert rehearsed.world.truth.lease_holder is not None
    rehearsed.restart()
    assert rehearsed.apply().exit is Exit.DONE


@pytest.mark.parametrize("edit", [live, rebooting], ids=["live", "reboot"])
@pytest.mark.parametrize("fault", ["", "config-refused@w-1", "kubelet-fails-after-apply@w-1"])
def test_law_11_no_secret_is_told(edit: Edit, fault: str) -> None:
    rehearsed = configured(lambda text: kubelet(edit(secret(text))), *([fault] if fault else []))

    played = rehearsed.apply()

    said = json.dumps([event_to_json(event) for event in played.events])
    assert SECRET not in said + played.said + repr(played)


def test_law_11_the_config_is_in_a_file_of_our_own_while_it_is_needed_and_never_in_an_argument() -> None:
    rehearsed = configured(secret, nodes=("w-1",))
    modes: list[int] = []
    files: list[str] = []
    start, gather = rehearsed.world.runner.start, rehearsed.world.runner.gather

    def look(argv: tuple[str, ...]) -> None:
        assert SECRET not in " ".join(argv)
        if "--file" in argv:
            files.append(argv[argv.index("--file") + 1])
            modes.append(stat.S_IMODE(Path(files[-1]).stat().st_mode))

    def started(call: object) -> object:
        look(call.argv)  # type: ignore[attr-defined]  # a Call
        return start(call)  # type: ignore[arg-type]

    def gathered(calls: object) -> object:
        for call in calls:  # type: ignore[attr-defined]  # Calls
            look(call.argv)
        return gather(calls)  # type: ignore[arg-type]

    rehearsed.world.runner.start = started  # type: ignore[method-assign, assignment]
    rehearsed.world.runner.gather = gathered  # type: ignore[method-assign, assignment]

    rehearsed.apply()

    assert modes
    assert set(modes) == {0o600}
    assert not any(Path(file).exists() for file in files)


def test_law_12_whatever_ends_it_names_a_next_command() -> None:
    for fault in ("config-refused@w-1", "config-busy@w-1", "config-ignored@w-1", "kubelet-fails-after-apply@w-1"):
        played = configured(kubelet, fault, nodes=("w-1",)).apply()

        assert played.exit is not Exit.DONE
        assert re.search(r"talops |talosctl |kubectl ", played.said.splitlines()[-1]), played.said


def test_law_13_two_clusters_are_told_apart_before_anything_is_given_to_one() -> None:
    rehearsed = configured(live, "two-clusters")

    played = rehearsed.apply()

    assert played.exit is Exit.REFUSED
    assert len(unlike(rehearsed)) == 6


def test_a_mark_of_another_run_is_settled_before_a_config_is_given_to_anybody() -> None:
    rehearsed = configured(live)
    deadline = rehearsed.world.clock.wall().replace(minute=5)
    boot_id = rehearsed.world.truth.nodes["w-3"].boot_id
    text = {"run": "dead", "action": "apply", "bootID": boot_id, "deadline": deadline.isoformat()}
    annotate(rehearsed, "w-3", {IN_FLIGHT: json.dumps(text)})
    first: list[Event] = []
    rehearsed.watch = lambda event: first.append(event) if isinstance(event, StepStarted) else None

    played = rehearsed.apply()

    assert played.exit is Exit.DONE, played.said
    assert isinstance(first[0], StepStarted)
    assert first[0].hostname == "w-3"
    assert unlike(rehearsed) == []


def test_law_3_an_api_that_was_away_while_the_node_was_marked_makes_gates_old_news() -> None:
    rehearsed = configured(live, nodes=("w-1",))
    truth = rehearsed.world.truth

    def is_gone() -> None:
        truth.cluster.api_gap_until = truth.cluster.timeline.now + 30

    rehearsed.when("w-1", Step.MARK, is_gone, after=0.0)

    played = rehearsed.apply()

    steps = [event.step for event in played.events if isinstance(event, StepStarted)]
    assert played.exit is Exit.DONE, played.said
    assert steps == [Step.GATES, Step.MARK, Step.PROOF, Step.APPLY, Step.VERIFY, Step.SETTLE]
