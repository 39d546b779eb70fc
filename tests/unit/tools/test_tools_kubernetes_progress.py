"""What talosctl upgrade-k8s tells of its progress, read from what real ones have printed."""

import pytest

from corpus import corpus
from talops.domain.components import STATIC_PODS, Component
from talops.domain.event import Move
from talops.tools.kubernetes_progress import Progress, Told


def stdout_of(*parts: str) -> bytes:
    text = corpus(*parts).read_text()
    return text.partition("## stdout\n")[2].partition("## stderr")[0].encode()


@pytest.mark.parametrize("release", ["v1.12.0", "v1.13.0"])
def test_a_real_upgrade_is_told_component_by_component_and_node_by_node(release: str) -> None:
    told = list(Progress().read(stdout_of("outputs-real", f"talosctl-{release}", "upgrade-k8s.txt")))

    planes = [f"127.0.0.{n}" for n in (11, 12, 13)]
    done = [(one.component, one.address) for one in told if one.move is Move.DONE]
    assert done == [(part, plane) for part in STATIC_PODS for plane in planes] + [
        (Component.KUBELET, node) for node in (*planes, "127.0.0.21")
    ]
    assert [one.address for one in told if one.component is Component.PROXY] == planes
    assert sum(one.move is Move.PULLS for one in told) == 3 * 3 + 4
    assert Told(address="127.0.0.11", component=Component.KUBELET, move=Move.WAITS, text="kubelet restart") in told


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_it_tells_the_same_however_the_output_arrives(size: int) -> None:
    output = stdout_of("outputs-real", "talosctl-v1.13.0", "upgrade-k8s.txt")
    growing = Progress()

    told = [one for end in range(size, len(output) + size, size) for one in growing.read(output[:end])]

    assert told == list(Progress().read(output))
    assert growing.manifests


@pytest.mark.parametrize(
    ("file", "last"),
    [
        ("upgrade-k8s-v1.3-hang-kubelet-restart.txt", ("1.2.3.4", Component.KUBELET, Move.WAITS, "kubelet restart")),
        ("upgrade-k8s-v1.8-hang-kubelet-restart.txt", ("10.0.1.101", Component.KUBELET, Move.WAITS, "kubelet restart")),
        ("upgrade-k8s-v1.10-endpoint-watch-noise.txt", ("<ip-1>", Component.API_SERVER, Move.DONE, "")),
        ("upgrade-k8s-v1.11-apply-invalid-config.txt", ("xxx.xxx.xxx.xxx", Component.API_SERVER, Move.BEGINS, "")),
        ("upgrade-k8s-v1.7-start.txt", ("10.5.0.2", Component.API_SERVER, Move.WAITS, "kube-apiserver pod update")),
    ],
)
def test_the_last_thing_that_others_have_seen_is_read(file: str, last: tuple[str, Component, Move, str]) -> None:
    progress = Progress()
    list(progress.read(corpus("outputs", file).read_bytes().partition(b"----\n")[2] + b"\n"))

    assert progress.last is not None
    assert (progress.last.address, progress.last.component, progress.last.move, progress.last.text) == last


def test_addresses_of_ipv6_and_a_line_without_its_space_are_read() -> None:
    output = corpus("outputs", "upgrade-k8s-v1.12-success-ipv6-manifests.txt").read_bytes().partition(b"----\n")[2]

    done = [one for one in Progress().read(output) if one.move is Move.DONE]

    assert {one.address for one in done} == {"2a02:a470:edcd::d81d"}
    assert [one.component for one in done] == [Component.API_SERVER, Component.KUBELET]


def test_removed_flags_are_no_progress() -> None:
    output = corpus("outputs", "upgrade-k8s-v1.10-removed-flags-exit1.txt").read_bytes()

    assert list(Progress().read(output)) == []
