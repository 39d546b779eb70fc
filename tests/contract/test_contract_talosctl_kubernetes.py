"""`talosctl upgrade-k8s` of the embedded cluster says what the real one said, line by line, on a cluster like that."""

from dataclasses import replace
from datetime import timedelta

import pytest

from builders import desired_cluster
from contract.transcripts import talosctl_capture, words_of
from machine_configs import machine_config
from talops.domain.cluster import Desired
from talops.domain.process import Call, Result
from talops.domain.talos import Version
from talops.sim.world import World, rehearsal

# the pods of these captures had their new config before talosctl looked
RACE = ("waiting, config version mismatch", "pod is not ready, waiting")
COMPATIBLE = "is compatible with Kubernetes"
ADDRESSES = ("127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.21")


def like_the_captured() -> Desired:
    """Three control planes and a worker on loopback."""
    desired = desired_cluster(workers=1, talos_version="v1.13.0", kubernetes_version="v1.35.0")
    nodes = zip(desired.nodes, ADDRESSES, strict=True)
    return replace(desired, nodes=tuple(replace(node, addresses=(address,)) for node, address in nodes))


def cluster(talos: str) -> World:
    """Its configs name no image but the kubelet's."""
    desired = like_the_captured()
    kinds = {node.hostname: node.role.value for node in desired.nodes}
    configs = {name: machine_config(kind=kind, image="v1.35.0", talos=talos) for name, kind in kinds.items()}
    return rehearsal(desired, start=Version.parse(talos), configs=configs)


def run(world: World, *words: str) -> Result:
    call = Call(template="upgrade-k8s", argv=("talosctl", *words), deadline=timedelta(hours=1))
    running = world.runner.start(call)
    world.advance(1800)
    result = running.poll()
    assert result is not None
    return result


def told(stdout: bytes) -> list[str]:
    """The older talosctl says which Talos is compatible in the order in which the nodes have answered."""
    lines = [line for line in stdout.decode().splitlines() if not any(words in line for words in RACE)]
    compatible = iter(sorted(line for line in lines if COMPATIBLE in line))
    return [next(compatible) if COMPATIBLE in line else line for line in lines]


@pytest.mark.parametrize("version", ["v1.13.0", "v1.12.0"])
@pytest.mark.parametrize(
    "name", ["upgrade-k8s", "upgrade-k8s-dry-run", "err-upgrade-k8s-downgrade", "err-upgrade-k8s-unsupported-path"]
)
def test_it_is_told_line_by_line_as_by_the_real_one(name: str, version: str) -> None:
    real = talosctl_capture(name, version)
    ours = run(cluster(version), "-n", ADDRESSES[0], *words_of(real))
    assert told(ours.stdout) == told(real.result.stdout)
    assert ours.exit == real.result.exit
    assert _without_warning(ours.stderr) == real.result.stderr


def _without_warning(stderr: bytes) -> bytes:
    """The embedded one is a 1.13, and says so to older nodes."""
    return b"".join(line for line in stderr.splitlines(keepends=True) if not line.startswith(b"WARNING: "))


@pytest.mark.parametrize("version", ["v1.13.0", "v1.12.0"])
def test_a_second_one_finds_everything_done_as_the_real_one_does(version: str) -> None:
    real = talosctl_capture("upgrade-k8s-already-there", version)
    world = cluster(version)
    words = ("-n", ADDRESSES[0], *words_of(real))
    run(world, *words)
    # the pods of the capture still had their old images
    assert told(run(world, *words).stdout)[1:] == told(real.result.stdout)[1:]


def test_without_its_kubernetes_it_fails_in_the_words_of_the_older_one() -> None:
    """What the newer one says of such a kubeconfig is of the capture's alone: it has no CA."""
    real = talosctl_capture("err-upgrade-k8s-no-kubernetes-api", "v1.12.0")
    desired = replace(like_the_captured(), endpoint="http://127.0.0.13:36443")
    world = rehearsal(desired, start=Version.parse("v1.13.0"))
    world.truth.power_cut("cp-3")
    ours = run(world, "-n", ADDRESSES[0], *words_of(real))
    assert ours.stderr == real.result.stderr.replace(b"127.0.0.11:36443", b"127.0.0.13:36443")
    assert ours.stdout == real.result.stdout
