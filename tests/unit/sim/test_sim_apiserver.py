"""What the API server of a broken cluster says, in process as on the network, and what talops makes of it."""

from play import cluster

from talops.domain.talos import Unknown
from talops.sim.world import World
from talops.tools import kubernetes, requests


def without_quorum() -> World:
    world = cluster().world
    for machine in world.truth.cluster.control_planes[:2]:
        world.truth.etcd.set_up(machine, False)
    return world


def test_without_a_quorum_every_read_and_write_fails_in_the_servers_own_words() -> None:
    kube = without_quorum().kube
    for request in (requests.nodes(), requests.lease(), requests.budgets()):
        (reply,) = kube.gather((request,))
        assert reply.status == 500
        assert b'"message":"etcdserver: request timed out"' in reply.body
    found = kubernetes.nodes(kube.gather((requests.nodes(),))[0])
    assert isinstance(found, Unknown)
    assert "etcdserver: request timed out" in found.reason


def test_without_a_quorum_discovery_and_reviews_are_still_answered() -> None:
    kube = without_quorum().kube
    groups, access = kube.gather((requests.api_groups(), requests.access("patch", "", "nodes")))
    assert not isinstance(kubernetes.api_groups(groups), Unknown)
    assert kubernetes.access_allowed(access) is True


def test_with_no_control_plane_running_nothing_answers() -> None:
    world = cluster(control_planes=1).world
    world.truth.power_cut("cp-1")
    (reply,) = world.kube.gather((requests.nodes(),))
    assert reply.status is None
    assert "connection refused" in reply.error
