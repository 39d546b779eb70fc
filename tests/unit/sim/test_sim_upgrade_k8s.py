"""`talosctl upgrade-k8s` at the argv door, in virtual time: what becomes of the cluster."""

from dataclasses import replace

import pytest

from builders import desired_cluster
from talops.domain.process import End, Result, Running
from talops.domain.talos import Version
from talops.sim.faults import Fault, parse_fault
from talops.sim.kube.objects import Object
from talops.sim.world import World, rehearsal
from talops.tools.calls import Talosctl

BEFORE, AFTER = "v1.35.4", "v1.36.1"
CP1 = "10.1.0.1"


def cluster(*faults: str, start: str = "v1.13.0") -> World:
    """Its files want a newer Kubernetes than runs."""
    desired = desired_cluster(kubernetes_version=AFTER)
    parsed = [parse_fault(fault, desired) for fault in faults]
    return rehearsal(desired, start=Version.parse(start), faults=parsed, kubernetes=Version.parse(BEFORE))


def begin(world: World, *words: str) -> Running:
    call = Talosctl().upgrade_k8s(CP1, Version.parse(AFTER))
    return world.runner.start(replace(call, argv=(*call.argv, *words)))


def upgrade(world: World, *words: str) -> Result:
    running = begin(world, *words)
    until = world.clock.now() + 7200
    while (result := running.poll()) is None:
        assert world.clock.now() < until
        world.clock.wait(until)
    return result


def lines(running: Running) -> list[str]:
    return running.output().decode().splitlines()


def wait_for(world: World, running: Running, line: str) -> None:
    until = world.clock.now() + 600
    while line not in lines(running):
        assert world.clock.now() < until, f"it never said {line!r}"
        world.advance(0.1)


def kubelets(world: World) -> dict[str, str]:
    nodes = world.truth.cluster.store.all("nodes")
    return {node["metadata"]["name"]: node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes}


def running_images(world: World) -> dict[str, str]:
    """Tags of the static pods, by pod."""
    pods = world.truth.cluster.store.all("pods")
    static = [pod for pod in pods if "component" in (pod["metadata"].get("labels") or {})]
    return {
        pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["image"].rpartition(":")[2] for pod in static
    }


def test_every_component_of_every_node_gets_the_new_release() -> None:
    world = cluster()
    before = {name: pod["status"]["containerStatuses"][0]["containerID"] for name, pod in static_pods(world).items()}
    assert upgrade(world).ok
    assert set(kubelets(world).values()) == set(running_images(world).values()) == {AFTER}
    assert len(running_images(world)) == 9
    for name, pod in static_pods(world).items():
        assert pod["metadata"]["annotations"]["talos.dev/config-version"] == "2"
        assert pod["status"]["containerStatuses"][0]["containerID"] != before[name]
    for machine in world.truth.nodes.values():
        assert f"kubelet:{AFTER}" in machine.config.active
        assert f"kubelet:{AFTER}" in machine.config.on_disk
        assert machine.ready
    assert f"kube-proxy:{AFTER}" in world.truth.nodes["cp-3"].config.active
    assert world.truth.went_down == []


def static_pods(world: World) -> dict[str, Object]:
    return {name: pod for name in running_images(world) if (pod := pod_of(world, name))}


def pod_of(world: World, name: str) -> Object:
    pod = world.truth.cluster.store.get("pods", name, "kube-system")
    assert pod is not None
    return pod


def test_what_is_there_already_is_left_as_it_is() -> None:
    world = cluster()
    assert upgrade(world).ok
    versions = {name: machine.static_pods.copy() for name, machine in world.truth.nodes.items()}
    began = world.clock.now()
    again = upgrade(world)
    assert again.ok
    assert b"update kube-" not in again.stdout
    assert b"waiting for kubelet restart" not in again.stdout
    assert {name: machine.static_pods for name, machine in world.truth.nodes.items()} == versions
    assert world.clock.now() - began < 5


