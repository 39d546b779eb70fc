"""Gates and drain, whole, through the real `kubectl proxy` against a real kube-apiserver."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from play import Rehearsed, cluster

from builders import desired_cluster
from contract.apiserver import ApiServer
from contract.bridge import Bridge
from contract.mirror import Mirror
from contract.states import (
    Prepare,
    attached,
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
from talops.domain.event import Event, Step, StepStarted, StepWaits
from talops.domain.kubernetes import CORDONED_BY, IN_FLIGHT
from talops.domain.process import Kube
from talops.domain.verdict import Verdict
from talops.errors import Exit
from talops.execute.drain import drain, wait_detached
from talops.execute.session import Session
from talops.gates import judge
from talops.observe import Tools, observe
from talops.sim.kube.objects import Object
from talops.sim.world import World
from talops.tools import kubernetes, requests
from talops.tools.calls import Talosctl

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


def waiting(rehearsed: Rehearsed) -> tuple[Session, list[str]]:
    """A session, and what it says that it waits for."""
    waits: list[str] = []

    def emit(event: Event) -> None:
        if isinstance(event, StepWaits):
            waits.append(event.reason)

    world = rehearsed.world
    kube = rehearsed.kube_of(world)
    tools = Tools(runner=world.runner, kube=kube, clock=world.clock, talosctl=Talosctl())
    return Session(tools=tools, desired=rehearsed.desired, policy=Policy(), run="run-1", emit=emit), waits


def test_a_budget_that_opens_lets_the_drain_go_on(real: Real, apiserver: ApiServer) -> None:
    rehearsed = real("pdb-blocks@w-3")
    world, session, waits = rehearsed.world, *waiting(rehearsed)
    kube = session.tools.kube
    before, held = movable(kube, "w-3"), the_pod(kube, "legacy").uid
    store = world.truth.cluster.store
    world.at(world.clock.now() + 20, lambda: store.remove("poddisruptionbudgets", "legacy", "legacy"))
    world.truth.cordon("w-3")

    drain(session, "w-3", "w-3")

    assert movable(apiserver.kube, "w-3") == set()
    assert held in before
    assert held not in movable(apiserver.kube, "w-1") | movable(apiserver.kube, "w-2")
    assert any("is held by the budget legacy" in reason for reason in waits), waits


def test_volumes_are_waited_for_until_they_are_detached(real: Real) -> None:
    rehearsed = real()
    attached("the volume is busy")(rehearsed.world)
    session, waits = waiting(rehearsed)
    store, now = rehearsed.world.truth.cluster.store, session.now()
    rehearsed.world.at(now + 10, lambda: store.remove("volumeattachments", "csi-1"))

    wait_detached(session, "w-1", "w-1")

    assert waits == ["1 volume to detach (pv-1): the volume is busy"]
    assert 10 <= session.now() - now < 15
