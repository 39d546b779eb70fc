"""The main job on the live path: real processes, the real `kubectl proxy`, real time, a journal on disk."""

import json
from collections.abc import Iterator
from pathlib import Path

from live_place import SECRETS, Live, Place
from live_talops import events, ran


def test_every_node_reaches_the_target_and_nothing_is_left_behind(live: Live) -> None:
    cluster, place = live

    code, printed = ran(place, "upgrade", "all", "--yes")

    assert code == 0, printed
    assert set(cluster.versions().values()) == {"v1.13.1"}
    assert cluster.truth.max_down_at_once == 1
    assert cluster.traces() == []
    assert place.left_over() == []
    assert place.processes() == {}
    (journal,) = place.journals()
    assert str(journal) in printed
    assert [event["upgraded"] for event in events(journal) if event["event"] == "ended"] == [["cp-1", "cp-3", "cp-2"]]
    assert modes(place, journal) == {"talops": "0o700", "e2e": "0o700", journal.name: "0o600"}

    code, printed = ran(place, "upgrade", "all", "--yes")

    assert code == 0, printed
    assert "Nothing to do: every node runs v1.13.1." in printed


def test_json_lines_are_what_the_journal_says_and_neither_has_secrets(live: Live) -> None:
    cluster, place = live

    code, printed = ran(place, "upgrade", "all", "--yes", "--only", "cp-1", "--show-commands", "--output", "json")

    assert code == 0, printed
    (journal,) = place.journals()
    said = [json.loads(line) for line in printed.splitlines()]
    commands = [event["command"] for event in said if event["event"] == "commanded"]
    assert [event for event in said if event["event"] != "commanded"] == events(journal)
    assert {command.split()[0] for command in commands} == {"talosctl", "kubectl"}
    readable = {"screen": printed, "journal": journal.read_text(), "talosctl": str(cluster.argvs)}
    assert [(where, secret) for where, text in readable.items() for secret in SECRETS if secret in text] == []


def test_a_journal_that_cannot_be_written_is_said_and_stops_nothing(live: Live) -> None:
    cluster, place = live
    (place.root / "state" / "talops").write_text("a file where a folder should be")

    code, printed = ran(place, "upgrade", "all", "--yes", "--only", "cp-1")

    assert code == 0, printed
    assert printed.count("cannot be written") == 1
    assert "\njournal: " not in printed
    assert cluster.versions()["cp-1"] == "v1.13.1"


def modes(place: Place, journal: Path) -> dict[str, str]:
    """Who may read the journal and the folders that it is in."""

    def upwards() -> Iterator[Path]:
        path = journal
        while path != place.root / "state":
            yield path
            path = path.parent

    return {path.name: oct(path.stat().st_mode & 0o777) for path in upwards()}
