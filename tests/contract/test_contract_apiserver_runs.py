"""Gates, drain and Lease, whole, through the real `kubectl proxy` against a real kube-apiserver."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from live_place import Place
from live_talops import started
from play import Rehearsed, cluster

from builders import desired_cluster
from contract.apiserver import ADMIN, ApiServer
from contract.bridge import Bridge
from contract.mirror import Mirror
from contract.states import (
    Prepare,
    changed,
    checks,
    not_ready,
    postgres,
    removed,
    send,
    the_node,
    the_pod,
    the_postgres,
    the_same,
)
from talops.domain.cluster import Policy
from talops.domain.event import Event, Noted, Step, StepStarted, StepWaits
from talops.domain.kubernetes import CORDONED_BY, IN_FLIGHT, Lease
from talops.domain.process import Kube
from talops.domain.talos import Unknown
from talops.domain.verdict import Verdict
from talops.errors import Exit, Locked, ToolFailed
from talops.execute.lease import RENEW_EVERY, LeaseKeeper, take_away
from talops.execute.session import Session
from talops.gates import judge
from talops.observe import Tools, observe
from talops.sim.kube.objects import Object
from talops.sim.world import World
from talops.tools import kubernetes, requests
from talops.tools.calls import Talosctl

pytestmark = pytest.mark.xdist_group("apiserver")

Real = Callable[..., Rehearsed]


@pytest.fixture
def real(apiserver: ApiServer, mirror: Mirror) -> Real:
    """Makes an embedded cluster whose Kubernetes is the real API server."""

    def build(*faults: str, policy: Policy | None = None) -> Rehearsed:
        rehearsed = cluster(*faults, policy=policy)
        bridge = Bridge(rehearsed.world, mirror, apiserver.kube)
        rehearsed.kube_of = lambda _world: bridge
        return rehearsed

    return build


def verdicts(world: World, kube: Kube) -> tuple[Verdict, ...]:
    desired = desired_cluster(talos_version="v1.13.1")
    tools = Tools(runner=world.runner, kube=kube, clock=world.clock, talosctl=Talosctl())
    return judge(observe(desired, tools), desired, Policy(), going="w-3")


def _two_primaries(status: Object) -> None:
    for reported in status["instancesReportedState"].values():
        reported["isPrimary"] = True


_ACTIVATING = {"phase": "Waiting for the instances to become active", "readyInstances": 2}


@pytest.mark.parametrize(
    ("prepare", "shut"),
    [
        (the_same, ""),
        (checks("HEALTH_WARN", OSD_DOWN="1 osds down"), "ceph"),
        (checks("HEALTH_WARN", MON_DOWN="1/3 mons down, quorum a,b"), "ceph"),
        (checks("HEALTH_ERR", PG_DAMAGED="Possible data damage: 1 pg inconsistent"), "ceph"),
        (removed("pods", "rook-ceph-mon-b", "rook-ceph"), "ceph"),
        (postgres(lambda status: status.update(_ACTIVATING)), "postgres"),
        (postgres(_two_primaries), "postgres"),
        (removed("pods", "postgres-2", "database"), "postgres"),
        (changed("nodes", "w-1", "", not_ready), "nodes"),
    ],
    ids=["well", "osd-down", "mon-down", "damaged", "mon-gone", "phase", "two-primaries", "replica-gone", "not-ready"],
)
def test_the_gates_judge_what_both_serve_alike(
    prepare: Prepare, shut: str, apiserver: ApiServer, mirror: Mirror
) -> None:
    world = cluster().world
    world.advance(3)
    prepare(world)
    mirror.push(world.truth.cluster.store)

    real, ours = verdicts(world, apiserver.kube), verdicts(world, world.kube)

    assert real == ours
    assert [verdict.gate.lower() for verdict in real if not verdict.passes] == ([shut] if shut else []), real


def test_a_rollout_takes_a_node_through_and_leaves_nothing_behind(real: Real, apiserver: ApiServer) -> None:
    """w-1 holds the primary of Postgres, monitors and OSDs of Ceph, and pods that budgets cover."""
    rehearsed = real()
    truth, seen = rehearsed.world.truth, Watched()
    rehearsed.watch = lambda event: seen.look(event, apiserver.kube)

    played = rehearsed.play(only=("w-1",))

    assert played.exit is Exit.DONE, played.said
    assert str(truth.nodes["w-1"].version) == "v1.13.1"
    assert seen.before & seen.at_the_upgrade == set()
    assert seen.primary_moved
    assert seen.marked == {IN_FLIGHT, CORDONED_BY}
    node = the_node(apiserver.kube, "w-1")
    assert (node.unschedulable, dict(node.annotations)) == (False, {})
    assert kubernetes.lease(send(apiserver.kube, requests.lease())) is None


class Watched:
    """What was to be seen on the real server when the node was cordoned, and when its upgrade began."""

    def __init__(self) -> None:
        self.before: set[str] = set()
        self.at_the_upgrade: set[str] = set()
        self.primary_moved = False
        self.marked: set[str] = set()

    def look(self, event: Event, kube: Kube) -> None:
        if isinstance(event, StepStarted) and event.step is Step.CORDON:
            self.before = movable(kube, "w-1")
        if isinstance(event, StepStarted) and event.step is Step.UPGRADE:
            self.at_the_upgrade = movable(kube, "w-1")
            self.primary_moved = the_postgres(kube).primary != "postgres-1"
            node = the_node(kube, "w-1")
            self.marked = set(node.annotations) if node.unschedulable else set()


def movable(kube: Kube, node: str) -> set[str]:
    """UIDs of the pods that a drain takes away."""
    pods = kubernetes.pods(send(kube, requests.pods_on(node)))
    assert isinstance(pods, tuple)
    return {pod.uid for pod in pods if pod.owner not in {"DaemonSet", "Node"}}


def test_a_budget_that_never_opens_stops_the_drain_and_the_node_is_given_back(real: Real, apiserver: ApiServer) -> None:
    rehearsed = real("pdb-blocks@w-3", policy=Policy(drain_timeout=timedelta(seconds=30)))

    played = rehearsed.play(only=("w-3",))

    assert played.exit is Exit.GATE
    assert "legacy/legacy" in played.said
    assert "is held by the budget" in played.said
    assert rehearsed.world.truth.went_down == []
    node = the_node(apiserver.kube, "w-3")
    assert (node.unschedulable, dict(node.annotations)) == (False, {})
    assert the_pod(apiserver.kube, "legacy").node == "w-3"


def test_a_budget_that_opens_lets_the_drain_go_on(real: Real, apiserver: ApiServer) -> None:
    rehearsed = real("pdb-blocks@w-3")
    store, held = rehearsed.world.truth.cluster.store, the_name(rehearsed, "legacy")
    rehearsed.when("w-3", Step.DRAIN, lambda: store.remove("poddisruptionbudgets", "legacy", "legacy"), after=20)

    played = rehearsed.play(only=("w-3",))

    assert played.exit is Exit.DONE, played.said
    waits = [event.reason for event in played.events if isinstance(event, StepWaits) and event.step is Step.DRAIN]
    assert any("legacy/legacy" in reason and "is held by the budget" in reason for reason in waits)
    assert the_pod(apiserver.kube, "legacy").name != held


def the_name(rehearsed: Rehearsed, namespace: str) -> str:
    """The name of the one pod of this namespace, as the cluster knows it."""
    pods = rehearsed.world.truth.cluster.store.all("pods")
    (name,) = (str(pod["metadata"]["name"]) for pod in pods if pod["metadata"]["namespace"] == namespace)
    return name


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
