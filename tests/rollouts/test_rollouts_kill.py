"""talops dies at any instant; the next one observes and goes on, and no two nodes are ever down together."""

import pytest
from play import cluster

from talops.errors import Exit

CALLS_IN_ONE_NODE = 400


@pytest.mark.parametrize("calls", [*range(1, 60, 6), *range(60, CALLS_IN_ONE_NODE, 17)])
def test_killed_after_any_call_the_next_run_finishes(calls: int) -> None:
    rehearsed = cluster(control_planes=3, workers=1)
    rehearsed.world.kill_talops_after_calls(calls)
    killed = rehearsed.play()
    rehearsed.restart()

    again = rehearsed.play()

    assert killed.exit is None
    assert again.exit is Exit.DONE, again.said
    truth = rehearsed.world.truth
    assert {str(node.version) for node in truth.nodes.values()} == {"v1.13.1"}
    assert truth.max_down_at_once == 1
    assert [node.name for node in truth.kube_nodes() if node.unschedulable] == []
    assert [key for node in truth.kube_nodes() for key in node.annotations if key.startswith("talops.dev/")] == []


@pytest.mark.parametrize("seconds", range(5, 600, 37))
def test_killed_twice_at_any_instant(seconds: int) -> None:
    rehearsed = cluster(control_planes=3, workers=1, seed=seconds)
    for _ in range(2):
        rehearsed.world.kill_talops_at(rehearsed.world.clock.now() + seconds)
        rehearsed.play()
        rehearsed.restart()

    last = rehearsed.play()

    assert last.exit is Exit.DONE, last.said
    assert rehearsed.world.truth.max_down_at_once == 1
