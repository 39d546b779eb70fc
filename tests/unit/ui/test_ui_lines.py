"""What a log and a program read of a run."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cni import new_cluster
from play import cluster

from builders import desired_cluster
from talops.domain.event import Asked, Commanded, Ended, Event, Noted, Step, StepWaits
from talops.domain.event_json import event_to_json
from talops.errors import Exit
from talops.ui.jsonlines import JsonRenderer
from talops.ui.plain import PlainRenderer
from talops.ui.words import MEANINGS, duration

Golden = Callable[[str, str], None]
WALL = datetime(2026, 3, 1, 3, 5, 51, tzinfo=UTC)
STUCK = "pdb-blocks@w-1"
COMMAND = Commanded(at=1.0, wall=WALL, command="talosctl -n 10.1.0.1 version", mutating=False)


def plain(events: Sequence[Event], *, show_commands: bool = False) -> str:
    stream = io.StringIO()
    screen = PlainRenderer(stream, desired_cluster(), show_commands=show_commands)
    for event in events:
        screen.handle(event)
        screen.tick(event.at)
    screen.close()
    return stream.getvalue()


def json_lines(events: Sequence[Event]) -> str:
    stream = io.StringIO()
    screen = JsonRenderer(stream, show_commands=True)
    for event in events:
        screen.handle(event)
    return stream.getvalue()


@pytest.mark.parametrize(("name", "faults"), [("success", ()), ("stuck", (STUCK,))])
def test_a_log_of_a_rollout(name: str, faults: tuple[str, ...], golden: Golden) -> None:
    golden(f"plain-{name}.txt", plain(cluster(*faults).play().events))


@pytest.mark.parametrize(("name", "faults"), [("success", ()), ("stuck", (STUCK,))])
def test_the_json_lines_of_a_rollout(name: str, faults: tuple[str, ...], golden: Golden) -> None:
    golden(f"events-{name}.jsonl", json_lines(cluster(*faults).play().events))


@pytest.mark.parametrize(("name", "faults"), [("done", ()), ("stuck", ("kubelet-does-not-restart@w-1",))])
def test_a_log_of_an_upgrade_of_kubernetes(name: str, faults: tuple[str, ...], golden: Golden) -> None:
    played = cluster(*faults, target="v1.13.0", workers=1, kubernetes="v1.35.2")
    golden(f"plain-kubernetes-{name}.txt", plain(played.upgrade_k8s().events))


def test_the_json_lines_of_an_upgrade_of_kubernetes(golden: Golden) -> None:
    played = cluster(target="v1.13.0", control_planes=1, workers=0, kubernetes="v1.34.2")
    golden("events-kubernetes.jsonl", json_lines(played.upgrade_k8s().events))


def test_every_kind_of_event_has_a_json_form() -> None:
    asked = Asked(at=1.0, wall=WALL, question="Remove it?")
    kubernetes = cluster(target="v1.13.0", kubernetes="v1.35.2").upgrade_k8s().events
    installed = new_cluster()
    installed.install()
    said = [Noted(at=1.0, wall=WALL, text="hello"), COMMAND, asked]
    played = [*cluster().play().events, *kubernetes, *installed.events, *said]
    # by name: a class with slots is made twice, and the first one may still be there
    assert {type(event).__name__ for event in played} == {kind.__name__ for kind in Event.__subclasses__()}
    kinds = {type(event): event_to_json(event)["event"] for event in played}
    for kind, name in kinds.items():
        assert name == re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def test_each_json_line_is_an_object_with_its_time() -> None:
    for line in json_lines(cluster().play().events).splitlines():
        event = json.loads(line)
        assert datetime.fromisoformat(event["wall"]).tzinfo is not None
        assert isinstance(event["at"], float)


def test_commands_are_shown_only_when_asked_for() -> None:
    assert plain([COMMAND]) == ""
    assert plain([COMMAND], show_commands=True) == "2026-03-01T03:05:51Z  $ talosctl -n 10.1.0.1 version\n"


def test_a_text_from_the_cluster_cannot_fake_a_line_or_move_the_cursor() -> None:
    waits = StepWaits(at=1.0, wall=WALL, hostname="w-1", step=Step.DRAIN, reason="[bold]a\n\x1b[2Jb", deadline=61.0)
    (line,) = plain([waits]).splitlines()
    assert line.endswith("w-1   drain       waits: [bold]a  [2Jb (gives up in 1m00s)")


def test_the_summary_says_what_is_left_what_to_type_and_where_the_journal_is() -> None:
    ended = Ended(
        at=1.0,
        wall=WALL,
        exit=Exit.GATE,
        what="refused, for these reasons:\n  - w-1: one\n  - w-2: two",
        hint="talops status",
        upgraded=("cp-1",),
        left=("w-1", "w-2"),
        took=timedelta(minutes=5),
        journal="/state/talops/test/run.jsonl",
    )
    assert plain([ended]).splitlines() == [
        "refused, for these reasons:",
        "  - w-1: one",
        "  - w-2: two",
        "took 5m00s in all; 1 node done",
        "left: w-1, w-2",
        "exit 4: a gate stayed shut, a drain was held up, or not all is well",
        "next: talops status",
        "journal: /state/talops/test/run.jsonl",
    ]
    assert "next:" not in plain([replace(ended, hint="")])


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Exit)


@pytest.mark.parametrize(
    ("seconds", "said"), [(-1, "0s"), (0.4, "0s"), (59.6, "1m00s"), (234, "3m54s"), (3600, "1h00m"), (7500, "2h05m")]
)
def test_durations_are_said_as_a_person_would(seconds: float, said: str) -> None:
    assert duration(seconds) == said
    assert duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize("output", ["PLAIN", "JSON"])
def test_neither_a_log_nor_a_program_pays_for_rich(output: str) -> None:
    code = f"""
import sys
from talops.domain.cluster import Desired
from talops.domain.context import Output
from talops.domain.talos import Version
from talops.ui import renderer
import talops.ui.show
v = Version.parse("v1.13.1")
desired = Desired(cluster_name="t", endpoint="", talos_version=v, kubernetes_version=v, nodes=())
renderer(Output.{output}, desired, show_commands=True).close()
print(sorted(name for name in sys.modules if name.split(".")[0] == "rich"))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert ran.stdout == "[]\n"
