"""What evictions leave behind in the embedded cluster, and for how long."""

from dataclasses import replace

from play import cluster

from talops.domain.kubernetes import Budget, Pod
from talops.sim.world import World
from talops.tools import kubernetes, requests


def pods_of_web(world: World) -> tuple[Pod, ...]:
    (reply,) = world.kube.gather([requests.pods_labelled("app=web")])
    found = kubernetes.pods(reply)
    assert isinstance(found, tuple)
    return found


def budget_of_web(world: World) -> Budget:
    (reply,) = world.kube.gather([requests.budgets()])
    found = kubernetes.budgets(reply)
    assert isinstance(found, tuple)
    return next(budget for budget in found if budget.namespace == "web")


def test_an_eviction_that_meets_another_pod_is_paid_for_until_the_pod_should_be_gone() -> None:
    """The API server charges the budget first; its controller waits two minutes for the pod to leave."""
    world = cluster().world
    victim = replace(pods_of_web(world)[0], uid="another")

    (reply,) = world.kube.gather([requests.evict(victim)])

    assert reply.status == 409
    for seconds in (0, 5, 110):
        world.advance(seconds)
        assert budget_of_web(world).allowed == 0
    world.advance(10)
    assert budget_of_web(world).allowed == 1
    assert {pod.terminating for pod in pods_of_web(world)} == {False}


def test_an_eviction_is_paid_back_when_the_pod_runs_elsewhere() -> None:
    world = cluster().world
    victim = pods_of_web(world)[0]

    (reply,) = world.kube.gather([requests.evict(victim)])

    assert reply.status == 201
    assert budget_of_web(world).allowed == 0
    world.advance(60)
    assert budget_of_web(world).allowed == 1
    assert victim.uid not in {pod.uid for pod in pods_of_web(world)}


def test_a_finished_pod_leaves_at_once() -> None:
    world = cluster().world
    victim = pods_of_web(world)[0]
    store = world.truth.cluster.store
    store.update("pods", victim.name, "web", lambda pod: pod["status"].update(phase="Failed"))

    (reply,) = world.kube.gather([requests.evict(victim)])

    assert reply.status == 201
    assert victim.uid not in {pod.uid for pod in pods_of_web(world)}
