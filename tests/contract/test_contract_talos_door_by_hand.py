"""What an operator types, with the real talosctl of both generations, at the network door."""

import re
from collections.abc import Iterator

import pytest
from play import cluster

from contract.talos_door import GENERATIONS, KUBECONFIG, OpenDoor, open_door
from talops.domain.process import Result
from talops.sim.kinds import KINDS

CP1, W1 = "10.1.0.1", "10.1.0.4"
BOTH = pytest.mark.parametrize("version", GENERATIONS)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenDoor]:
    with open_door(cluster(start="v1.13.0").world, tmp_path_factory.mktemp("door")) as opened:
        yield opened


def ok(result: Result) -> str:
    """What it printed on stdout."""
    assert (result.exit, result.stderr.decode()) == (0, "")
    return result.stdout.decode()


def failed(result: Result) -> str:
    assert (result.exit, result.stdout.decode()) == (1, "")
    return result.stderr.decode()


def cells(text: str) -> list[list[str]]:
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]


@BOTH
def test_version_names_the_nodes_and_what_they_run(door: OpenDoor, version: str) -> None:
    text = ok(door.talosctl("version", version=version, nodes=(CP1, "w-1")))
    assert text.count("Tag:         v1.13.0") == 2 + (version == "1.13.0")
    assert re.findall(r"NODE: +(\S+)", text) == [CP1, "w-1"]
    assert "Enabled:     RBAC" in text


@BOTH
def test_members_are_a_table_with_the_columns_of_talos(door: OpenDoor, version: str) -> None:
    header, *rows = cells(ok(door.talosctl("get", "members", version=version, nodes=(CP1,))))
    assert header[5:] == ["HOSTNAME", "MACHINE TYPE", "OS", "ADDRESSES"]
    assert [row[3] for row in rows] == ["cp-1", "cp-2", "cp-3", "w-1", "w-2", "w-3"]
    assert rows[0][5:] == ["cp-1", "controlplane", "Talos (v1.13.0)", '["10.1.0.1"]']


@BOTH
def test_every_kind_of_resource_can_be_had_as_a_table_and_as_yaml(door: OpenDoor, version: str) -> None:
    listed = ok(door.talosctl("get", "rd", version=version, nodes=(CP1,)))
    assert {kind.type.lower() for kind in KINDS.values()} <= {row[3] for row in cells(listed)[1:]}
    kinds = sorted(kind.type for kind in KINDS.values()) if version == "1.13.0" else ["Members.cluster.talos.dev"]
    for kind in kinds:
        result = door.talosctl("get", kind, "-o", "yaml", version=version, nodes=(CP1,))
        assert result.exit == 0, (kind, result.stderr)


@BOTH
def test_the_machine_config_is_that_of_the_files_and_a_reader_may_not_see_it(door: OpenDoor, version: str) -> None:
    text = ok(door.talosctl("get", "mc", "v1alpha1", "-o", "yaml", version=version, nodes=(CP1,)))
    assert "spec: |\n    version: v1alpha1\n" in text
    assert "hostname: cp-1" in text
    denied = door.talosctl("get", "mc", version=version, nodes=(CP1,), config=door.config("os:reader"))
    assert denied.exit == 1
    assert b"code = PermissionDenied desc = not authorized" in denied.stderr


@BOTH
def test_services_are_those_of_the_role(door: OpenDoor, version: str) -> None:
    of_plane = cells(ok(door.talosctl("services", version=version, nodes=(CP1,))))
    of_worker = cells(ok(door.talosctl("services", version=version, nodes=(W1,))))
    assert {row[1] for row in of_plane} - {row[1] for row in of_worker} == {"etcd", "trustd"}
    assert {tuple(row[2:4]) for row in of_plane[1:]} == {("Running", "OK")}
    assert "STATE    Running\nHEALTH   OK\n" in ok(door.talosctl("service", "kubelet", version=version, nodes=(W1,)))


@BOTH
def test_a_snapshot_is_a_database_that_talosctl_itself_accepts(door: OpenDoor, version: str) -> None:
    file = f"etcd-{version}.db"
    text = ok(door.talosctl("etcd", "snapshot", file, version=version, nodes=(CP1,)))
    assert f'etcd snapshot saved to "{file}" (16416 bytes)' in text
    assert re.search(r"snapshot info: hash [0-9a-f]{8}, revision 6, total keys 6, total size 16384", text)
    refused = failed(door.talosctl("etcd", "snapshot", "worker.db", version=version, nodes=(W1,)))
    assert refused.endswith("code = Unimplemented desc = etcd snapshot is only available on control plane nodes\n")


