"""`talops etcd …` on a practice cluster, with the real talosctl of both generations."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_talops import ran
from practice import Practice, practice

LONGEST = 90.0


both = pytest.mark.parametrize("place", ["1.13.0", "1.12.0"], indirect=True)
newest = pytest.mark.parametrize("place", ["1.13.0"], indirect=True)


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest) -> Iterator[Practice]:
    """One for all tests of this file: each leaves three voters that are well."""
    with practice(start="v1.13.2", target="v1.13.2", workers=0, talosctl=request.param, speed="120") as found:
        yield found


@pytest.fixture(autouse=True)
def clean(place: Practice) -> Iterator[None]:
    yield
    for left in place.repo.glob("*.db"):
        left.unlink()
    assert place.traces() == []


def etcd(place: Practice, *words: str) -> tuple[int, str]:
    return ran(place, "etcd", *words, patience=LONGEST)


def leader(place: Practice) -> str:
    code, printed = etcd(place, "status", "--json")
    assert code == 0, printed
    rows = json.loads(printed)
    return next(str(row["node"]) for row in rows["members"] if row["leader"])


def member_rows(place: Practice) -> list[str]:
    """As the first control plane lists them, by talosctl's own word."""
    done = place.ran_tool("talosctl", "-n", place.node("cp-1")["address"], "etcd", "members")
    assert done.returncode == 0, done.stderr
    return sorted(line.split()[2] for line in done.stdout.splitlines()[1:])


def snapshots(place: Practice) -> list[Path]:
    return sorted(place.repo.glob("etcd-*.db"))


@both
def test_a_snapshot_is_whole_private_and_never_over_another(place: Practice) -> None:
    code, printed = etcd(place, "snapshot")
    assert code == 0, printed
    (file,) = snapshots(place)

    content = file.read_bytes()
    assert hashlib.sha256(content[:-32]).digest() == content[-32:]
    assert hashlib.sha256(content[:-32]).hexdigest() in printed
    assert f"{len(content)} bytes" in printed
    assert "revision" in printed
    assert file.stat().st_mode & 0o777 == 0o600
    code, printed = etcd(place, "snapshot", file.name)
    assert (code, "ever overwritten" in printed) == (2, True), printed
    assert file.read_bytes() == content


@newest
def test_leadership_goes_to_another(place: Practice) -> None:
    before = leader(place)

    code, printed = etcd(place, "forfeit-leadership", before, "--yes")

    assert code == 0, printed
    code, printed = etcd(place, "forfeit-leadership", before, "--yes")
    assert (code, "does not lead" in printed) == (0, True), printed


@newest
def test_no_space_is_defragmented_and_then_disarmed(place: Practice) -> None:
    place.begin("etcd-nospace@cp-1")

    code, printed = etcd(place, "alarms", "--disarm", "--yes")
    assert (code, "talops etcd defrag" in printed) == (9, True), printed
    code, printed = etcd(place, "defrag", "--yes", "--show-commands")
    assert (code, printed.count("etcd defrag\n")) == (0, 3), printed
    code, printed = etcd(place, "alarms", "--disarm", "--yes")

    assert code == 0, printed
    assert etcd(place, "alarms")[0] == 0
    place.mend("etcd-nospace@cp-1")


@both
def test_the_old_runbook_in_one_command(place: Practice) -> None:
    place.begin("control-plane-replaced@cp-2")
    place.wait_until(lambda: "cp-2-old" in member_rows(place))

    code, printed = etcd(place, "recover")
    assert (code, "a replacement stuck joining" in printed) == (3, True), printed
    assert snapshots(place) == []
    code, printed = etcd(place, "recover", "--yes")

    assert code == 0, printed
    assert member_rows(place) == ["cp-1", "cp-2", "cp-3"]
    assert "cp-2 is a voter of etcd, and well: 3 of 3" in printed
    assert len(snapshots(place)) == 1


@newest
def test_who_is_alive_stays_and_a_question_needs_somebody(place: Practice) -> None:
    code, printed = etcd(place, "remove-member", "cp-3", "--yes")
    assert (code, "it is healthy" in printed, "reset --graceful" in printed) == (9, True, True), printed
    code, printed = etcd(place, "remove-member", "cp-3")
    assert (code, "--yes" in printed) == (2, True), printed
    code, printed = etcd(place, "remove-member", "cp3", "--yes")
    assert (code, "did you mean cp-3?" in printed) == (2, True), printed
    assert snapshots(place) == []


@newest
def test_a_dead_member_is_removed_and_with_the_quorum_lost_nothing_is(place: Practice) -> None:
    """The last one of the file: what it does to the cluster stays."""
    place.begin("power-cut@cp-3")
    place.wait_until(lambda: place.node("cp-3")["kubernetes"] != "Ready")

    code, printed = etcd(place, "remove-member", "cp-3", "--yes")
    assert code == 0, printed
    assert member_rows(place) == ["cp-1", "cp-2"]
    place.begin("etcd-member-lost@cp-2")
    code, printed = etcd(place, "recover", "--yes")
    assert (code, "quorum lost" in printed, "bootstrap --recover-from=" in printed) == (4, True, True), printed
    code, printed = etcd(place, "snapshot")
    assert (code, "sees no leader" in printed) == (0, True), printed
    code, printed = etcd(place, "remove-member", "cp-2", "--yes")
    assert (code, "no quorum" in printed) == (9, True), printed
    place.mend("etcd-member-lost@cp-2")
