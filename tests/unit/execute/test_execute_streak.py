"""When open is open enough."""

from datetime import UTC, datetime, timedelta

import pytest

from talops.domain.verdict import GateState, Verdict
from talops.execute.streak import Stability, Streak

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = Verdict(gate="nodes", state=GateState.OPEN)
SHUT = Verdict(gate="nodes", state=GateState.SHUT, reasons=("w-1 is not Ready",))
STEADY = Stability(samples=3, window=timedelta(seconds=15), news=2)


def ceph(stamp: str) -> Verdict:
    return Verdict(gate="ceph", state=GateState.OPEN, freshness={"rook-ceph/rook-ceph": stamp})


def feed(streak: Streak, *samples: tuple[float, Verdict]) -> Streak:
    for at, verdict in samples:
        streak.add(at, EPOCH + timedelta(seconds=at), [verdict])
    return streak


def test_three_samples_over_the_window_are_stable() -> None:
    assert feed(Streak(wanted=STEADY), (0, OPEN), (8, OPEN), (15, OPEN)).lacks() == ""


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param([(0, OPEN), (15, OPEN)], id="too few samples"),
        pytest.param([(0, OPEN), (5, OPEN), (10, OPEN)], id="too short"),
        pytest.param([(0, OPEN), (10, SHUT), (15, OPEN), (20, OPEN), (25, OPEN)], id="shut in between"),
        pytest.param([], id="nothing seen"),
        pytest.param([(0, OPEN), (8, OPEN), (16, SHUT)], id="shut at last"),
        pytest.param([(0, OPEN), (5, OPEN), (100, OPEN)], id="asleep in between"),
    ],
)
def test_less_than_that_is_not(samples: list[tuple[float, Verdict]]) -> None:
    assert feed(Streak(wanted=STEADY), *samples).lacks() != ""


def test_a_status_that_never_changes_proves_nothing() -> None:
    streak = feed(Streak(wanted=STEADY), *((at, ceph("10:00:00")) for at in range(0, 60, 5)))

    assert "rook-ceph/rook-ceph (last checked 10:00:00)" in streak.lacks()


def test_a_status_must_be_new_twice_while_the_gate_is_open() -> None:
    once = feed(Streak(wanted=STEADY), (0, ceph("a")), (10, ceph("a")), (20, ceph("b")))
    twice = feed(once, (30, ceph("c")))

    assert twice.lacks() == ""


def test_news_from_before_the_gate_shut_do_not_count() -> None:
    streak = Streak(wanted=STEADY)

    feed(streak, (0, ceph("a")), (5, ceph("b")), (10, SHUT), (15, ceph("c")), (25, ceph("c")), (35, ceph("d")))

    assert streak.lacks() != ""


def test_a_jump_of_the_wall_clock_voids_every_sample() -> None:
    streak = feed(Streak(wanted=STEADY), (0, OPEN), (8, OPEN))

    streak.add(15, EPOCH + timedelta(hours=1), [OPEN])

    assert streak.lacks() != ""


def test_a_source_that_need_not_show_news_any_more_is_not_waited_for() -> None:
    streak = feed(Streak(wanted=STEADY), (0, ceph("a")), (8, OPEN), (15, OPEN))

    assert streak.lacks() == ""


def test_another_gate_in_the_same_sample_does_not_make_news_forgotten() -> None:
    streak = Streak(wanted=STEADY)
    for at, stamp in ((0, "a"), (10, "a"), (20, "a")):
        streak.add(at, EPOCH + timedelta(seconds=at), [ceph(stamp), OPEN])

    assert "rook-ceph/rook-ceph" in streak.lacks()


def test_a_streak_that_lacks_only_news_is_long_enough() -> None:
    streak = feed(Streak(wanted=STEADY), (0, ceph("a")), (8, ceph("a")), (15, ceph("a")))

    assert streak.stable
    assert streak.lacks() != ""
    assert not feed(streak, (16, SHUT)).stable
