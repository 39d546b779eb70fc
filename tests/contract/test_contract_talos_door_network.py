"""The network before the door: who is let in, where calls go, and what is seen when a machine or a line fails."""

import re
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from play import cluster

from contract.talos_door import GENERATIONS, OpenDoor, open_door
from contract.transcripts import plain, talosctl_capture
from talops.domain.process import Result
from talops.sim.network.pki import Authority
from talops.sim.network.talos.listener import Line
from talops.sim.sequences import reboot

CP1, CP2, W1 = "10.1.0.1", "10.1.0.2", "10.1.0.4"
BOTH = pytest.mark.parametrize("version", GENERATIONS)
ASK = ("version", "--json")


@pytest.fixture
def door(tmp_path: Path) -> Iterator[OpenDoor]:
    with open_door(cluster(start="v1.13.0").world, tmp_path) as opened:
        yield opened


def said(result: Result) -> str:
    assert result.exit == 1
    return result.stderr.decode()


@BOTH
def test_a_client_certificate_that_is_over_is_told_so(door: OpenDoor, version: str) -> None:
    config = door.config(life=timedelta(hours=-1))
    text = said(door.talosctl(*ASK, version=version, nodes=(CP1,), config=config))
    # a client that is still writing when it is refused says that instead
    assert re.search(r"remote error: tls: expired certificate|broken pipe|connection reset", text)


@BOTH
def test_a_client_of_another_cluster_is_refused(door: OpenDoor, version: str) -> None:
    config = door.config(signed_by=Authority.talos())
    text = said(door.talosctl(*ASK, version=version, nodes=(CP1,), config=config))
    assert re.search(r"remote error: tls: (unknown certificate authority|error decrypt)|broken pipe|reset", text)


def test_a_client_that_trusts_another_cluster_refuses_us(door: OpenDoor) -> None:
    config = door.config(trusts=Authority.talos())
    ours = door.talosctl("get", "members", nodes=(CP1,), config=config)
    assert plain(ours.stderr) == plain(talosctl_capture("err-badca-get").result.stderr)


@pytest.mark.parametrize(
    ("role", "words", "allowed"),
    [
        ("os:reader", ("version", "--json"), True),
        ("os:reader", ("etcd", "alarm", "disarm"), False),
        ("os:reader", ("etcd", "snapshot", "x.db"), False),
        ("os:reader", ("read", "/etc/hostname"), False),
        ("os:operator", ("etcd", "alarm", "disarm"), True),
        ("os:operator", ("etcd", "snapshot", "y.db"), True),
        ("os:operator", ("kubeconfig", "-"), False),
        ("os:etcd:backup", ("etcd", "snapshot", "z.db"), True),
        ("os:etcd:backup", ("version", "--json"), False),
        ("os:nothing", ("version", "--json"), False),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else str(value),
)
def test_a_role_may_do_what_it_may_on_a_real_node(
    door: OpenDoor, role: str, words: tuple[str, ...], allowed: bool
) -> None:
    result = door.talosctl(*words, nodes=(CP1,), config=door.config(role))
    assert (result.exit == 0) is allowed
    assert (b"code = PermissionDenied desc = not authorized" in result.stderr) is not allowed


def test_a_node_is_asked_by_address_by_name_or_as_the_holder_of_the_virtual_ip(door: OpenDoor) -> None:
    for node in (W1, "w-1", "10.0.0.10"):
        assert door.talosctl(*ASK, nodes=(node,)).exit == 0
    assert door.talosctl("read", "/etc/hostname", nodes=("10.0.0.10",)).stdout in {b"cp-1\n", b"cp-2\n", b"cp-3\n"}


@BOTH
def test_a_control_plane_that_goes_off_takes_its_endpoint_with_it_and_brings_it_back(
    door: OpenDoor, version: str
) -> None:
    def ask() -> Result:
        return door.talosctl(*ASK, version=version, nodes=(W1,), endpoint=door.endpoint("cp-1"))

    assert ask().exit == 0
    door.do(lambda: door.world.truth.power_cut("cp-1"))
    assert f"dial tcp {door.endpoint('cp-1')}: connect: connection refused" in said(ask())
    # another endpoint is a way to the others
    assert door.talosctl(*ASK, version=version, nodes=(W1,)).exit == 0
    door.do(door.world.mend)
    assert ask().exit == 0


def test_an_endpoint_follows_its_machine_however_fast_that_goes_off_and_on(door: OpenDoor) -> None:
    def blink(*, ends_up: bool) -> None:
        machine = door.world.truth.nodes["cp-1"]
        for up in (False, True, False, True, ends_up):
            machine.set_stage("running", ready=True, up=up)

    for ends_up in (True, False, True):
        door.do(partial(blink, ends_up=ends_up))
        result = door.talosctl(*ASK, nodes=(W1,), endpoint=door.endpoint("cp-1"))
        assert (result.exit == 0) is ends_up


def test_a_worker_that_goes_off_closes_no_endpoint(door: OpenDoor) -> None:
    door.do(lambda: door.world.truth.power_cut("w-1"))
    assert "dial tcp 10.1.0.4:50000: connect: no route to host" in said(door.talosctl(*ASK, nodes=(W1,)))
    for hostname in door.ports:
        assert door.talosctl(*ASK, nodes=(CP1,), endpoint=door.endpoint(hostname)).exit == 0


@pytest.mark.parametrize("off", ["cp-1", "w-1"])
def test_a_stream_breaks_off_with_its_machine(door: OpenDoor, off: str) -> None:
    with door.running("logs", "-f", "kubelet", nodes=(off,), endpoint=door.endpoint("cp-1")) as process:
        assert process.stdout is not None
        assert b"starting service" in process.stdout.readline()
        door.do(lambda: door.world.truth.power_cut(off))
        _, stderr = process.communicate()
    assert b"code = Unavailable desc = error reading from server: EOF" in stderr


def test_a_watch_sees_what_becomes_of_a_machine(door: OpenDoor) -> None:
    with door.running("get", "machinestatus", "-w", nodes=(CP2,), endpoint=door.endpoint("cp-1")) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, b"")
        assert any(b"running" in line for line in lines)
        door.do(lambda: reboot(door.world.truth.cluster, door.world.truth.nodes["cp-2"]))
        assert any(b"rebooting" in line for line in lines)


