"""Laws 10 to 13 of a rollout: signals, secrets, waits, and one cluster."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from play import STEPS, cluster, cordoned, marked

from talops.domain.cluster import Policy
from talops.domain.event import Event, NodeState, Step, StepWaits
from talops.domain.process import Call, Result
from talops.domain.talos import Version
from talops.errors import Exit
from talops.execute.journal import Journal
from talops.sim.faults import Fault

EACH_STEP = [step for step in STEPS if step is not Step.MARK]


@pytest.mark.parametrize("signals", [("INT",), ("INT", "INT"), ("TERM",)])
@pytest.mark.parametrize("step", EACH_STEP)
def test_law_10_a_signal_in_any_step_leaves_a_cluster_that_the_next_run_finishes(
    step: Step, signals: tuple[str, ...]
) -> None:
    rehearsed = cluster(workers=3)
    world = rehearsed.world
    now = world.clock.now

    def send() -> None:
        for number, signal in enumerate(signals):
            world.interrupt_at(now() + number * 2, signal)

    rehearsed.when("w-1", step, send, after=0.3)
    played = rehearsed.play(only=("w-1", "w-2"))
    left = cordoned(rehearsed)
    rehearsed.restart()
    again = rehearsed.play()

    assert played.exit in {Exit.STOPPED, Exit.INTERRUPTED, Exit.TERMINATED}, played.said
    assert played.ended.hint
    assert all(f"kubectl uncordon {name}" in played.said for name in left)
    assert again.exit is Exit.DONE, again.said
    assert rehearsed.world.truth.max_down_at_once == 1
    assert marked(rehearsed) == cordoned(rehearsed) == []


def test_law_10_a_signal_while_a_leftover_is_settled_does_not_forget_it() -> None:
    rehearsed = cluster("never-returns@w-1")
    rehearsed.play()
    rehearsed.restart()
    rehearsed.world.interrupt_at(rehearsed.world.clock.now() + 120, "INT")

    played = rehearsed.play()

    assert played.exit is Exit.STOPPED
    assert "kubectl uncordon w-1" in played.said


def test_law_10_a_talosctl_past_its_deadline_is_killed_and_the_node_is_looked_at() -> None:
    rehearsed = cluster("installer-hangs@w-1", policy=Policy(upgrade_timeout=timedelta(minutes=5)))

    played = rehearsed.play()

    assert (played.exit, played.left("w-1")) == (Exit.FAILED, NodeState.NOT_INSTALLED)
    assert "killed at its deadline" in played.said
    assert cordoned(rehearsed) == []


def test_law_11_the_journal_is_for_its_owner_alone_and_holds_no_output_of_secret_calls(tmp_path: Path) -> None:
    rehearsed = cluster()
    journal = Journal(tmp_path / "state" / "run.jsonl")
    written: list[Event] = []
    rehearsed.watch = lambda event: written.extend(journal.write(event))

    rehearsed.play(only=("w-1",))
    journal.close()

    assert journal.path.stat().st_mode & 0o077 == 0
    assert journal.path.parent.stat().st_mode & 0o077 == 0
    assert json.loads(journal.path.read_text().splitlines()[-1])["event"] == "ended"


def test_law_11_an_error_message_quotes_argv_and_output_of_no_secret_call() -> None:
    secret = Call(template="kubectl-config", argv=("kubectl",), deadline=timedelta(seconds=1), secret=True)

    assert "hunter2" not in repr(secret)
    assert "hunter2" not in str(Result(exit=1, stdout=b"token: hunter2").complaint())


ENDLESS = ["pdb-blocks@w-1", "never-returns@w-1", "ceph-stays-degraded@w-1", "postgres-never-switches"]


@pytest.mark.parametrize("fault", ENDLESS)
def test_law_12_every_wait_has_a_reason_and_a_deadline_that_is_kept(fault: str) -> None:
    rehearsed = cluster(fault)

    played = rehearsed.play()

    waits = [event for event in played.events if isinstance(event, StepWaits)]
    assert all(event.reason and event.deadline > event.at for event in waits)
    assert played.ended.at <= max(event.deadline for event in waits) + 60
    assert played.ended.hint


def test_law_13_two_clusters_in_one_set_of_files_are_refused() -> None:
    rehearsed = cluster("two-clusters")

    played = rehearsed.play()

    assert played.exit is Exit.REFUSED
    assert "two clusters" in played.said
    assert rehearsed.world.truth.went_down == []


def test_law_13_a_rollback_proves_the_same() -> None:
    rehearsed = cluster("two-clusters", start="v1.13.1")
    machine = rehearsed.world.truth.nodes["w-1"]
    machine.slots["B"] = replace(machine.system, version=Version.parse("v1.13.0"))

    played = rehearsed.roll_back("w-1")

    assert played.exit is Exit.REFUSED
    assert rehearsed.world.truth.went_down == []


def test_law_13_what_was_proven_at_the_start_is_proven_again_right_before_a_node_goes_down() -> None:
    rehearsed = cluster()
    trouble = rehearsed.world.truth.parts.trouble
    rehearsed.when("w-1", Step.DRAIN, lambda: trouble.begin(Fault(name="two-clusters")))

    played = rehearsed.play()

    assert played.exit is Exit.GATE, played.said
    assert "different boot IDs" in played.said
    assert "w-1" not in rehearsed.world.truth.went_down


def test_law_13_strangers_are_shown_and_never_touched() -> None:
    rehearsed = cluster(workers=4).without("w-4")

    played = rehearsed.play()

    assert played.exit is Exit.DONE, played.said
    assert str(rehearsed.world.truth.nodes["w-4"].version) == "v1.13.0"
