"""Which pods a drain moves, leaves, and refuses."""

from dataclasses import replace

import pytest

from talops.domain.cluster import BarePods
from talops.domain.kubernetes import Pod
from talops.execute.drain import drain_list

WEB = Pod(namespace="web", name="web-1", uid="1", node="w-1", phase="Running", ready=True, owner="ReplicaSet")


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param(replace(WEB, owner="DaemonSet"), id="DaemonSet"),
        pytest.param(replace(WEB, owner="Node", mirror=True), id="mirror"),
        pytest.param(replace(WEB, phase="Succeeded"), id="succeeded"),
        pytest.param(replace(WEB, phase="Failed", owner=""), id="failed and bare"),
    ],
)
def test_what_a_drain_has_no_business_with_stays(pod: Pod) -> None:
    listed = drain_list([pod, WEB], BarePods.REFUSE)

    assert (listed.evict, listed.bare, listed.left) == ((WEB,), (), 1)


def test_a_bare_pod_is_refused_unless_the_policy_deletes_it() -> None:
    bare = replace(WEB, owner="")

    assert drain_list([bare], BarePods.REFUSE).bare == (bare,)
    assert drain_list([bare], BarePods.DELETE).evict == (bare,)


def test_a_bare_pod_that_is_leaving_is_only_waited_for() -> None:
    leaving = replace(WEB, owner="", terminating=True)

    assert drain_list([leaving], BarePods.REFUSE).evict == (leaving,)


def test_emptydir_data_is_counted_where_it_is_lost() -> None:
    pods = [replace(WEB, empty_dirs=2), replace(WEB, name="web-2"), replace(WEB, owner="DaemonSet", empty_dirs=1)]

    assert drain_list(pods, BarePods.REFUSE).empty_dirs == 1
