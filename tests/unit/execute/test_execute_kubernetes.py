"""What a talosctl that failed is taken for, and by which endpoint one is asked."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from play import cluster

from corpus import corpus
from talops.domain.components import Component, KubernetesNow, NodeComponents, spoken
from talops.domain.event import NodeState
from talops.domain.plan import UpgradeKubernetes
from talops.domain.process import End, Result
from talops.domain.talos import Role, Unknown, Version
from talops.execute.endpoint import direct_endpoint
from talops.execute.kubernetes_meaning import Left, lost_the_api, words_of
from talops.execute.kubernetes_watch import Watch
from talops.execute.session import Session
from talops.observe import Tools
from talops.tools.calls import Talosctl

OLD, NEW = Version.parse("v1.35.2"), Version.parse("v1.36.1")
NODES = {"192.168.20.5": "cp-1", "10.0.1.101": "w-1"}


def session() -> Session:
    played = cluster()
    world = played.world
    tools = Tools(runner=world.runner, kube=world.kube, clock=world.clock, talosctl=Talosctl())
    return Session(
        tools=tools,
        desired=played.desired,
        policy=played.policy,
        run="run-1",
        again="talops upgrade k8s",
        emit=lambda _event: None,
    )


def nodes(version: Version) -> tuple[NodeComponents, ...]:
    return tuple(
        NodeComponents(hostname=name, role=role, address=address, runs=dict.fromkeys(parts, version))
        for name, role, address, parts in (
            ("cp-1", Role.CONTROL_PLANE, "192.168.20.5", (Component.API_SERVER, Component.KUBELET)),
            ("w-1", Role.WORKER, "10.0.1.101", (Component.KUBELET,)),
        )
    )


def left(stdout: bytes, stderr: bytes, now: KubernetesNow | Unknown, *, end: End = End.EXITED) -> Left:
    step = UpgradeKubernetes(
        hostname="cp-1",
        role=Role.CONTROL_PLANE,
        address="192.168.20.5",
        from_version=OLD,
        version=NEW,
        nodes=nodes(OLD),
        last=True,
        talosctl=None,
        why=(),
    )
    watch = Watch(session=session(), step=step, hostnames=NODES)
    watch.hear(stdout)
    return Left(
        session=watch.session,
        step=step,
        watch=watch,
        result=Result(end=end, exit=1, stdout=stdout, stderr=stderr),
        now=now,
    )


def captured(name: str) -> bytes:
    return corpus("outputs", name).read_bytes().partition(b"----\n")[2] + b"\n"


def test_removed_flags_are_told_from_the_table_that_is_all_talosctl_says() -> None:
    stopped = left(
        captured("upgrade-k8s-v1.10-removed-flags-exit1.txt"), b"", KubernetesNow(nodes=nodes(OLD))
    ).stopped()

    assert stopped.state is NodeState.NOT_STARTED
    assert "nothing was changed" in stopped.what
    assert "172.23.0.8 kube-apiserver cloud-provider" in stopped.what
    assert "talops gen config && talops apply" in stopped.hint


def test_a_static_pod_that_keeps_its_config_is_named_and_both_lines_of_the_error_are_told() -> None:
    said = captured("upgrade-k8s-v1.5-config-version-mismatch.txt")
    began = b'updating "kube-apiserver" to version "1.36.1"\n > "192.168.20.5": starting update\n'

    stopped = left(began, said, KubernetesNow(nodes=nodes(OLD))).stopped()

    assert (stopped.hostname, stopped.state) == ("cp-1", NodeState.OLD_STATIC_POD)
    assert 'config version mismatch: got "1", expected "2" timeout' in stopped.what
    assert stopped.hint.startswith("talosctl -n 10.1.0.1 service kubelet restart")


def test_a_kubelet_that_does_not_restart_is_named() -> None:
    stdout = captured("upgrade-k8s-v1.8-hang-kubelet-restart.txt")

    stopped = left(stdout, b"", KubernetesNow(nodes=nodes(OLD)), end=End.KILLED).stopped()

    assert (stopped.hostname, stopped.state) == ("w-1", NodeState.OLD_KUBELET)
    assert "service kubelet restart" in stopped.hint


def test_a_component_that_runs_the_release_and_fails_is_not_said_to_be_old() -> None:
    began = b'updating "kube-apiserver" to version "1.36.1"\n > "192.168.20.5": waiting for kube-apiserver pod update\n'
    mixed = (nodes(NEW)[0], nodes(OLD)[1])

    stopped = left(began, b"pod is not ready", KubernetesNow(nodes=mixed)).stopped()

    assert stopped.state is NodeState.BEHIND
    assert "kube-apiserver on cp-1 does not get well" in stopped.what
    assert "kubectl -n kube-system logs kube-apiserver-cp-1" in stopped.hint


def test_a_kube_proxy_that_is_left_is_a_matter_of_its_daemonset() -> None:
    done, worker = nodes(NEW)
    runs: dict[Component, Version | Unknown] = {**worker.runs, Component.PROXY: OLD}
    found = left(b"updating manifests\n", b"", KubernetesNow(nodes=(done, replace(worker, runs=runs))))

    assert found.only_proxies()
    assert found.stopped().state is NodeState.BEHIND
    assert "rollout status daemonset kube-proxy" in found.stopped().hint


def test_when_the_api_does_not_tell_that_is_said_too() -> None:
    stopped = left(b"", b"EOF", Unknown("connection refused")).stopped()

    assert "What runs now is not known: connection refused" in stopped.what


@pytest.mark.parametrize(
    ("stderr", "lost"),
    [
        (b'Get "https://10.0.0.10:6443/api/v1/nodes": dial tcp 10.0.0.10:6443: connect: connection refused', True),
        (b"rpc error: code = Unavailable desc = error reading from server: EOF", True),
        (b"etcdserver: leader changed", True),
        (b"failed updating service: config version mismatch\n\ttimeout", False),
        (b'unsupported upgrade path 1.35->1.37 (from "1.35.0" to "1.37.0")', False),
        (b"", False),
    ],
)
def test_an_api_that_went_away_is_told_from_a_component_that_does_not_get_well(stderr: bytes, lost: bool) -> None:
    assert lost_the_api(Result(exit=1, stderr=stderr)) is lost
    assert not lost_the_api(Result(exit=0, stderr=stderr))


def test_errors_over_several_lines_are_one_line() -> None:
    assert words_of(Result(exit=1, stderr=b"2 error(s) occurred:\n\tone\n\ttwo\n")) == "2 error(s) occurred: one two"


@pytest.mark.parametrize(
    ("endpoints", "chosen"),
    [
        (["10.1.0.1", "10.1.0.2"], "10.1.0.1"),
        (["10.0.0.10", "10.1.0.1:50000"], "10.1.0.1:50000"),
        (["127.0.0.1:4001", "127.0.0.1:4002"], "127.0.0.1:4001"),
        (["localhost:4001"], "localhost:4001"),
        # a virtual IP or a name: the node itself answers
        (["10.0.0.10"], "10.1.0.1"),
        (["talos.example"], "10.1.0.1"),
        ([], "10.1.0.1"),
    ],
)
def test_talosctl_goes_by_the_node_itself(endpoints: Sequence[str], chosen: str) -> None:
    own = session()

    assert direct_endpoint(own, Talosctl(endpoints=tuple(endpoints)), own.desired.node("cp-1")) == chosen


def test_a_node_that_is_only_reached_by_others_is_asked_by_the_endpoints_of_the_talosconfig() -> None:
    played = cluster("dead-node@cp-1")
    own, node = session(), played.desired.node("cp-1")
    own.tools = Tools(runner=played.world.runner, kube=played.world.kube, clock=played.world.clock, talosctl=Talosctl())

    assert direct_endpoint(own, Talosctl(endpoints=("10.0.0.10",)), node) == ""


def test_an_endpoint_of_ipv6_is_known_with_and_without_its_port() -> None:
    own = session()
    node = replace(own.desired.nodes[0], addresses=("fd00::11",))

    for endpoint in ("fd00::11", "[fd00::11]:50000", "[fd00::11]"):
        assert direct_endpoint(own, Talosctl(endpoints=("fd00::1", endpoint)), node) == endpoint


def test_what_runs_is_told_once_for_components_that_are_alike() -> None:
    mixed = (nodes(NEW)[0], nodes(OLD)[1])

    assert spoken(mixed) == "kube-apiserver v1.36.1 everywhere; kubelet v1.35.2 on w-1 and v1.36.1 on cp-1"
