"""The arithmetic of quorum: a table of cases, and what holds whatever the members are."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talops.domain.quorum import (
    Membership,
    Peer,
    Refusal,
    has_quorum,
    losses_borne,
    losses_left,
    quorum,
)

WELL, DEAD, LEARNER, NEVER_STARTED = "w", "d", "l", "n"


def members(letters: str) -> Membership:
    """One letter a member: well, dead, learner, or added and never started; called `0`, `1` …"""
    return Membership.of(
        Peer(id=str(at), voter=letter != LEARNER, started=letter != NEVER_STARTED, healthy=letter in {WELL, LEARNER})
        for at, letter in enumerate(letters)
    )


memberships = st.text(alphabet=[WELL, DEAD, LEARNER, NEVER_STARTED], max_size=9).map(members)


@pytest.mark.parametrize(
    ("voters", "needs", "bears"),
    [(0, 1, 0), (1, 1, 0), (2, 2, 0), (3, 2, 1), (4, 3, 1), (5, 3, 2), (6, 4, 2), (7, 4, 3), (9, 5, 4)],
)
def test_a_quorum_is_more_than_half_of_the_voters(voters: int, needs: int, bears: int) -> None:
    assert (quorum(voters), losses_borne(voters)) == (needs, bears)


@pytest.mark.parametrize(
    ("voters", "healthy", "left"),
    [
        *[(0, 0, -1), (1, 1, 0), (1, 0, -1), (2, 2, 0), (2, 1, -1), (3, 3, 1), (3, 2, 0), (3, 1, -1), (3, 0, -2)],
        *[(4, 4, 1), (4, 3, 0), (5, 5, 2), (5, 4, 1), (5, 3, 0), (5, 2, -1), (7, 5, 1)],
    ],
)
def test_how_many_more_may_be_lost(voters: int, healthy: int, left: int) -> None:
    assert losses_left(voters, healthy) == left
    assert has_quorum(voters, healthy) is (left >= 0)


@pytest.mark.parametrize(
    ("letters", "going", "said"),
    [
        ("www", "1", None),
        ("wwd", "2", None),  # the dead one may go: two of two are left
        ("wwd", "1", Refusal.UNHEALTHY),  # a live one may not: one of two would be left
        ("wdd", "2", Refusal.NO_QUORUM),
        ("wdd", "0", Refusal.UNHEALTHY),
        ("ww", "1", None),
        ("wd", "1", Refusal.NO_QUORUM),
        ("w", "0", Refusal.FEW_STARTED),  # the last voter
        ("wl", "1", None),
        ("wl", "0", Refusal.FEW_STARTED),  # a learner cannot be the only one left
        ("wn", "1", Refusal.NO_QUORUM),  # added to a single member, never started: nothing can be agreed on
        ("wwn", "2", None),
        ("wwn", "1", Refusal.FEW_STARTED),
        ("wwddd", "4", Refusal.NO_QUORUM),
        ("wwwdd", "4", None),
        ("wwwdd", "0", Refusal.UNHEALTHY),
        ("www", "7", Refusal.NOT_FOUND),
    ],
)
def test_what_etcd_says_to_a_removal(letters: str, going: str, said: Refusal | None) -> None:
    assert members(letters).refuses_removal(going) is said


@pytest.mark.parametrize(
    ("letters", "as_learner", "as_voter"),
    [
        ("www", None, None),
        ("w", None, None),  # a cluster that grows from one
        ("ww", None, None),
        ("wwd", Refusal.UNHEALTHY, Refusal.UNHEALTHY),  # why a replacement is stuck: the dead member goes first
        ("wwl", Refusal.LEARNERS, None),
        ("wwn", Refusal.UNHEALTHY, Refusal.FEW_STARTED),
        ("", Refusal.NO_QUORUM, Refusal.FEW_STARTED),
    ],
)
def test_what_etcd_says_to_a_newcomer(letters: str, as_learner: Refusal | None, as_voter: Refusal | None) -> None:
    assert members(letters).refuses_adding(learner=True) is as_learner
    assert members(letters).refuses_adding(learner=False) is as_voter


def test_a_learner_counts_for_nothing() -> None:
    some = members("wwwl")
    assert (some.voters, some.learners, some.healthy, some.losses_left) == (3, 1, 3, 1)
    assert some.lost("3").losses_left == some.losses_left


@given(st.integers(min_value=1, max_value=200))
def test_two_quorums_share_a_voter_and_half_is_none(voters: int) -> None:
    assert 2 * quorum(voters) > voters
    assert 2 * (quorum(voters) - 1) <= voters


@given(st.integers(min_value=1, max_value=200))
def test_a_quorum_before_and_one_after_a_change_share_a_voter(voters: int) -> None:
    assert quorum(voters) + quorum(voters + 1) > voters + 1


@given(st.integers(min_value=0, max_value=9), st.integers(min_value=0, max_value=9))
def test_what_is_left_is_what_may_be_lost_by_trying_it(voters: int, healthy: int) -> None:
    healthy = min(voters, healthy)
    borne = [lost for lost in range(healthy + 1) if 2 * (healthy - lost) > voters]
    assert max(0, losses_left(voters, healthy)) == max(borne, default=0)
    assert has_quorum(voters, healthy) is bool(borne)


@given(memberships)
@settings(max_examples=60)
def test_quorum_is_borne_by_exactly_the_losses_that_are_left(some: Membership) -> None:
    well = [peer.id for peer in some.peers if peer.voter and peer.healthy]
    for many in range(len(well) + 1):
        for lost in combinations(well, many):
            assert some.lost(*lost).quorate is (many <= some.losses_left)


@given(memberships)
def test_losing_one_that_is_dead_changes_nothing_and_removing_it_never_hurts(some: Membership) -> None:
    for peer in some.peers:
        assert some.lost(peer.id).losses_left <= some.losses_left
        if peer.voter and not peer.healthy:
            assert some.lost(peer.id) == some
            assert some.removed(peer.id).losses_left >= some.losses_left


@given(memberships)
def test_a_removal_that_etcd_allows_leaves_a_quorum(some: Membership) -> None:
    for peer in some.peers:
        if some.refuses_removal(peer.id) is None:
            assert some.removed(peer.id).quorate


@given(memberships, st.booleans())
def test_a_newcomer_that_etcd_lets_in_finds_and_leaves_a_quorum_for_all_who_start(
    some: Membership, learner: bool
) -> None:
    if some.refuses_adding(learner=learner) is None:
        grown = some.added(Peer(id="new", voter=not learner))
        assert some.quorate
        assert grown.quorate
        assert grown.removed("new") == some
