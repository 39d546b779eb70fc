"""Endpoints and virtual IPs against the networks that the files give to the nodes."""

from pathlib import Path

import pytest
from snippets import check

from command_line import ROOT
from talops.domain.finding import Severity


def talconfig(endpoint: str, *nodes: str) -> str:
    head = f"clusterName: a\ntalosVersion: v1.13.8\nkubernetesVersion: v1.36.0\nendpoint: https://{endpoint}:6443\n"
    return f"{head}nodes:\n" + "".join(f"  - {{installDisk: /dev/sda, {node}}}\n" for node in nodes)


def node(number: int, *, address: str = "", plane: bool = True, interface: str = "") -> str:
    links = f", networkInterfaces: [{{interface: eth0, {interface}}}]" if interface else ""
    where = address or f"10.0.0.{number}"
    return f"hostname: n-{number}, ipAddress: '{where}', controlPlane: {str(plane).lower()}{links}"


STATIC = "addresses: [10.0.0.1/24]"


@pytest.mark.parametrize(
    ("endpoint", "nodes", "told"),
    [
        # a node's own address, a name, a virtual IP, a load balancer of the same network
        ("10.0.0.1", (node(1),), []),
        ("api.example.test", (node(1),), []),
        ("10.0.0.9", (node(1, interface=f"{STATIC}, vip: {{ip: 10.0.0.9}}"),), []),
        ("10.0.0.200", (node(1, interface=STATIC),), []),
        ("10.0.1.9", (node(1, interface="addresses: [10.0.0.1/16]"),), []),
        ("[fd00::9]", (node(1, address="10.0.0.1,fd00::1"),), []),
        ("10.0.0.9", (node(1, address="cp.example.test"),), []),
        # of another family nothing is known
        ("[fd00::9]", (node(1),), []),
        (
            "10.0.1.9",
            (node(1, interface=STATIC),),
            ["warning: the endpoint 10.0.1.9 is in no network of a control plane: 10.0.0.0/24"],
        ),
        ("10.9.0.9", (node(1),), ["warning: the endpoint 10.9.0.9 is in no network of a control plane: 10.0.0.0/24"]),
        (
            "[fd01::9]",
            (node(1, address="fd00::1"),),
            ["warning: the endpoint fd01::9 is in no network of a control plane: fd00::/64"],
        ),
        (
            "10.0.0.2",
            (node(1), node(2, plane=False)),
            ["error: 10.0.0.2 is n-2, a worker: Kubernetes' API does not answer there"],
        ),
        ("127.0.0.1", (node(1),), ["warning: 127.0.0.1 is each machine itself: nobody else finds the API there"]),
        # VLANs have networks, too
        ("10.7.0.9", (node(1, interface="dhcp: true, vlans: [{vlanId: 7, addresses: [10.7.0.1/24]}]"),), []),
    ],
)
def test_an_endpoint_is_where_a_control_plane_can_be(
    endpoint: str, nodes: tuple[str, ...], told: list[str], tmp_path: Path
) -> None:
    found = check(tmp_path, talconfig(endpoint, *nodes))

    assert [f"{one.severity.value}: {one.what}" for one in found] == told
    assert all((one.rule, one.where) == ("endpoint", "talconfig.yaml:4:11") for one in found)


VIP = "vip: {ip: 10.0.0.9}"


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ((node(1, interface=f"{STATIC}, {VIP}"),), []),
        ((node(1, interface=f"dhcp: true, {VIP}"),), []),
        # static addresses say which network it is; with DHCP it may be a larger one
        (
            (node(1, interface=f"addresses: [10.0.0.1/29], {VIP}"),),
            ["error: the virtual IP 10.0.0.9 is in no network of n-1: 10.0.0.0/29"],
        ),
        (
            (node(1, address="10.0.5.1", interface=f"dhcp: true, {VIP}"),),
            ["warning: the virtual IP 10.0.0.9 is in no network of n-1: 10.0.5.0/24"],
        ),
        (
            (node(1, address="10.0.0.9", interface=f"dhcp: true, {VIP}"),),
            ["error: the virtual IP 10.0.0.9 is n-1's own address: no other node could take it over"],
        ),
        (
            (node(1), node(2, plane=False, interface=f"dhcp: true, {VIP}")),
            ["error: the virtual IP 10.0.0.9 cannot be that of n-2: a worker has no etcd to settle who holds it"],
        ),
        (
            (node(1, interface=f"{STATIC}, {VIP}"), node(2), node(3, interface=f"dhcp: true, {VIP}")),
            ["warning: n-2 cannot take over the virtual IP 10.0.0.9, which others hold"],
        ),
        ((node(1, interface="dhcp: true, vlans: [{vlanId: 7, addresses: [10.7.0.1/24], vip: {ip: 10.7.0.9}}]"),), []),
        ((node(1, interface="dhcp: true, vip: {ip: a.name}"),), []),
    ],
)
def test_a_virtual_ip_is_in_the_network_of_its_control_plane(
    nodes: tuple[str, ...], told: list[str], tmp_path: Path
) -> None:
    found = check(tmp_path, talconfig("api.example.test", *nodes))

    assert [f"{one.severity.value}: {one.what}" for one in found] == told
    assert {one.rule for one in found} <= {"vip"}


def test_nodes_that_make_the_same_mistake_are_told_of_once(tmp_path: Path) -> None:
    planes = (node(n, interface=f"addresses: [10.0.0.{n}/29], {VIP}") for n in (1, 2, 3))

    text = talconfig("api.example.test", *planes)
    (found,) = check(tmp_path, text)

    assert found.where == f"talconfig.yaml:6:{text.splitlines()[5].index('10.0.0.9') + 1}"
    assert found.hint == "it belongs into the network of eth0: nobody finds it elsewhere"


def test_addresses_of_a_patch_are_networks_of_its_nodes(tmp_path: Path) -> None:
    patch = "machine: {network: {interfaces: [{interface: eth1, addresses: [10.9.0.1/24]}]}}\n"
    text = talconfig("10.9.0.9", f"{node(1)}, patches: ['@p.yaml']")

    assert check(tmp_path, text, files={"p.yaml": patch}) == []


def test_an_address_that_only_a_key_could_tell_is_not_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    planes = (node(n, interface=f"{STATIC}, vip: {{ip: '${{CLUSTER_VIP}}'}}") for n in (1, 2, 3))
    talenv = (ROOT / "talenv.sops.yaml").read_text()

    (found,) = check(tmp_path, talconfig("${CLUSTER_VIP}", *planes), files={"talenv.sops.yaml": talenv})

    assert (found.severity, found.rule, found.file) == (Severity.WARNING, "not-decrypted", "talenv.sops.yaml")
    assert "no key for it was found" in found.what
