"""`talops apply` and `upgrade all --with-config`: which node gets its config how, and what it takes."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from configs import Edit, configured, kubelet, live, rebooting, unlike, want, with_hostname_document
from play import Rehearsed, cluster, cordoned, marked, versions

from talops.domain.event import Planned, Step, StepStarted
from talops.domain.machineconfig import ApplyMode
from talops.domain.plan import Carries
from talops.domain.process import Call
from talops.errors import Exit
from talops.tools.calls import Talosctl


def order(rehearsed: Rehearsed, step: Step, events: object) -> list[str]:
    assert isinstance(events, list)
    return [event.hostname for event in events if isinstance(event, StepStarted) and event.step is step]


def pod_uids(rehearsed: Rehearsed) -> set[str]:
    return {pod["metadata"]["uid"] for pod in rehearsed.world.truth.cluster.store.all("pods")}


@pytest.mark.parametrize("edit", [live, kubelet], ids=["nothing restarts", "kubelets restart"])
def test_what_talos_takes_live_disturbs_no_pod_and_reboots_no_node(edit: Edit) -> None:
    rehearsed = configured(edit)
    pods = pod_uids(rehearsed)

    played = rehearsed.apply()

    truth = rehearsed.world.truth
    assert played.exit is Exit.DONE, played.said
    assert unlike(rehearsed) == []
    assert truth.went_down == []
    assert pod_uids(rehearsed) == pods
    assert cordoned(rehearsed) == marked(rehearsed) == []
    assert truth.lease_holder is None


def test_control_planes_come_first_the_holder_of_the_virtual_ip_and_the_leader_last_among_them() -> None:
    rehearsed = configured(live)

    played = rehearsed.apply()

    assert order(rehearsed, Step.APPLY, played.events) == ["cp-2", "cp-1", "cp-3", "w-1", "w-2", "w-3"]


def test_what_needs_a_reboot_drains_one_node_after_the_other() -> None:
    rehearsed = configured(rebooting)

    played = rehearsed.apply()

    assert played.exit is Exit.DONE, played.said
    assert unlike(rehearsed) == []
    assert sorted(rehearsed.world.truth.went_down) == ["cp-1", "cp-2", "cp-3", "w-1", "w-2", "w-3"]
    assert rehearsed.world.truth.max_down_at_once == 1
    assert cordoned(rehearsed) == marked(rehearsed) == []


def test_only_the_nodes_that_are_named_get_it_and_none_that_is_skipped() -> None:
    rehearsed = configured(live)

    played = rehearsed.apply("w-1", "w-2", "cp-1", skip=("w-3",))

    assert played.exit is Exit.DONE, played.said
    assert sorted(unlike(rehearsed)) == ["cp-2", "cp-3", "w-3"]


def test_where_nothing_differs_nothing_is_done() -> None:
    rehearsed = configured(str)

    played = rehearsed.apply()

    assert (played.exit, played.ended.what) == (
        Exit.DONE,
        "Nothing to do: every node runs with the config of the files.",
    )
    assert rehearsed.world.truth.lease_holder is None


def test_a_second_run_finds_nothing_to_do() -> None:
    rehearsed = configured(rebooting, nodes=("w-1", "cp-2"))
    rehearsed.apply()

    again = rehearsed.apply()

    assert again.exit is Exit.DONE
    assert again.ended.upgraded == ()
    assert sorted(rehearsed.world.truth.went_down) == ["cp-2", "w-1"]


def test_nothing_is_done_where_the_answer_is_no() -> None:
    rehearsed = configured(rebooting)

    played = rehearsed.apply(confirm=lambda _plan: False)

    assert played.exit is Exit.STOPPED
    assert len(unlike(rehearsed)) == 6
    assert all(not machine.config.persistent_version for machine in rehearsed.world.truth.nodes.values())


def test_staged_only_it_waits_for_the_next_boot_and_no_gate_is_asked() -> None:
    rehearsed = configured(rebooting, "ceph-stays-degraded@w-1", "etcd-member-lost@cp-2")

    played = rehearsed.apply(stage=True)

    machines = rehearsed.world.truth.nodes
    assert played.exit is Exit.DONE, played.said
    assert "6 nodes were given a new config; the next boot takes it" in played.said
    assert rehearsed.world.truth.went_down == []
    assert {host for host, machine in machines.items() if machine.config.on_disk != rehearsed.wanted[host]} == set()
    assert len(unlike(rehearsed)) == 6


def test_staged_already_is_nothing_to_do() -> None:
    rehearsed = configured(rebooting)
    rehearsed.apply(stage=True)

    again = rehearsed.apply(stage=True)

    assert again.ended.what == "Nothing to do: every node has the config of the files."


def test_what_was_staged_is_carried_by_the_next_upgrade() -> None:
    rehearsed = configured(rebooting, start="v1.13.0")
    rehearsed.apply(stage=True)

    played = rehearsed.play()

    assert played.exit is Exit.DONE, played.said
    assert unlike(rehearsed) == []
    assert len(rehearsed.world.truth.went_down) == 6


def test_what_was_staged_and_never_booted_is_rebooted_into() -> None:
    rehearsed = configured(rebooting, nodes=("w-1",))
    rehearsed.apply(stage=True)

    played = rehearsed.apply()

    (planned,) = [event for event in played.events if isinstance(event, Planned)]
    assert "staged already" in planned.plan.applies[0].why[0]
    assert unlike(rehearsed) == []
    assert rehearsed.world.truth.went_down == ["w-1"]


def test_a_node_whose_next_boot_would_take_another_config_gets_this_one_on_its_disk() -> None:
    rehearsed = configured(str)
    config = rehearsed.world.truth.nodes["w-1"].config
    config.persist(live(config.active))
    rehearsed.world.truth.nodes["w-1"].changes += 1
    rehearsed.world.truth.cluster.touch()

    played = rehearsed.apply()

    assert played.exit is Exit.DONE, played.said
    assert played.ended.upgraded == ("w-1",)
    assert config.on_disk == rehearsed.wanted["w-1"]


def test_an_upgrade_with_configs_takes_each_node_down_once() -> None:
    rehearsed = configured(rebooting, start="v1.13.0")

    played = rehearsed.play(with_config=True)

    assert played.exit is Exit.DONE, played.said
    assert versions(rehearsed) == {"v1.13.1"}
    assert unlike(rehearsed) == []
    assert len(rehearsed.world.truth.went_down) == 6
    assert order(rehearsed, Step.STAGE, played.events) == order(rehearsed, Step.UPGRADE, played.events)


def test_a_config_of_a_kind_that_the_old_talos_does_not_know_is_applied_after_the_upgrade() -> None:
    rehearsed = configured(with_hostname_document, start="v1.11.3", target="v1.12.4")

    played = rehearsed.play(with_config=True)

    planned = next(event for event in played.events if isinstance(event, Planned))
    assert {step.carries for step in planned.plan.upgrades} == {Carries.AFTER}
    assert played.exit is Exit.DONE, played.said
    assert versions(rehearsed) == {"v1.12.4"}
    assert unlike(rehearsed) == []
    assert len(rehearsed.world.truth.went_down) == 6
    upgraded, applied = (order(rehearsed, step, played.events) for step in (Step.UPGRADE, Step.APPLY))
    assert upgraded == applied
    steps = [e for e in played.events if isinstance(e, StepStarted) and e.step in {Step.UPGRADE, Step.APPLY}]
    assert [step.hostname for step in steps[::2]] == [step.hostname for step in steps[1::2]]


def test_a_node_that_runs_the_target_already_only_gets_its_config() -> None:
    rehearsed = configured(live, nodes=("w-1", "w-2"), start="v1.13.0")
    rehearsed.play(only=("w-1",))
    want(rehearsed, live, "w-1", "w-2")

    played = rehearsed.play(with_config=True)

    planned = next(event for event in played.events if isinstance(event, Planned))
    assert [(step.hostname, step.mode) for step in planned.plan.applies] == [("w-1", ApplyMode.NO_REBOOT)]
    assert played.exit is Exit.DONE, played.said
    assert unlike(rehearsed) == []
    assert rehearsed.world.truth.went_down.count("w-1") == 1


def test_an_upgrade_without_it_leaves_configs_alone() -> None:
    rehearsed = configured(rebooting, start="v1.13.0")

    rehearsed.play()

    assert len(unlike(rehearsed)) == 6


def test_a_config_that_is_taken_although_the_api_server_flaps() -> None:
    rehearsed = configured(live, "api-flaps")

    assert rehearsed.apply().exit is Exit.DONE
    assert unlike(rehearsed) == []


def test_a_node_of_its_own_config_is_mended_alone() -> None:
    """What shuts the gates is what is to be mended: nobody else has to be well for that."""
    rehearsed = configured(kubelet, "kubelet-fails-after-apply@w-1", nodes=("w-1",))
    broken = rehearsed.apply()
    truth = rehearsed.world.truth
    truth.parts.trouble.end_all()
    want(rehearsed, live, "w-1")

    mended = rehearsed.apply("w-1")

    assert broken.exit is Exit.FAILED
    assert "talops apply w-1" in broken.said
    assert mended.exit is Exit.DONE, mended.said
    assert unlike(rehearsed) == []
    assert marked(rehearsed) == []


def test_two_nodes_that_are_unlike_and_one_that_is_unwell_are_not_touched() -> None:
    rehearsed = cluster("dead-node@w-3", start="v1.13.1")
    want(rehearsed, live, "w-1", "w-2")

    played = rehearsed.apply()

    assert played.exit in {Exit.REFUSED, Exit.GATE}
    assert sorted(unlike(rehearsed)) == ["w-1", "w-2"]


def test_a_node_is_asked_for_the_plan_and_right_before_it_gets_its_config_and_no_third_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rehearsed = configured(live)
    asked: list[str] = []
    dry_run = Talosctl.apply_dry_run

    def noted(talosctl: Talosctl, node: str, file: str, *, mode: ApplyMode) -> Call:
        asked.append(node)
        return dry_run(talosctl, node, file, mode=mode)

    monkeypatch.setattr(Talosctl, "apply_dry_run", noted)

    assert rehearsed.apply().exit is Exit.DONE
    assert Counter(asked) == {machine.address: 2 for machine in rehearsed.world.truth.nodes.values()}


def test_a_config_that_somebody_tries_is_not_kept_by_a_look_at_the_plan() -> None:
    """A dry run ends a trial, unless it asks about a trial itself: then the old config comes back by itself."""
    rehearsed = configured(live, nodes=("w-1",))
    machine, truth = rehearsed.world.truth.nodes["w-1"], rehearsed.world.truth
    before = machine.config.active
    with TemporaryDirectory() as folder:
        tried = Path(folder) / "tried.yaml"
        tried.write_text(kubelet(before))
        call = Talosctl().apply_config(machine.address, str(tried), mode=ApplyMode.TRY)
        running = rehearsed.world.runner.start(call)
        rehearsed.world.advance(1)
        assert running.poll() is not None
    assert machine.config.active != before

    rehearsed.apply(confirm=lambda _plan: False)
    rehearsed.world.advance(120)

    assert machine.config.active == before
    assert truth.went_down == []
