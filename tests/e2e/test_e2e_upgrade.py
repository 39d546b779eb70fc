"""The main job on the live path: real processes, the real `kubectl proxy`, real time, a journal on disk."""

import json
from collections.abc import Iterator
from pathlib import Path

from conftest import Live
from live_talops import SECRETS, Place, events, ran


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


def test_secrets_are_in_nothing_that_anybody_can_read(live: Live) -> None:
    cluster, place = live

    code, printed = ran(place, "upgrade", "all", "--yes", "--only", "cp-1", "--show-commands")

    assert code == 0, printed
    (journal,) = place.journals()
    readable = {"screen": printed, "journal": journal.read_text(), "talosctl": str(cluster.argvs)}
    assert [(where, secret) for where, text in readable.items() for secret in SECRETS if secret in text] == []
    assert "talosctl" in printed
    assert "kubectl" in printed


def test_a_second_run_has_nothing_to_do(live: Live) -> None:
    cluster, place = live
    ran(place, "upgrade", "all", "--yes", "--only", "cp-1")

    code, printed = ran(place, "upgrade", "all", "--yes", "--only", "cp-1")

    assert code == 0, printed
    assert "Nothing to do" in printed
    assert cluster.truth.went_down == ["cp-1"]


def test_json_lines_are_what_the_journal_says(live: Live) -> None:
    _, place = live

    code, printed = ran(place, "upgrade", "all", "--yes", "--only", "cp-1", "--output", "json")

    assert code == 0, printed
    (journal,) = place.journals()
    assert [json.loads(line) for line in printed.splitlines()] == events(journal)


def modes(place: Place, journal: Path) -> dict[str, str]:
    """Who may read the journal and the folders that it is in."""

    def upwards() -> Iterator[Path]:
        path = journal
        while path != place.root / "state":
            yield path
            path = path.parent

    return {path.name: oct(path.stat().st_mode & 0o777) for path in upwards()}