def test_one_that_is_killed_leaves_everything_as_it_was_at_that_moment() -> None:
    world = cluster()
    running = begin(world)
    wait_for(world, running, ' < "10.1.0.2": successfully updated')
    running.kill()
    world.advance(600)
    result = running.poll()
    assert result is not None
    assert result.end is End.KILLED
    assert result.stdout.decode().splitlines() == lines(running)
    new = [name for name, tag in running_images(world).items() if tag == AFTER]
    assert new == ["kube-apiserver-cp-1", "kube-apiserver-cp-2"]
    assert set(kubelets(world).values()) == {BEFORE}
    assert upgrade(world).ok
    assert set(running_images(world).values()) == {AFTER}


def test_what_a_node_was_told_before_its_client_was_killed_it_goes_on_with() -> None:
    world = cluster()
    running = begin(world)
    wait_for(world, running, ' > "10.1.0.1": waiting for kube-apiserver pod update')
    running.kill()
    world.advance(60)
    assert running_images(world)["kube-apiserver-cp-1"] == AFTER


def test_a_static_pod_that_keeps_its_old_config_is_waited_for_five_minutes() -> None:
    world = cluster("static-pod-stays@cp-2")
    began = world.clock.now()
    result = upgrade(world)
    assert result.exit == 1
    assert result.complaint() == (
        'failed updating service "kube-apiserver": error updating node "10.1.0.2": context deadline exceeded'
    )
    assert 300 < world.clock.now() - began < 400
    mismatch = b' > "10.1.0.2": kube-apiserver: waiting, config version mismatch: got "1", expected "2"\n'
    assert result.stdout.count(mismatch) == 30
    assert running_images(world)["kube-apiserver-cp-2"] == BEFORE
    world.mend()
    world.advance(30)
    assert running_images(world)["kube-apiserver-cp-2"] == AFTER
    assert upgrade(world).ok


@pytest.mark.parametrize("fault", ["kubelet-does-not-restart", "kubelet-fails-after-apply"])
def test_a_kubelet_that_does_not_come_back_is_waited_for_until_somebody_has_enough(fault: str) -> None:
    world = cluster(f"{fault}@w-1")
    running = begin(world)
    world.advance(3600)
    assert lines(running)[-1] == ' > "10.1.0.4": waiting for kubelet restart'
    running.kill()
    assert kubelets(world)["w-1"] == BEFORE
    assert kubelets(world)["cp-3"] == AFTER
    world.mend()
    world.advance(30)
    assert kubelets(world)["w-1"] == AFTER
    assert upgrade(world).ok


def test_a_second_one_waits_for_the_version_of_a_kubelet_that_was_told_already() -> None:
    """The config says the new release: nothing tells it that this was never taken up."""
    world = cluster("kubelet-does-not-restart@w-1")
    running = begin(world)
    world.advance(3600)
    running.kill()
    began = world.clock.now()
    result = upgrade(world)
    assert result.stderr.decode().splitlines() == [
        'failed upgrading kubelet: error updating node "10.1.0.4": 2 error(s) occurred:',
        f'\tnode version mismatch: got "{BEFORE}", expected "{AFTER}"',
        "\ttimeout",
    ]
    assert 180 <= world.clock.now() - began < 190


def test_an_image_that_cannot_be_pulled_ends_it_before_anything_is_changed() -> None:
    world = cluster("kubernetes-image-missing@w-2")
    result = upgrade(world)
    assert result.exit == 1
    assert f"failed pre-pulling images: error pre-pulling ghcr.io/siderolabs/kubelet:{AFTER} on 10.1.0.5" in str(
        result.stderr
    )
    assert set(running_images(world).values()) == {BEFORE}
    assert all(machine.config.active_version == 1 for machine in world.truth.nodes.values())


