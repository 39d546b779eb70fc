"""The Lease, whole, through the real `kubectl proxy` against a real kube-apiserver; and `talops unlock`."""

from collections.abc import Callable

import pytest
from live_place import Place
from live_talops import started
from play import cluster

from builders import desired_cluster
from contract.apiserver import ADMIN, ApiServer
from contract.mirror import Mirror
from contract.states import (
    send,
)
from talops.domain.cluster import Policy
from talops.domain.event import Event, Noted
from talops.domain.kubernetes import Lease
from talops.domain.process import Kube
from talops.domain.talos import Unknown
from talops.errors import Exit, Locked, ToolFailed
from talops.execute.lease import RENEW_EVERY, LeaseKeeper, take_away
from talops.execute.session import Session
from talops.observe import Tools
from talops.sim.world import World
from talops.tools import kubernetes, requests
from talops.tools.calls import Talosctl


class Holders:
    """Runs that stand before the same real API server, in one virtual time."""

    def __init__(self, world: World, kube: Kube) -> None:
        self._world = world
        self.tools = Tools(runner=world.runner, kube=kube, clock=world.clock, talosctl=Talosctl())
        self.said: list[str] = []

    def keeper(self, holder: str, meanwhile: Callable[[], None] = lambda: None) -> LeaseKeeper:
        """`meanwhile` happens whenever this one waits."""

        def emit(event: Event) -> None:
            if isinstance(event, Noted):
                self.said.append(event.text)

        session = Session(
            tools=self.tools,
            desired=desired_cluster(),
            policy=Policy(),
            run=holder,
            emit=emit,
            tick=lambda _now: meanwhile(),
        )
        return LeaseKeeper(session=session, holder=holder)

    def now(self) -> Lease | None:
        found = kubernetes.lease(send(self.tools.kube, requests.lease()))
        assert not isinstance(found, Unknown)
        return found

    def pass_time(self, seconds: float) -> None:
        self._world.advance(seconds)


@pytest.fixture
def holders(apiserver: ApiServer, mirror: Mirror) -> Holders:
    """Nobody holds the Lease."""
    world = cluster().world
    mirror.push(world.truth.cluster.store)
    return Holders(world, apiserver.kube)


def held_by(lease: Lease | None) -> tuple[str, int]:
    assert lease is not None
    return lease.holder, lease.transitions


def test_a_lease_is_taken_renewed_and_given_up(holders: Holders) -> None:
    keeper = holders.keeper("me")

    keeper.acquire()
    taken = holders.now()
    holders.pass_time(RENEW_EVERY.total_seconds())
    keeper.beat()
    renewed = holders.now()
    keeper.release()

    assert held_by(taken) == held_by(renewed) == ("me", 0)
    assert taken is not None
    assert renewed is not None
    assert (taken.acquired, taken.uid) == (renewed.acquired, renewed.uid)
    assert taken.renewed < renewed.renewed
    assert keeper.lost == ""
    assert holders.now() is None


def test_a_second_run_sees_that_the_first_one_lives(holders: Holders) -> None:
    first = holders.keeper("first")
    first.acquire()
    second = holders.keeper("second", meanwhile=first.beat)

    with pytest.raises(Locked, match="first"):
        second.acquire()

    assert held_by(holders.now()) == ("first", 0)
    assert first.held


def test_the_lease_of_a_run_that_is_silent_is_taken_over_and_the_silent_one_learns_it(holders: Holders) -> None:
    first, second = holders.keeper("first"), holders.keeper("second")
    first.acquire()

    second.acquire()
    first.beat()
    first.release()

    assert "first did not renew the Lease for 60s: taking over." in holders.said
    assert held_by(holders.now()) == ("second", 1)
    assert first.lost == "the Lease is now held by second"
    assert (first.held, second.held) == (False, True)


def test_a_lease_that_was_deleted_is_lost_and_not_made_again(holders: Holders) -> None:
    keeper = holders.keeper("me")
    keeper.acquire()
    held = holders.now()
    assert held is not None
    assert send(holders.tools.kube, requests.lease_delete(held)).status == 200

    keeper.renew()

    assert keeper.lost == "the Lease is now held by nobody (it was deleted)"
    assert holders.now() is None


def test_of_two_that_take_over_at_once_one_wins(holders: Holders) -> None:
    holders.keeper("gone").acquire()
    dead = holders.now()
    assert dead is not None
    at = holders.tools.clock.wall()

    statuses = [
        send(holders.tools.kube, requests.lease_replace(dead, holder, at, 60)).status for holder in ("one", "other")
    ]

    assert statuses == [200, 409]
    assert held_by(holders.now()) == ("one", 1)


def test_unlock_takes_the_lease_of_a_dead_run_away_and_none_that_was_renewed_meanwhile(holders: Holders) -> None:
    keeper = holders.keeper("me")
    keeper.acquire()

    def renewed_meanwhile(_question: str) -> bool:
        holders.pass_time(1)
        keeper.renew()
        return True

    with pytest.raises(ToolFailed, match="was not taken away"):
        take_away(holders.tools, renewed_meanwhile)
    assert held_by(holders.now()) == ("me", 0)
    assert take_away(holders.tools, lambda _question: True) == "The Lease of me was taken away."
    assert holders.now() is None
    keeper.renew()
    assert keeper.lost


def test_unlock_as_a_command_asks_the_real_server(holders: Holders, apiserver: ApiServer, place: Place) -> None:
    holders.keeper("me").acquire()
    place.kubeconfig.write_bytes(apiserver.kubeconfigs[ADMIN].read_bytes())

    with started(place, "unlock", "--yes") as talops:
        assert talops.end() == Exit.DONE, talops.printed

    assert "The Lease of me was taken away." in talops.printed
    assert holders.now() is None