@BOTH
def test_health_of_a_healthy_cluster_is_waited_for_check_by_check(door: OpenDoor, version: str) -> None:
    result = door.talosctl("health", version=version, nodes=(CP1,))
    lines = result.stderr.decode().splitlines()
    assert (result.exit, lines[0]) == (
        0,
        'discovered nodes: ["10.1.0.1" "10.1.0.2" "10.1.0.3" "10.1.0.4" "10.1.0.5" "10.1.0.6"]',
    )
    assert lines[-1] == "waiting for all k8s nodes to report schedulable: OK"


@BOTH
def test_health_asked_by_the_client_itself_finds_all_that_is_talos_well(door: OpenDoor, version: str) -> None:
    result = door.talosctl("health", "--server=false", "--wait-timeout=1s", version=version, nodes=(CP1,))
    assert b"waiting for all nodes to finish boot sequence: OK\n" in result.stderr


@BOTH
def test_logs_and_dmesg_carry_the_node_before_each_line(door: OpenDoor, version: str) -> None:
    dmesg = ok(door.talosctl("dmesg", version=version, nodes=(CP1, W1))).splitlines()
    assert sorted({line.partition(": ")[0] for line in dmesg}) == [CP1, W1]
    assert any("[talos] initializing Talos v1.13.0" in line for line in dmesg)
    logs = ok(door.talosctl("logs", "etcd", "--tail", "1", version=version, nodes=(CP1,)))
    assert re.fullmatch(r"10\.1\.0\.1: \S+ etcd: Health check successful\n", logs)
    assert b'log "nope" was not registered' in door.talosctl("logs", "nope", version=version, nodes=(CP1,)).stderr


@BOTH
def test_the_kubeconfig_is_the_one_that_the_door_was_given(door: OpenDoor, version: str) -> None:
    assert ok(door.talosctl("kubeconfig", "-", version=version, nodes=(CP1,))).encode() == KUBECONFIG


@BOTH
def test_images_are_listed_by_the_call_that_the_talosctl_knows(door: OpenDoor, version: str) -> None:
    rows = cells(ok(door.talosctl("image", "list", version=version, nodes=(W1,))))
    assert ("LABELS" in rows[0]) is (version == "1.13.0")
    assert [row[1] for row in rows[1:]] == ["registry.k8s.io/kube-proxy:v1.35.4"]


@BOTH
def test_a_new_talosconfig_opens_the_door_with_its_role(door: OpenDoor, version: str) -> None:
    name = f"new-{version}"
    ok(door.talosctl("config", "new", name, "--roles", "os:reader", version=version, nodes=(CP1,)))
    assert ok(door.talosctl("version", "--json", version=version, nodes=(CP1,), config=name))
    denied = door.talosctl("read", "/etc/hostname", version=version, nodes=(CP1,), config=name)
    assert denied.stderr.endswith(b"code = PermissionDenied desc = not authorized\n")


@BOTH
@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("read", "/nope"), "code = NotFound desc = stat /nope: no such file or directory"),
        (("containers",), "code = Unimplemented desc = unknown method Containers for service machine.MachineService"),
        (("time",), "code = Unimplemented desc = unknown service time.TimeService"),
        (("etcd", "remove-member", "1234"), "code = NotFound desc = etcdserver: member not found"),
        (("get", "nosuch"), 'code = NotFound desc = resource "nosuch" is not registered'),
        (("get", "members", "x"), "NotFound desc = resource Members.cluster.talos.dev(cluster/x) doesn't exist"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_what_a_node_has_not_got_is_refused_in_its_words(
    door: OpenDoor, version: str, words: tuple[str, ...], error: str
) -> None:
    result = door.talosctl(*words, version=version, nodes=(CP1,))
    assert result.exit == 1
    assert error in result.stderr.decode()


def test_a_listing_of_files_is_refused_as_a_stream_is(door: OpenDoor) -> None:
    result = door.talosctl("ls", "/", nodes=(CP1, W1))
    assert result.exit == 1
    assert result.stderr.count(b"code = Unimplemented desc = unknown method List") == 2