def test_a_node_of_the_older_generation_does_not_know_the_service_for_images(tmp_path: Path) -> None:
    with open_door(cluster(start="v1.12.4").world, tmp_path, still=True) as door:
        result = door.talosctl("image", "list", nodes=(CP1,))
        assert result.exit == 0
        assert b"registry.k8s.io/kube-apiserver" in result.stdout
        # only the newer call knows them
        assert b"io.cri-containerd.image=managed" not in result.stdout


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (Line.REFUSED, "connect: connection refused"),
        (Line.FOREIGN, "certificate signed by unknown authority"),
    ],
    ids=lambda value: value.value if isinstance(value, Line) else "",
)
def test_a_line_that_fails_is_seen_at_its_endpoint_only(door: OpenDoor, line: Line, error: str) -> None:
    door.wait(lambda: door.door.set_line("cp-1", line))
    assert error in said(door.talosctl(*ASK, nodes=(CP1,), endpoint=door.endpoint("cp-1")))
    assert door.talosctl(*ASK, nodes=(CP1,), endpoint=door.endpoint("cp-2")).exit == 0
    door.wait(lambda: door.door.set_line("cp-1", Line.OPEN))
    assert door.talosctl(*ASK, nodes=(CP1,), endpoint=door.endpoint("cp-1")).exit == 0


def test_a_silent_line_takes_connections_and_never_says_anything(door: OpenDoor) -> None:
    door.wait(lambda: door.door.set_line("cp-1", Line.SILENT))
    with socket.create_connection(("127.0.0.1", door.ports["cp-1"]), timeout=0.3) as client:
        client.sendall(b"\x16\x03\x01")
        with pytest.raises(TimeoutError):
            client.recv(1)


@pytest.mark.parametrize(
    "fail",
    [
        lambda door: door.do(lambda: door.door.cut("cp-1")),
        lambda door: door.wait(lambda: door.door.set_line("cp-1", Line.REFUSED)),
    ],
    ids=["cut", "refused"],
)
def test_a_cut_ends_what_is_running(door: OpenDoor, fail: Callable[[OpenDoor], None]) -> None:
    with door.running("dmesg", "-f", nodes=(W1,), endpoint=door.endpoint("cp-1")) as process:
        assert process.stdout is not None
        assert b"Linux version" in process.stdout.readline()
        fail(door)
        _, stderr = process.communicate()
    assert b"Unavailable" in stderr