def test_an_image_that_was_not_pulled_first_keeps_its_pod_from_getting_ready() -> None:
    world = cluster("kubernetes-image-missing@cp-1")
    result = upgrade(world, "--pre-pull-images=false")
    assert result.complaint().endswith('error updating node "10.1.0.1": context deadline exceeded')
    status = pod_of(world, "kube-apiserver-cp-1")["status"]["containerStatuses"][0]
    assert status["state"] == {"waiting": {"reason": "ErrImagePull"}}
    world.mend()
    world.advance(30)
    assert running_images(world)["kube-apiserver-cp-1"] == AFTER
    assert upgrade(world).ok


def test_a_reboot_takes_up_what_a_fault_had_kept_away() -> None:
    world = cluster("static-pod-stays@cp-1")
    upgrade(world)
    machine = world.truth.nodes["cp-1"]
    world.runner.start(Talosctl().reboot(machine.address))
    world.advance(300)
    pod = pod_of(world, "kube-apiserver-cp-1")
    assert running_images(world)["kube-apiserver-cp-1"] == AFTER
    assert pod["metadata"]["annotations"]["talos.dev/config-version"] == "1"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--to", "v1.34.9"), 'unsupported upgrade path 1.35->1.34 (from "1.35.4" to "1.34.9")'),
        (("--to", "v1.37.0"), 'unsupported upgrade path 1.35->1.37 (from "1.35.4" to "1.37.0")'),
        (("--from", "v1.36.0", "--to", "v1.37.0"), 'unsupported upgrade path 1.36->1.37 (from "1.36.0" to "1.37.0")'),
    ],
)
def test_paths_that_it_does_not_know_are_refused(words: tuple[str, ...], why: str) -> None:
    world = cluster()
    call = Talosctl().upgrade_k8s(CP1, Version.parse(AFTER))
    running = world.runner.start(replace(call, argv=("talosctl", "-n", CP1, "upgrade-k8s", *words)))
    world.advance(10)
    result = running.poll()
    assert result is not None
    assert (result.exit, result.stderr.decode()) == (1, f"{why}\n")


def test_a_talos_that_does_not_run_the_new_release_is_named() -> None:
    result = upgrade(cluster(start="v1.12.4"))
    assert result.stderr.decode().splitlines()[-1] == (
        'node "10.1.0.1": version of Kubernetes 1.36.1 is too new to be used with Talos 1.12.4'
    )


def test_without_the_kubernetes_api_it_does_not_know_where_it_stands() -> None:
    world = cluster()
    for machine in world.truth.cluster.control_planes[:2]:
        world.truth.cluster.etcd.set_up(machine, False)
    result = upgrade(world)
    assert result.complaint() == "error detecting the lowest Kubernetes version etcdserver: request timed out"


def test_the_machine_at_hand_is_known_as_the_one_that_it_acts_on() -> None:
    world = cluster()
    running = begin(world)
    wait_for(world, running, ' > "10.1.0.3": waiting for kube-apiserver pod update')
    assert world.truth.talosctl_acts_on("cp-3", younger_than=600)
    assert not world.truth.talosctl_acts_on("cp-1", younger_than=600)


@pytest.mark.parametrize("name", ["kubelet-does-not-restart", "kubernetes-image-missing", "static-pod-stays"])
def test_its_faults_end_without_having_happened(name: str) -> None:
    world = cluster(f"{name}@cp-1")
    assert Fault(name=name, hostname="cp-1") in world.truth.cluster.faults
    world.mend()
    assert upgrade(world).ok


def test_the_api_is_away_while_the_server_behind_its_address_starts_anew() -> None:
    """The virtual IP stays where it is. talosctl goes on with what it knows until it hears more."""
    world = cluster()
    away = set()
    running = begin(world)
    while running.poll() is None:
        world.advance(0.5)
        if world.truth.cluster.api_refused():
            away.add(lines(running)[-1])
    assert away == {f' > "{CP1}": kube-apiserver: waiting, config version mismatch: got "1", expected "2"'}
    result = running.poll()
    assert result is not None
    assert result.ok
